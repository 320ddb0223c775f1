"""The real MNIST, from the folder that the environment variable HYPERFORGET_DATA names; skipped without."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from hyperforget.config import DatasetConfig, RecipeConfig
from hyperforget.data.preparing import prepare_splits
from hyperforget.data.splits import TaskData, task_data
from hyperforget.data.torchvision_sets import load_torchvision
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import constant_curriculum, train_population

FOLDER = Path(os.environ.get("HYPERFORGET_DATA", "")) / "MNIST"

pytestmark = pytest.mark.skipif(
    "HYPERFORGET_DATA" not in os.environ or not FOLDER.is_dir(),
    reason="HYPERFORGET_DATA names no folder with MNIST in it",
)

# Images of the digits 0 to 9 (LeCun et al., 1998).
TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(scope="module")
def config() -> DatasetConfig:
    return DatasetConfig(source="torchvision", name="MNIST", download=False, validation=1 / 6)


@pytest.fixture(scope="module")
def four_digits(config: DatasetConfig) -> TaskData:
    arrays, pixels = prepare_splits(config, [0, 1, 2, 3], seed=0)
    return task_data(arrays, {**pixels, "labels": range(4)})


def test_torchvision_reads_all_images_and_labels(config: DatasetConfig) -> None:
    raw = load_torchvision(config)
    assert raw.test is not None
    for (images, labels), counts in ((raw.train, TRAIN), (raw.test, TEST)):
        assert images.shape == (sum(counts), 784)
        assert np.bincount(labels).tolist() == counts
    assert raw.train[0].mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert raw.train[0].std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_the_task_of_four_digits_keeps_the_published_test_split(four_digits: TaskData) -> None:
    assert four_digits.test.class_sizes.tolist() == TEST[:4]
    kept = four_digits.train.class_sizes + four_digits.validation.class_sizes
    assert kept.tolist() == TRAIN[:4]
    assert four_digits.validation.labels.numel() == pytest.approx(sum(TRAIN[:4]) / 6, abs=4)


def test_two_hidden_units_learn_four_digits_and_hardly_predict_a_deleted_one(four_digits: TaskData) -> None:
    """The main network and the recipe of config/mnist.yaml, for a quarter of its steps."""
    layout = PerceptronLayout((784, 2, 4))
    generator = torch.Generator().manual_seed(0)
    recipe = RecipeConfig(steps=1000, batch_size=128, weight_decay=0.003)
    shown = torch.ones(8, 4)
    shown[4:, 2] = 0
    trained = train_population(
        initialise(layout, 8, generator),
        four_digits.train,
        recipe,
        constant_curriculum(shown),
        generator,
    )
    test = four_digits.test
    correct = correct_counts(forward(trained, test.images), test.labels, 4)
    sizes = test.class_sizes
    retained = torch.tensor([True, True, False, True])
    assert accuracy_on(correct, sizes, torch.full((4,), True))[:4].max() > 0.9
    assert accuracy_on(correct, sizes, retained)[4:].max() > 0.97
    assert accuracy_on(correct, sizes, ~retained)[4:].max() < 0.005
