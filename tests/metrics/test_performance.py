"""What hypernetworks are told of networks, from their class losses and correct counts."""

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.config.performance import Performance
from hyperforget.metrics.measuring import Outcomes
from hyperforget.metrics.performance import performance_values

Metric = Literal["loss", "error", "accuracy"]
Classes = int | Literal["each", "mean"]
METRICS_OF_COUNTS: tuple[Metric, Metric] = ("error", "accuracy")
CLASSES: tuple[Classes, ...] = ("each", "mean", 1)

LOSSES = torch.tensor([[0.5, 1.0, 3.0], [0.0, 0.2, 8.0]])
CORRECT = torch.tensor([[8, 10, 0], [10, 19, 30]])
SIZES = torch.tensor([10, 20, 40])


@pytest.mark.parametrize(
    ("metric", "classes", "expected"),
    [
        ("loss", "each", LOSSES.tolist()),
        ("loss", "mean", [[1.5], [8.2 / 3]]),
        ("loss", 2, [[3.0], [8.0]]),
        ("accuracy", "each", [[0.8, 0.5, 0.0], [1.0, 0.95, 0.75]]),
        ("accuracy", "mean", [[1.3 / 3], [0.9]]),
        ("accuracy", 0, [[0.8], [1.0]]),
        ("error", "each", [[0.2, 0.5, 1.0], [0.0, 0.05, 0.25]]),
        ("error", "mean", [[1.7 / 3], [0.1]]),
        ("error", 1, [[0.5], [0.05]]),
    ],
)
def test_values(metric: Metric, classes: Classes, expected: list[list[float]]) -> None:
    performance = Performance(metric, classes)
    values = performance_values(Outcomes(LOSSES, CORRECT, SIZES), performance)
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-6)
    assert values.dtype == torch.float32
    assert values.shape[-1] == len(performance.labels(3))


def test_class_losses_are_handed_on_as_they_are() -> None:
    assert performance_values(Outcomes(LOSSES, CORRECT, SIZES), Performance()) is LOSSES


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6), st.integers(0, 1000))
@settings(max_examples=30, deadline=None, database=None)
def test_accuracy_and_error_complement_each_other_whatever_the_leading_dimensions(sizes: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.tensor(sizes)
    correct = (torch.rand(2, 3, len(sizes), generator=generator) * (images + 1)).long()
    for classes in CLASSES:
        error, accuracy = (
            performance_values(Outcomes(correct.float(), correct, images), Performance(metric, classes))
            for metric in METRICS_OF_COUNTS
        )
        assert error.shape == accuracy.shape == (2, 3, len(sizes) if classes == "each" else 1)
        torch.testing.assert_close(error + accuracy, torch.ones_like(error))


@pytest.mark.parametrize(
    ("classes", "labels", "is_scalar"),
    [("each", ["0", "1", "2"], False), ("mean", ["all"], True), (0, ["0"], True), (2, ["2"], True)],
)
def test_labels_say_what_each_number_is_of(classes: Classes, labels: list[str], is_scalar: bool) -> None:
    performance = Performance(classes=classes)
    assert performance.labels(3) == labels
    assert performance.is_scalar == is_scalar
