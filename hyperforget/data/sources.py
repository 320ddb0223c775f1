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


def load_grouped_digits(config: DatasetConfig) -> RawImages:
    """The same digits as from four sensors, which are their groups, of as many images each: one gives them as they are,
    one turned by a quarter, one inverted, one upside down. Which image is of which sensor never changes.
    """
    raw = load_digits(config)
    images, labels = raw.train
    pictures, groups = images.reshape(-1, *DIGITS[:2]), _sensors_of(len(images))
    seen = np.stack([_SENSORS[group](picture) for picture, group in zip(pictures, groups, strict=True)])
    return RawImages((seen.reshape(images.shape), labels), None, raw.shape, (groups, None))


def _sensors_of(count: int) -> np.ndarray:
    # By chance, since digits come nearly in the order 0, 1, 2, …
    return np.random.default_rng(0).permutation(count) % len(_SENSORS)


# Of scikit-learn's digits, with grey levels from 0 to 16.
_SENSORS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda picture: picture,
    np.rot90,
    lambda picture: 16 - picture,
    np.flipud,
)

DATASETS: dict[str, Callable[[DatasetConfig], RawImages]] = {
    "digits": load_digits,
    "grouped-digits": load_grouped_digits,
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
