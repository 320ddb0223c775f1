"""What hypernetworks are told of networks, from their class losses, correct counts and discriminability."""

import itertools
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.config.performance import Metric, Performance
from hyperforget.metrics.measuring import Outcomes
from hyperforget.metrics.performance import performance_values

Classes = int | Literal["each", "mean"]
METRICS: tuple[Metric, ...] = ("loss", "error", "accuracy", "discriminability", "separability")
METRICS_OF_COUNTS: tuple[Metric, Metric] = ("error", "accuracy")
CLASSES: tuple[Classes, ...] = ("each", "mean", 1)

LOSSES = torch.tensor([[0.5, 1.0, 3.0], [0.0, 0.2, 8.0]])
CORRECT = torch.tensor([[8, 10, 0], [10, 19, 30]])
DISCRIMINABILITY = torch.tensor([[2.0, 1.5, 0.1], [3.0, 2.5, 2.0]])
SIZES = torch.tensor([10, 20, 40])
SEPARABILITY = torch.tensor([[2.5, 3.0, 0.5], [4.0, 1.0, 1.0]])
OUTCOMES = Outcomes(LOSSES, CORRECT, DISCRIMINABILITY, SEPARABILITY, SIZES)


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
        ("discriminability", "each", DISCRIMINABILITY.tolist()),
        ("discriminability", "mean", [[1.2], [2.5]]),
        ("discriminability", 1, [[1.5], [2.5]]),
        ("separability", "each", SEPARABILITY.tolist()),
        ("separability", "mean", [[2.0], [2.0]]),
        ("separability", 2, [[0.5], [1.0]]),
    ],
)
def test_values(metric: Metric, classes: Classes, expected: list[list[float]]) -> None:
    performance = Performance(metric, classes)
    values = performance_values(OUTCOMES, performance)
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-6)
    assert values.dtype == torch.float32
    assert values.shape[-1] == len(performance.labels(range(3))) == performance.count(3)


def test_class_losses_are_handed_on_as_they_are() -> None:
    assert performance_values(OUTCOMES, Performance()) is LOSSES


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("metrics", list(itertools.permutations(METRICS, 2)), ids="-".join)
def test_several_metrics_follow_one_another_in_the_order_in_which_they_are_told(
    metrics: tuple[Metric, ...], classes: Classes
) -> None:
    told = Performance(metrics[0], classes, also=metrics[1:])
    assert told.parts == [Performance(metric, classes) for metric in metrics]
    expected = [performance_values(OUTCOMES, Performance(metric, classes)) for metric in metrics]
    values = performance_values(OUTCOMES, told)
    assert torch.equal(values, torch.cat(expected, dim=-1))
    assert values.shape[-1] == told.count(3) == 2 * len(told.labels(range(3)))
    assert told.unit == Performance(metrics[0]).unit
    assert not told.is_scalar


@given(st.lists(st.sampled_from(METRICS), min_size=1, unique=True), st.sampled_from(CLASSES), st.integers(2, 12))
@settings(max_examples=50, deadline=None)
def test_as_many_numbers_are_told_as_there_are_parts_and_labels(
    metrics: list[Metric], classes: Classes, count: int
) -> None:
    told = Performance(metrics[0], classes, also=tuple(metrics[1:]))
    assert [part.metric for part in told.parts] == metrics
    assert {(part.classes, part.also) for part in told.parts} == {(classes, ())}
    assert told.count(count) == len(metrics) * (count if classes == "each" else 1)
    assert told.count(count) == sum(part.count(count) for part in told.parts)
    assert told.is_scalar == (told.count(count) == 1)


@given(st.data(), st.lists(st.integers(0, 200), min_size=2, max_size=12, unique=True), st.sampled_from(METRICS))
@settings(max_examples=50, deadline=None, database=None)
def test_one_class_goes_by_its_label_or_by_its_place(data: st.DataObject, labels: list[int], metric: Metric) -> None:
    label = data.draw(st.sampled_from(labels))
    told = Performance(metric, label)
    placed = told.placed(labels)
    assert placed == Performance(metric, labels.index(label))
    assert placed.named(labels) == told
    assert told.labels(labels) == [str(label)]
    for other in (Performance(metric), Performance(metric, "mean"), Performance(also=("discriminability",))):
        assert other.placed(labels) == other.named(labels) == other
    assert Performance(metric).labels(labels) == list(map(str, labels))


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6), st.integers(0, 1000))
@settings(max_examples=30, deadline=None, database=None)
def test_accuracy_and_error_complement_each_other_whatever_the_leading_dimensions(sizes: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.tensor(sizes)
    correct = (torch.rand(2, 3, len(sizes), generator=generator) * (images + 1)).long()
    for classes in CLASSES:
        error, accuracy = (
            performance_values(
                Outcomes(correct.float(), correct, correct.float(), correct.float(), images),
                Performance(metric, classes),
            )
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
    assert performance.labels(range(3)) == labels
    assert performance.is_scalar == is_scalar
