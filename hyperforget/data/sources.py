"""Sources of labelled images, by name: each gives arrays as they are, before any split."""

from collections.abc import Callable

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.data.npz import load_npz
from hyperforget.data.own_dataset import load_from_function
from hyperforget.data.raw_images import RawImages
from hyperforget.data.torchvision_sets import load_torchvision


def load_digits(config: DatasetConfig) -> RawImages:
    """scikit-learn's embedded digits: 1,797 images of 8 x 8 pixels with 17 grey levels (UCI's test part)."""
    from sklearn import datasets

    digits = datasets.load_digits()
    return RawImages((digits.data.astype(np.uint8), digits.target), None)


DATASETS: dict[str, Callable[[DatasetConfig], RawImages]] = {
    "digits": load_digits,
    "torchvision": load_torchvision,
    "npz": load_npz,
    "function": load_from_function,
}
