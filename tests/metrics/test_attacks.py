"""Attacks on populations, information leakage, total variation and hypervolume, on what is known."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from torch import Tensor

from hyperforget.metrics.attacks import hits_at, likelihood_attack, neighbour_attack, neighbours, told_apart
from hyperforget.metrics.hypervolume import hypervolume
from hyperforget.metrics.leakage import change_areas
from hyperforget.metrics.paired import total_variation

FORGET = torch.tensor([False, True, False, False, False])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def test_scores_are_likelihood_ratios_of_the_other_fold() -> None:
    own, other = normal(6, 4) + 1, normal(6, 4, seed=1)
    folds = likelihood_attack(own, other)
    for (fitted, tried), scores in zip(((slice(0, 3), slice(3, 6)), (slice(3, 6), slice(0, 3))), folds, strict=True):
        # The deviation of a sample, not numpy's of all that there is.
        sides = [norm(each[fitted].mean(0), each[fitted].std(0, ddof=1)) for each in (own.numpy(), other.numpy())]
        for side, found in zip((own, other), scores, strict=True):
            values = side[tried].numpy()
            expected = sides[0].logpdf(values) - sides[1].logpdf(values)
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_populations_of_one_distribution_are_told_as_often_as_not() -> None:
    areas = []
    for seed in range(40):
        area, low, high = told_apart(likelihood_attack(normal(8, 20, seed=seed), normal(8, 20, seed=seed + 100)))
        assert low <= area <= high
        areas.append(area)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.02)


def test_log_odds_that_are_apart_tell_as_their_distance_says() -> None:
    """Of unit normals that are d apart, the chance is Φ(d / √2), where both are known."""
    area, _, _ = told_apart(likelihood_attack(normal(200, 10) + 1.5, normal(200, 10, seed=1)))
    assert area == pytest.approx(norm.cdf(1.5 / 2**0.5), abs=0.02)
    assert told_apart(likelihood_attack(normal(4, 5) + 1e3, normal(4, 5, seed=1)))[0] == 1
    with pytest.raises(ValueError, match="populations of 3 and 3 networks"):
        likelihood_attack(normal(3, 5), normal(3, 5))


def test_the_area_is_that_of_scikit_learn_image_by_image() -> None:
    own, other = normal(5, 7).round(decimals=1) + 0.3, normal(5, 7, seed=1).round(decimals=1)
    expected = [
        roc_auc_score([1] * 5 + [0] * 5, np.concatenate([one, two])) for one, two in zip(own.T, other.T, strict=True)
    ]
    assert told_apart([(own, other)])[0] == pytest.approx(np.mean(expected))
    assert told_apart([(own, own)]) == told_apart([(own, own)])


def test_hits_are_counted_at_the_alarms_that_are_allowed() -> None:
    other = torch.arange(200.0).reshape(10, 20)
    assert hits_at([(torch.full((10, 20), 197.5), other)], 0.01) == 1
    assert hits_at([(torch.full((10, 20), 197.0), other)], 0.01) == 0
    assert hits_at([(other, other)], 0.01) == 0.01


def answers(seed: int, tilt: float = 0.0) -> tuple[Tensor, Tensor]:
    """Probabilities (8, 30, 5) on images of class 1, which class 2 is like, and more so with a tilt, and labels."""
    logits = 0.3 * normal(8, 30, 5, seed=seed) + torch.tensor([0.0, -9.0, 3.0 + tilt, 1.0, 2.0])
    return logits.softmax(2), torch.ones(30, dtype=torch.int64)


def test_neighbours_are_the_retained_classes_that_get_most() -> None:
    retrained, labels = answers(0)
    assert neighbours(retrained, labels, FORGET)[1].tolist() == [2, 4, 3]
    only = torch.tensor([True, True, False, True, True])
    assert neighbours(retrained, labels, only).tolist() == [[2]] * 5


def test_answers_that_retrained_networks_do_not_give_are_told_and_others_not() -> None:
    retrained, labels = answers(0)
    alike, low, high = told_apart(neighbour_attack(answers(1)[0], retrained, labels, FORGET))
    assert low <= 0.5 <= high
    assert alike == pytest.approx(0.5, abs=0.1)
    assert told_apart(neighbour_attack(answers(1, tilt=2)[0], retrained, labels, FORGET))[0] > 0.9
    # Surer or less sure at random, while the mean is the same: the squares tell it.
    wider = (retrained.log() + 2 * normal(8, 30, 1, seed=4) * torch.tensor([0, 0, 1, 0, 0])).softmax(2)
    assert told_apart(neighbour_attack(wider, retrained, labels, FORGET))[0] > 0.7


def test_leakage_is_the_area_of_how_far_answers_moved() -> None:
    before, after = normal(2, 9, 4).softmax(2), normal(3, 9, 4, seed=1).softmax(2)
    others = normal(2, 6, 4, seed=2).softmax(2), normal(3, 6, 4, seed=3).softmax(2)
    found = change_areas((before, after), others)
    assert found.shape == (3, 2)
    for network in range(3):
        for original in range(2):
            moved = [
                torch.dist(new, old).item()
                for olds, news in ((before, after), others)
                for old, new in zip(olds[original], news[network], strict=True)
            ]
            assert found[network, original] == pytest.approx(roc_auc_score([1] * 9 + [0] * 6, moved))
    assert change_areas((before, before), (others[0], others[0])).diagonal().tolist() == [0.5, 0.5]


def test_total_variation_is_half_the_sum_of_differences() -> None:
    p = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]])
    q = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])
    assert total_variation(p, q).tolist() == [(1 + 0.25) / 2]
    some, other = normal(1, 5, 4).softmax(2), normal(5, 4, seed=1).softmax(1)
    assert 0 < total_variation(some, other) < 1
    assert total_variation(some, some[0]) == 0
    # The largest difference of the probability of any set of classes.
    sets = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4).double()
    largest = ((some[0] - other) @ sets.T).amax(1).mean()
    assert float(total_variation(some, other)) == pytest.approx(float(largest))


def test_the_hypervolume_is_the_area_below_all_points() -> None:
    assert hypervolume([]) == 0
    assert hypervolume([(0.5, 0.4)]) == pytest.approx(0.2)
    assert hypervolume([(0.5, 0.4), (0.3, 0.3)]) == pytest.approx(0.2)
    assert hypervolume([(1.2, -1), (1, 1)]) == 1
    points = normal(7, 2).sigmoid()
    grid = (torch.arange(1000) + 0.5) / 1000
    below = (grid.view(1, -1, 1) < points[:, :1].unsqueeze(2)) & (grid.view(1, 1, -1) < points[:, 1:].unsqueeze(2))
    expected = below.any(0).double().mean()
    assert hypervolume(map(tuple, points.tolist())) == pytest.approx(float(expected), abs=2e-3)
