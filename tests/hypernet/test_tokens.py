"""Parameters as tokens and back, and the symmetry that unit tokens keep."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.recomputing import EDGE_WIDTH
from hyperforget.hypernet.tokens import TOKENS, LayerTokens, from_unit_features, layer_pieces, unit_features
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.graph import graph_of
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.permutations import permute_hidden

Build = Callable[..., Hypernetwork]

SIZES: st.SearchStrategy[PerceptronLayout] = st.lists(st.integers(1, 9), min_size=3, max_size=3).map(
    lambda sizes: PerceptronLayout(tuple(sizes))
)
DEEP = [
    PerceptronLayout((6, 5, 3, 4)),
    PerceptronLayout((6, 5, 3, 7, 4)),
    ConvolutionalLayout((5, 5, 1), (3, 4), 3, 2, 4),
    ConvolutionalLayout((5, 6, 2), (3, 2, 5), 3, 1, 4),
]
ANY = [PerceptronLayout((6, 5, 4)), *DEEP]
DEEPER = st.lists(st.integers(1, 9), min_size=3, max_size=5).map(lambda sizes: PerceptronLayout(tuple(sizes)))


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("vectors", [1, 2])
def test_shapes(vectors: int, layout: Layout) -> None:
    params = [random(3, layout.size)] * vectors
    # Five hidden units and the output biases, however many vectors; and 30 parameters as 15 + 15, 5, 20 as 10
    # + 10, and 4, once for each vector.
    for kind, count in (("units", 6), ("layers", 6 * vectors)):
        tokens = TOKENS[kind](layout, 16, vectors)
        encoded, edges = tokens.encode(params)
        assert encoded.shape == (3, count, 16)
        assert edges == []
        assert tokens.decode(encoded, edges).shape == (3, layout.size)


@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("deep", DEEP, ids=str)
def test_shapes_of_deeper_networks(vectors: int, deep: Layout) -> None:
    graph = graph_of(deep)
    tokens = TOKENS["units"](deep, 16, vectors)
    encoded, edges = tokens.encode([random(3, deep.size)] * vectors)
    assert encoded.shape == (3, sum(graph.units) + 1, 16)
    assert [each.shape for each in edges] == [(3, after, before, EDGE_WIDTH) for before, after in pairwise(graph.units)]
    assert tokens.decode(encoded, edges).shape == (3, deep.size)


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("shape", ANY, ids=str)
def test_an_untrained_layer_writes_zeros_whatever_it_reads(kind: str, vectors: int, shape: Layout) -> None:
    tokens = TOKENS[kind](shape, 16, vectors)
    encoded, edges = tokens.encode([random(3, shape.size)] * vectors)
    assert not tokens.decode(random(*encoded.shape), [random(*each.shape) for each in edges]).any()


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("layout", ANY, ids=str)
def test_every_parameter_is_read_and_written(kind: str, layout: Layout) -> None:
    torch.manual_seed(0)
    tokens = TOKENS[kind](layout, 16, 2)
    for weight in tokens.parameters():
        torch.nn.init.normal_(weight)
    noised, start = random(1, layout.size), random(1, layout.size, seed=1)
    inputs = torch.cat([noised, start]).requires_grad_()
    encoded, edges = tokens.encode([inputs[:1], inputs[1:]])
    (encoded.sum() + sum(each.sum() for each in edges)).backward()
    assert inputs.grad is not None
    assert (inputs.grad != 0).all()
    assert (tokens.decode(*tokens.encode([noised, start])) != 0).all()


def test_layers_add_a_position_that_starts_at_zero(layout: Layout) -> None:
    tokens = LayerTokens(layout, 16, 2)
    assert not tokens.positions.any()
    vectors = [random(3, layout.size), random(3, layout.size, seed=1)]
    before, _ = tokens.encode(vectors)
    positions = random(12, 16, seed=2)
    tokens.positions.data = positions
    torch.testing.assert_close(tokens.encode(vectors)[0], before + positions)


@given(layout=SIZES, count=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_unit_features_are_inverted(layout: PerceptronLayout, count: int) -> None:
    params = random(count, layout.size)
    units, biases = unit_features(params, layout)
    assert units.shape == (count, layout.sizes[1], layout.sizes[0] + 1 + layout.classes)
    assert biases.shape == (count, layout.classes)
    assert torch.equal(from_unit_features(units, biases, layout), params)


def test_unit_features_of_a_unit_are_its_weights_bias_and_outgoing_weights(layout: Layout) -> None:
    params = random(1, layout.size)
    network = layout.state_dict(params[0])
    units, biases = unit_features(params, layout)
    for unit in range(5):
        expected = [
            network["0.weight"][unit],
            network["0.bias"][unit : unit + 1],
            network["2.weight"][:, unit],
        ]
        assert torch.equal(units[0, unit], torch.cat(expected))
    assert torch.equal(biases[0], network["2.bias"])


@given(layout=DEEPER, width=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_pieces_fit_the_width_and_cut_each_parameter_into_equal_parts(layout: Layout, width: int) -> None:
    pieces = layer_pieces(layout, width)
    assert sum(pieces) == layout.size
    assert 1 <= min(pieces) <= max(pieces) <= width
    remaining = iter(pieces)
    for parameter in layout.parameters:
        parts = [next(remaining) for _ in range(-(-parameter.size // width))]
        assert sum(parts) == parameter.size
        assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
@pytest.mark.parametrize("prompt", ["joint", "separate"])
def test_with_unit_tokens_the_hypernetwork_is_equivariant(
    build: Build, layout: Layout, conditioning: str, prompt: str
) -> None:
    assert _asymmetry(build(conditioning, "units", prompt), layout) < 1e-5


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
@pytest.mark.parametrize("deep", DEEP, ids=str)
def test_with_unit_tokens_it_is_equivariant_for_deeper_networks(build: Build, conditioning: str, deep: Layout) -> None:
    model = build(conditioning, "units", of=deep)
    assert _asymmetry(model, deep) < 1e-5


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_with_layer_tokens_it_is_not(build: Build, layout: Layout, conditioning: str) -> None:
    assert _asymmetry(build(conditioning, "layers"), layout) > 0.1


def _asymmetry(model: Hypernetwork, layout: Layout) -> float:
    """How far permuting the hidden units of the input is from permuting those of the output, relative to the output."""
    noised, start = random(3, layout.size), random(3, layout.size, seed=1)
    count = model.performance.count(4)
    time, target, performance = (
        torch.tensor([0.1, 0.5, 1.0]),
        random(3, count, seed=2).abs(),
        random(3, count, seed=3).abs(),
    )
    told = (start, performance) if model.conditioning.uses_start else (None, None)
    with torch.no_grad():
        output = model(noised, time, target, *told)
        generator = torch.Generator().manual_seed(4)
        batches = [Networks(params, layout) for params in (noised, start, output)]
        noised, start, expected = (networks.params for networks in permute_hidden(batches, generator))
        assert not torch.equal(expected, output)
        told = (start, performance) if model.conditioning.uses_start else (None, None)
        found = model(noised, time, target, *told)
    return float((found - expected).abs().max() / output.abs().max())
