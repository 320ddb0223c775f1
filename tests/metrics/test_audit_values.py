"""Rounding, relearning, information, membership within classes and ZRF, on what is known."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from torch import Tensor

from hyperforget.metrics.information import information_difference_index, told_information
from hyperforget.metrics.matched_membership import matched_membership
from hyperforget.metrics.randomness import zero_retrain_forgetting
from hyperforget.metrics.relearning import anamnesis, anamnesis_interval, steps_until
from hyperforget.metrics.rounding import rounded_weights
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout

LAYOUT = PerceptronLayout((6, 5, 4))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_zrf_is_one_less_the_divergence_from_random_networks() -> None:
    p, random = (torch.randn(count, 7, 4, generator=generator(count)).softmax(2) for count in (2, 3))
    found = zero_retrain_forgetting(p, random)
    for network in range(2):
        divergences = [
            jensenshannon(x, y, base=2) ** 2
            for other in random.double().numpy()
            for x, y in zip(p[network].double().numpy(), other, strict=True)
        ]
        assert float(found[network]) == pytest.approx(1 - float(np.mean(divergences)), abs=1e-5)
    torch.testing.assert_close(zero_retrain_forgetting(random[:1], random[:1]), torch.ones(1).double())
    sure = torch.eye(4)[[0, 1]].unsqueeze(0)
    assert not zero_retrain_forgetting(sure, sure.flip(1)).any()


def test_weights_of_few_bits_are_few_numbers_with_the_largest_kept() -> None:
    params = initialise(LAYOUT, 3, generator()).params
    before = params.clone()
    for bits in (8, 4, 2):
        found = rounded_weights(params, LAYOUT, bits)
        for index, (own, its) in enumerate(zip(LAYOUT.split(params), LAYOUT.split(found), strict=True)):
            if index % 2:
                assert torch.equal(own, its)
                continue
            for weight, rounded in zip(own, its, strict=True):
                step = float(weight.abs().max()) / (2 ** (bits - 1) - 1)
                assert len(rounded.unique()) <= 2**bits - 1
                assert float((weight - rounded).abs().max()) <= step / 2 * (1 + 1e-5)
                assert float(rounded.abs().max()) == pytest.approx(float(weight.abs().max()), rel=1e-6)
    assert torch.equal(params, before)
    again = rounded_weights(found, LAYOUT, 2)
    torch.testing.assert_close(again, found)
    assert not rounded_weights(torch.zeros(1, LAYOUT.size), LAYOUT, 4).any()
    with pytest.raises(ValueError, match="weights of 1 bits"):
        rounded_weights(params, LAYOUT, 1)


def test_steps_are_counted_network_by_network_and_capped() -> None:
    starts = torch.tensor([[0.0], [4.0], [2.0], [1e6]])
    before = starts.clone()
    seen: list[int] = []

    def loss(params: Tensor, step: int) -> Tensor:
        seen.append(step)
        return params.abs().sum(dim=1)

    found = steps_until(starts, loss, lambda params: params.flatten() <= 0, 1.0, 10)
    assert found.tolist() == [0, 4, 2, 10]
    assert seen == list(range(1, 10))
    assert torch.equal(starts, before)
    assert steps_until(starts[:1], loss, lambda params: params.flatten() <= 0, 1.0, 10).tolist() == [0]
    assert len(seen) == 9


def test_retrained_networks_have_an_index_of_one_and_what_was_there_of_zero() -> None:
    steps = torch.tensor([30, 40, 50, 35, 45])
    own = anamnesis(steps, steps)
    assert float(own.median()) == 1
    low, high = anamnesis_interval(own, steps)
    assert 0.6 < low <= 1 <= high < 1.7
    nothing = anamnesis(torch.zeros(5), steps)
    assert anamnesis_interval(nothing, steps) == (0, 0)
    assert anamnesis(torch.tensor([3]), torch.tensor([0, 0])).tolist() == [3]


def units_of(distance: float, seed: int) -> tuple[Tensor, Tensor]:
    forgotten = torch.arange(400) % 4 == 0
    units = torch.randn(1, 400, 3, generator=generator(seed))
    units[:, forgotten, 0] += distance
    return units, forgotten


def told(distance: float) -> float:
    (train, shown), (test, asked) = units_of(distance, 0), units_of(distance, 1)
    return float(told_information(train, shown, test, asked))


def test_information_is_that_of_two_normal_clusters() -> None:
    """Of two equally likely unit normals, 1 - E log₂(1 + exp(-d(d/2 + z))) bits."""
    z = np.random.default_rng(0).standard_normal(200_000)
    for distance in (1.0, 3.0):
        expected = 1 - np.log2(1 + np.exp(-distance * (distance / 2 + z))).mean()
        assert told(distance) == pytest.approx(expected, abs=0.06)
    assert told(0.0) < 0.03
    assert told(50.0) > 0.97


def test_information_does_not_depend_on_how_many_images_are_forgotten() -> None:
    train, shown = units_of(2.0, 0)
    test, asked = units_of(2.0, 1)
    few = torch.cat([torch.nonzero(asked).flatten()[:25], torch.nonzero(~asked).flatten()])
    found = told_information(train, shown, test[:, few], asked[few])
    assert float(found) == pytest.approx(told(2.0), abs=0.1)
    with pytest.raises(ValueError, match="on one side"):
        told_information(train, shown, test, torch.ones_like(asked))


def test_the_index_is_zero_for_retrained_and_one_for_originals() -> None:
    retrained, originals = torch.tensor([[0.1, 0.2], [0.1, 0.2]]), torch.tensor([[0.5, 0.8]])
    own = torch.tensor([[0.1, 0.2], [0.5, 0.8], [0.3, 0.5], [0.0, 0.0]])
    found = information_difference_index(own.double(), retrained.double(), originals.double())
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, 0.5, -0.3]).double())
    assert information_difference_index(own, originals, retrained).isnan().all()


def test_members_are_told_by_their_losses_alone() -> None:
    alike = torch.rand(2, 300, generator=generator()), torch.rand(2, 300, generator=generator(1))
    found = matched_membership(*alike, generator())
    assert ((found - 0.5).abs() < 0.1).all()
    told_apart = matched_membership(torch.zeros(1, 60), torch.full((1, 300), math.inf), generator())
    assert told_apart.tolist() == [1.0]
    with pytest.raises(ValueError, match="4 images of a side"):
        matched_membership(torch.zeros(1, 4), torch.zeros(1, 9), generator())
