"""Forget sets that are asked for, and requests to rivals, counted instead of timed."""

from collections.abc import Callable

import pytest
import torch

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.timing import requests
from hyperforget.timing.requests import Asking, forget_sets, retraining_row, rival_row, with_epoch
from hyperforget.unlearning.assignment import Assignment

LAYOUT = PerceptronLayout((5, 4, 3))
SPLIT = Split(torch.randn(30, 5, generator=torch.Generator().manual_seed(1)), torch.arange(30) % 3, 3)
DATA = TaskData(SPLIT, SPLIT, SPLIT, 0.0, 1.0, (4, 6, 9))
ASKING = Asking(
    "toy", initialise(LAYOUT, 2, torch.Generator().manual_seed(0)), RecipeConfig(steps=40), DATA, SPLIT, (6, 9)
)


def test_a_hundred_sets_are_all_of_the_free_classes_time_and_again() -> None:
    sets = forget_sets((1, 2, 3))
    assert len(sets) == 100
    assert sets[:7] == [(1,), (2,), (3,), (1, 2), (1, 3), (2, 3), (1, 2, 3)]
    assert sets[7:14] == sets[:7]


@pytest.mark.parametrize(("seconds", "together"), [(0.01, 0.01), (0.5, None)])
def test_a_rival_is_asked_for_one_network_and_where_it_is_quick_for_a_hundred(
    monkeypatch: pytest.MonkeyPatch, seconds: float, together: float | None
) -> None:
    asked: list[tuple[int, list[bool]]] = []

    def unlearn(assignment: Assignment) -> Networks:
        asked.append((len(assignment.originals), assignment.forget.tolist()))
        return assignment.originals

    def timed(work: Callable[[], object]) -> float:
        work()
        return seconds

    monkeypatch.setattr(requests, "unlearning_method", lambda name: unlearn)
    monkeypatch.setattr(requests, "median_seconds", timed)
    row = rival_row(ASKING, "bias")
    assert (row.task, row.method, row.request_seconds, row.hundred_seconds) == ("toy", "bias", seconds, together)
    # The class with the label 6 is the second one.
    assert asked == [(1, [False, True, False]), (100, [False, True, False])][: 2 if together else 1]


def test_retraining_is_timed_alone_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "seconds_of_training", lambda layout, train, recipe, count: 3.0 * count**0.5)
    row = retraining_row(ASKING)
    assert (row.request_seconds, row.hundred_seconds) == (3.0, 30.0)
    # Thirty images are less than half of a minibatch of 64; forty steps take three seconds.
    assert row.epoch_seconds == pytest.approx(3.0 / 40 * 30 / 64, rel=1e-3)
    assert with_epoch(rival_row(ASKING, "mask"), row).epoch_seconds == row.epoch_seconds
