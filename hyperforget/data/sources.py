"""Sources of labelled images, by name: each gives arrays as they are, before any split."""

from collections.abc import Callable

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.config.image_shapes import DIGITS
from hyperforget.data.npz import load_npz
from hyperforget.data.openml_sets import load_openml
from hyperforget.data.own_dataset import load_from_function
from hyperforget.data.raw_images import RawImages
from hyperforget.data.resizing import averaged_down
from hyperforget.data.torchvision_sets import load_torchvision


def load_digits(config: DatasetConfig) -> RawImages:
    """scikit-learn's embedded digits: 1,797 images of 8 x 8 pixels with 17 grey levels (UCI's test part)."""
    from sklearn import datasets

    digits = datasets.load_digits()
    return RawImages((digits.data.astype(np.uint8), digits.target), None, DIGITS)


DATASETS: dict[str, Callable[[DatasetConfig], RawImages]] = {
    "digits": load_digits,
    "torchvision": load_torchvision,
    "openml": load_openml,
    "npz": load_npz,
    "function": load_from_function,
}


def raw_images(config: DatasetConfig) -> RawImages:
    """A dataset as its source gives it, with images averaged down where that is asked for.

    Raises `UserError` as its source does, and for a size that images cannot be averaged down to.
    """
    raw = DATASETS[config.source](config)
    return raw if config.resize is None else averaged_down(raw, config.resize)
