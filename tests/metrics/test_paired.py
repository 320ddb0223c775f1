"""How alike two networks answer, against scipy, published code and closed forms."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from hyperforget.metrics.paired import activation_distance, jsd, overlap, phi

Pair = tuple[torch.Tensor, torch.Tensor]
PAIRED = [overlap, activation_distance, phi, jsd]

logit_arrays = arrays(np.float32, (2, 3, 4), elements=st.floats(-30, 30, width=32))
probability_arrays = logit_arrays.map(lambda logits: torch.from_numpy(logits).softmax(-1))
properties = settings(max_examples=60, deadline=None)


@pytest.fixture
def pair() -> Pair:
    generator = torch.Generator().manual_seed(0)
    p = (torch.randn(3, 50, 4, generator=generator) * 3).softmax(-1)
    q = (torch.randn(50, 4, generator=generator) * 3).softmax(-1)
    return p, q


def test_overlap_counts_equal_predictions(pair: Pair) -> None:
    p, q = pair
    expected = (p.numpy().argmax(-1) == q.numpy().argmax(-1)).sum(-1) / 50
    assert overlap(p, q).tolist() == expected.tolist()


def test_activation_distance_equals_the_loop_over_samples(pair: Pair) -> None:
    p, q = pair
    expected = []
    for network in p.numpy():
        expected.append(np.mean([np.linalg.norm(a - b) for a, b in zip(network, q.numpy(), strict=True)]))
    assert activation_distance(p, q).tolist() == pytest.approx(expected, rel=1e-6)


def test_phi_equals_the_published_code(pair: Pair) -> None:
    def published(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        m = (p + q) / 2
        return 0.5 * F.kl_div(torch.log(p), m) + 0.5 * F.kl_div(torch.log(q), m)

    p, q = pair
    with pytest.warns(UserWarning, match="batchmean"):
        expected = [1 - published(network, q).item() for network in p]
    assert phi(p, q).tolist() == pytest.approx(expected, abs=1e-7)


def test_phi_is_the_arithmetic_geometric_divergence_per_class(pair: Pair) -> None:
    p, q = (x.double() for x in pair)
    m = (p + q) / 2
    geometric = (p * q).sqrt()
    expected = 1 - rel_entr(m.numpy(), geometric.numpy()).sum(-1).mean(-1) / 4
    assert phi(p, q).tolist() == pytest.approx(expected.tolist(), rel=1e-12)


def test_phi_of_an_underflow_is_minus_infinity_unless_both_underflow() -> None:
    certain = torch.tensor([[[1.0, 0.0, 0.0]]])
    assert phi(certain, torch.tensor([[0.5, 0.5, 0.0]])).item() == -math.inf
    assert phi(certain, certain[0]).item() == 1.0


def test_jsd_equals_scipy(pair: Pair) -> None:
    p, q = pair
    expected = (jensenshannon(p.double().numpy(), q.double().numpy()[None], base=2, axis=-1) ** 2).mean(-1)
    assert jsd(p, q).tolist() == pytest.approx(expected.tolist(), abs=1e-7)


def test_jsd_closed_forms() -> None:
    certain, half = torch.tensor([[[1.0, 0.0, 0.0]]]), torch.tensor([[0.5, 0.5, 0.0]])
    assert jsd(certain, torch.tensor([[0.0, 0.25, 0.75]])).item() == pytest.approx(1.0)
    # m = (3/4, 1/4): half of log2(4/3) and half of log2(2/3) / 2 + log2(2) / 2.
    expected = (math.log2(4 / 3) + math.log2(2 / 3) / 2 + 0.5) / 2
    assert jsd(certain, half).item() == pytest.approx(expected)


@pytest.mark.parametrize("tiny", [1e-45, 1e-38])
def test_smallest_probabilities_stay_finite(tiny: float) -> None:
    p, q = torch.tensor([[[1.0, tiny]]]), torch.tensor([[1.0, 0.0]])
    assert 0 <= jsd(p, q).item() < 1e-30
    other = torch.tensor([[0.0 + tiny, 1.0]])
    assert jsd(p, other).item() == pytest.approx(1.0)
    assert math.isfinite(phi(p, other).item())


@properties
@given(probability_arrays, probability_arrays)
def test_ranges_and_symmetry(p: torch.Tensor, q: torch.Tensor) -> None:
    assert jsd(p, q).tolist() == pytest.approx(jsd(q, p).tolist(), abs=1e-7)
    for metric, highest in ((jsd, 1.0), (overlap, 1.0), (activation_distance, math.sqrt(2) + 1e-6)):
        value = metric(p, q)
        assert value.shape == (2,)
        assert value.dtype == torch.float64
        assert ((value >= 0) & (value <= highest)).all()
    assert (phi(p, q) <= 1 + 1e-6).all()


@properties
@given(probability_arrays, probability_arrays)
def test_jsd_is_zero_exactly_for_equal_probabilities(p: torch.Tensor, q: torch.Tensor) -> None:
    assert jsd(p, p).tolist() == [0.0, 0.0]
    differs = (p - q).abs().amax((-1, -2)) > 1e-2
    assert (jsd(p, q)[differs] > 0).all()
    # Per sample, in nats, the divergence is at least a quarter of the squared distance of the probabilities.
    assert (jsd(p, q) * math.log(2) >= activation_distance(p, q) ** 2 / 4 - 1e-6).all()


@properties
@given(probability_arrays)
def test_a_network_equals_itself(p: torch.Tensor) -> None:
    assert overlap(p, p).tolist() == [1.0, 1.0]
    assert activation_distance(p, p).tolist() == [0.0, 0.0]
    assert phi(p, p).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("metric", PAIRED)
def test_one_retrained_network_for_all_equals_one_each_and_inputs_are_left_alone(
    metric: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], pair: Pair
) -> None:
    p, q = pair
    before = p.clone(), q.clone()
    assert torch.equal(metric(p, q), metric(p, q.expand_as(p)))
    assert torch.equal(p, before[0])
    assert torch.equal(q, before[1])
