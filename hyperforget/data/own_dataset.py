"""Images from a function of the user's own, checked as those of a file are."""

from pathlib import Path

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.data.raw_images import RawImages, checked
from hyperforget.runtime.own_code import Whereabouts, load_own


def load_from_function(config: DatasetConfig) -> RawImages:
    """What the function of a dataset returns: arrays of images and labels, and of the same for tests if there are any;
    groups follow labels where it tells them.

    Raises `UserError` for what it raises, and for anything but two or four arrays, with groups three or six, that fit
    each other.
    """
    place = Whereabouts(config.function, Path(config.file) if config.file else None)
    code = load_own("dataset", place, config.settings)
    found = code()
    if not isinstance(found, tuple | list) or len(found) not in (2, 3, 4, 6):
        shape = f"{type(found).__name__} of {len(found)}" if isinstance(found, tuple | list) else type(found).__name__
        raise code.fault(f"returned {shape}; allowed are arrays of images and labels, and of the same for tests")
    arrays = [np.asarray(each) for each in found]
    grouped = len(arrays) % 3 == 0
    train, test = (arrays, []) if len(arrays) < 4 else (arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :])
    return checked(
        (train[0], train[1]),
        (test[0], test[1]) if test else None,
        code.name,
        (train[2], test[2] if test else None) if grouped else None,
    )
