"""Sources of images by name, and the one that comes with a library."""

from typing import get_args

import numpy as np
from sklearn.datasets import load_digits as sklearn_digits

from hyperforget.config import DatasetConfig
from hyperforget.data.sources import DATASETS, load_digits


def test_every_source_of_the_configuration_is_there() -> None:
    assert set(DATASETS) == set(get_args(DatasetConfig.model_fields["source"].annotation))


def test_embedded_digits() -> None:
    images, labels = load_digits(DatasetConfig()).train
    assert images.shape == (1797, 64)
    assert images.dtype == np.uint8
    assert images.max() == 16
    np.testing.assert_array_equal(images, sklearn_digits().images.reshape(1797, 64))
    assert np.bincount(labels).tolist() == np.bincount(sklearn_digits().target).tolist()
    assert load_digits(DatasetConfig()).test is None
