"""Populations of networks against others, on populations that are known to be alike, or not."""

import math

import numpy as np
import pytest
import torch
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from hyperforget.metrics import distributions
from hyperforget.metrics.distributions import (
    challenge_score,
    image_epsilons,
    klom,
    share_interval,
    two_sample_accuracy,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(count: int, images: int, shift: float = 0.0, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, images, generator=generator(seed)) + shift


def test_klom_is_that_of_histograms_of_numpy() -> None:
    own, other = drawn(40, 6), drawn(30, 6, 0.7, 1)
    found = klom(own, other)
    for image in range(6):
        both = np.concatenate([own[:, image].double().numpy(), other[:, image].double().numpy()])
        edges = np.linspace(both.min(), both.max(), 21)
        counts = [np.histogram(each[:, image].double().numpy(), edges)[0] / len(each) + 1e-5 for each in (own, other)]
        p, q = (each / each.sum() for each in counts)
        assert float(found[image]) == pytest.approx(float((p * np.log(p / q)).sum()), rel=1e-6)


def test_klom_loses_no_network_at_the_upper_edge() -> None:
    """Where the largest margin falls into no bin, the population that has it counts as smaller, and as closer."""
    own, other = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [0.0]])
    expected = 0.5 * math.log(0.5) + 0.5 * math.log(0.5 / 1e-5)
    assert float(klom(own, other)) == pytest.approx(expected, rel=1e-2)


def test_klom_is_zero_of_the_same_margins_finite_of_infinite_ones_and_has_a_floor_that_falls() -> None:
    own = drawn(50, 8)
    assert not klom(own, own.flip(0)).any()
    assert not klom(torch.full((3, 2), 1.5), torch.full((4, 2), 1.5)).any()
    assert klom(torch.full((3, 1), math.inf), torch.full((3, 1), -math.inf)).isfinite().all()
    floors = [float(klom(drawn(count, 30), drawn(count, 30, seed=1)).mean()) for count in (16, 256)]
    assert floors[0] > 5 * floors[1]
    assert float(klom(drawn(256, 30), drawn(256, 30, 2.0, 1)).mean()) > 10 * floors[1]


def epsilon_by_hand(own: np.ndarray, other: np.ndarray) -> float:
    best, cuts = 0.0, [-math.inf, *np.concatenate([own, other]).tolist()]
    for low in cuts:
        for high in cuts:
            if low >= high:
                continue
            for inside in (True, False):
                wrong, hit = (np.mean(((each > low) & (each <= high)) == inside) for each in (other, own))
                missed = 1 - hit
                if wrong == 0 and abs(missed) < 1e-12:
                    return 50.0
                if wrong > 1e-12 and missed > 1e-12:
                    for one, two in ((wrong, missed), (missed, wrong)):
                        if 1 - 1e-5 - one > 0:
                            best = max(best, math.log(1 - 1e-5 - one) - math.log(two))
    return min(best, 50.0)


def test_epsilons_are_those_of_every_pair_of_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = drawn(9, 7), drawn(7, 7, 0.5, 1)
    expected = [epsilon_by_hand(own[:, i].numpy(), other[:, i].numpy()) for i in range(7)]
    assert image_epsilons(own, other).tolist() == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(distributions, "_PAIRS_AT_ONCE", 700)
    assert image_epsilons(own, other).tolist() == pytest.approx(expected, rel=1e-6)


def test_what_always_tells_has_the_largest_epsilon_and_what_never_does_none() -> None:
    assert image_epsilons(drawn(6, 3), drawn(6, 3, 100.0, 1)).tolist() == [50.0] * 3
    # In the middle of what others have on both sides: one threshold does not tell it, two do.
    middle, sides = torch.full((4, 1), 0.0), torch.tensor([[-1.0], [1.0], [-2.0], [2.0]])
    assert image_epsilons(middle, sides).tolist() == [50.0]
    assert not image_epsilons(torch.zeros(5, 2), torch.zeros(5, 2)).any()


def test_the_score_halves_with_every_half_epsilon() -> None:
    epsilons = torch.tensor([0.0, 0.49, 0.5, 1.2]).double()
    assert challenge_score(epsilons, [(1.0, 1.0)]) == pytest.approx((1 + 1 + 0.5 + 0.25) / 4)
    assert challenge_score(epsilons[:1], [(0.9, 1.0), (0.8, 0.4)]) == pytest.approx(0.9 * 2)
    assert challenge_score(torch.tensor([50.0]).double(), [(1.0, 1.0)]) == pytest.approx(2.0**-100)


def test_the_two_sample_test_is_that_of_scikit_learn() -> None:
    own, other = (torch.randn(8, 5, 3, generator=generator(seed)).softmax(2) for seed in (0, 1))
    points = torch.cat([own, other]).double().sqrt().flatten(1).numpy()
    labels = np.repeat([1, 0], 8)
    expected = cross_val_score(KNeighborsClassifier(1), points, labels, cv=LeaveOneOut()).mean()
    assert two_sample_accuracy(own, other) == pytest.approx(expected)


def test_populations_of_one_distribution_are_at_chance_and_others_are_told() -> None:
    shares = []
    for seed in range(40):
        both = torch.randn(20, 6, 3, generator=generator(seed)).softmax(2)
        shares.append(two_sample_accuracy(both[:10], both[10:]))
    assert np.mean(shares) == pytest.approx(9 / 19, abs=0.05)
    far = torch.randn(10, 6, 3, generator=generator(99))
    far[..., 0] += 5
    assert two_sample_accuracy(far.softmax(2), torch.randn(10, 6, 3, generator=generator(1)).softmax(2)) == 1
    with pytest.raises(ValueError, match="populations of 2 and 3 networks"):
        two_sample_accuracy(torch.ones(2, 1, 1), torch.ones(3, 1, 1))


def test_chance_lies_within_the_interval_of_half_as_many_trials_as_there_are_networks() -> None:
    """Were every network a trial by itself, more than one interval in twenty would miss it."""
    missed = {4: 0, 8: 0}
    for seed in range(300):
        both = torch.randn(8, 6, 3, generator=generator(seed)).softmax(2)
        share = two_sample_accuracy(both[:4], both[4:])
        for trials in missed:
            low, high = share_interval(share, trials)
            missed[trials] += not low <= 3 / 7 <= high
    assert missed[4] <= 0.05 * 300 < missed[8]


def test_the_interval_of_a_share_solves_its_equation() -> None:
    """Both ends are where the share lies 1.96 standard errors off."""
    for share, count in ((0.5, 20), (0.1, 50), (1.0, 16)):
        for end in share_interval(share, count):
            assert abs(share - end) == pytest.approx(1.95996 * math.sqrt(end * (1 - end) / count), abs=1e-4)
