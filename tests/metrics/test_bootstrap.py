"""Bootstrap intervals of medians against standard errors that are known, and how often they hold the truth."""

import math

import pytest
import torch

from hyperforget.metrics.bootstrap import median_intervals

NORMAL = 1.96


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def answers(chances: torch.Tensor, images: int, seed: int) -> torch.Tensor:
    """Which images networks get right, each independently, by its chance (N,) or (N, B)."""
    chances = chances.unsqueeze(1).expand(-1, images) if chances.dim() == 1 else chances
    return torch.rand(chances.shape, generator=generator(seed)) < chances


@pytest.mark.parametrize("chance", [0.5, 0.9, 0.97])
def test_of_one_network_it_is_that_of_the_binomial_distribution(chance: float) -> None:
    images = 4000
    correct = torch.arange(images).unsqueeze(0) < chance * images
    [(low, high)] = median_intervals(correct, [[0]])
    error = math.sqrt(chance * (1 - chance) / images)
    assert (low + high) / 2 == pytest.approx(chance, abs=0.2 * error)
    assert (high - low) / 2 == pytest.approx(NORMAL * error, rel=0.1)


def test_of_networks_that_are_all_alike_it_is_that_of_one() -> None:
    one = answers(torch.tensor([0.9]), 500, 0)
    assert median_intervals(one.expand(20, -1), [range(20)]) == median_intervals(one, [[0]])


def test_of_very_many_images_it_is_that_of_a_median_of_networks() -> None:
    # The standard error of the median of a normal distribution is σ times the root of π / 2n.
    networks, spread = 400, 0.05
    chances = 0.7 + spread * torch.randn(networks, generator=generator(1))
    ranks = torch.linspace(0, 1, 20_000)
    correct = ranks < chances.unsqueeze(1)
    [(low, high)] = median_intervals(correct, [range(networks)])
    error = spread * math.sqrt(math.pi / (2 * networks))
    images = math.sqrt(0.7 * 0.3 / 20_000)
    assert (high - low) / 2 == pytest.approx(NORMAL * math.hypot(error, images), rel=0.25)


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    # Images differ in how hard they are, and networks in how good; the truth is over all of both.
    held, times, networks, images = 0, 200, 16, 150

    def chances(goodness: torch.Tensor, ease: torch.Tensor) -> torch.Tensor:
        return (goodness.unsqueeze(1) + ease).sigmoid()

    many = chances(0.5 * torch.zeros(1), torch.randn(200_000, generator=generator(2)))
    truth = float(many.mean())
    for trial in range(times):
        goodness = 0.5 * torch.randn(networks, generator=generator(1000 + trial))
        ease = torch.randn(images, generator=generator(5000 + trial))
        correct = answers(chances(goodness, ease), images, 9000 + trial)
        [(low, high)] = median_intervals(correct, [range(networks)])
        held += low <= truth <= high
    assert 0.92 <= held / times <= 1.0


def test_groups_are_those_rows_and_each_call_is_the_same() -> None:
    correct = answers(torch.tensor([0.2, 0.5, 0.9, 0.95]), 300, 3)
    first, second = median_intervals(correct, [[0], [2]])
    assert first == median_intervals(correct[:1], [[0]])[0]
    assert second == median_intervals(correct, [[2]])[0]
    assert first[1] < second[0]


def test_nothing_right_is_zero_for_sure() -> None:
    assert median_intervals(torch.zeros(5, 40, dtype=torch.bool), [range(5)]) == [(0.0, 0.0)]
