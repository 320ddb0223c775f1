"""How sure a median is, and how far it lies from that of retrained networks."""

import pytest
import torch

from hyperforget.metrics.estimates import (
    Estimate,
    distance,
    estimate_of_networks,
    estimate_of_population,
    interval,
    jackknife_bounds,
)


def values(seed: int, count: int = 16) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_nine_intervals_in_ten_or_more_hold_the_true_median() -> None:
    held = sum(
        low <= 0 <= high for low, high in (interval(estimate_of_networks(values(s), 0).draws) for s in range(60))
    )
    assert 54 <= held < 60


def test_networks_that_all_agree_are_sure() -> None:
    found = estimate_of_networks(torch.full((8,), 0.25, dtype=torch.float64), 0)
    assert (found.value, found.spread, interval(found.draws)) == (0.25, (0.25, 0.25), (0.25, 0.25))
    assert estimate_of_networks(values(0, 1), 0).spread is None


def test_networks_of_one_seed_are_drawn_by_the_same_places() -> None:
    own = values(0)
    moved = estimate_of_networks(own + 1, 0).draws - estimate_of_networks(own, 0).draws
    assert interval(moved) == pytest.approx((1, 1))
    other = estimate_of_networks(own + 1, 1).draws - estimate_of_networks(own, 0).draws
    assert interval(other)[0] < 0.9


def test_a_population_has_the_interval_that_it_is_given() -> None:
    found = estimate_of_population(3.0, (2.0, 4.0), 16, 5)
    assert found.bounds == (2.0, 4.0)
    assert interval(found.draws) == pytest.approx((2, 4), abs=0.15)
    assert found.spread is None


@pytest.mark.parametrize(("better", "expected"), [("retrained", 0.3), ("lower", -0.3), ("higher", 0.3)])
def test_distance_is_how_much_worse(better: str, expected: float) -> None:
    own, retrained = (Estimate(value, (value, value), torch.full((3,), value).double(), 4) for value in (0.2, 0.5))
    value, draws = distance(own, retrained, better)  # type: ignore[arg-type]
    assert value == pytest.approx(expected)
    assert draws.tolist() == pytest.approx([expected] * 3)
    assert distance(retrained, retrained, better)[0] == 0  # type: ignore[arg-type]


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    found = values(3, 12) + 5
    left_out = (found.sum() - found) / 11
    low, high = jackknife_bounds(float(found.mean()), left_out)
    middle, error = float(found.mean()), float(found.std() / 12**0.5)
    assert jackknife_bounds(0.1, torch.tensor([0.0, 1.0]))[0] == 0
    assert (low, high) == pytest.approx((middle - 1.96 * error, middle + 1.96 * error), abs=1e-4)
