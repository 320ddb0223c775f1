"""Counts of images, exact intervals, and that no single image decides."""

import math
from itertools import pairwise

import pytest
from scipy.stats import binomtest

from hyperforget.report.recognised import Answering, Recognised


@pytest.mark.parametrize(("hits", "images"), [(0, 44), (1, 90), (4, 90), (44, 44), (3, 1000), (500, 1000)])
def test_the_interval_is_the_exact_one(hits: int, images: int) -> None:
    expected = binomtest(hits, images).proportion_ci(0.95, method="exact")
    assert Recognised(hits / images, images).interval == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("hits", "images", "state"),
    [
        (0, 44, "forgets"),
        (1, 44, "forgets"),
        (2, 44, "unsure"),
        (1, 90, "forgets"),
        (9, 90, "answers"),
        (10, 1000, "forgets"),
        (12, 1000, "unsure"),
        (30, 1000, "answers"),
        (1, 10, "forgets"),
        (0, 9, "unsure"),
        (1, 1, "unsure"),
    ],
)
def test_what_a_count_says(hits: int, images: int, state: Answering) -> None:
    assert Recognised(hits / images, images).state == state


@pytest.mark.parametrize("images", [1, 5, 10, 44, 45, 49, 90, 180, 1000])
def test_one_image_more_never_turns_forgotten_into_answered(images: int) -> None:
    states = [Recognised(hits / images, images).state for hits in range(images + 1)]
    order = ["forgets", "unsure", "answers"]
    assert states == sorted(states, key=order.index)
    assert all(order.index(after) - order.index(before) < 2 for before, after in pairwise(states))


def test_without_a_count_the_accuracy_alone_speaks() -> None:
    assert Recognised(0.01).state == "forgets"
    assert Recognised(0.02).state == "answers"
    assert Recognised(0.02).words == "0.0200"
    assert Recognised(1 / 90, 90).words == "1 of 90 images"
    assert math.isclose(Recognised(0.5).interval[0], 0.5)
