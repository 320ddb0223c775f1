"""The contract of every kind of main network, against ``torch.nn``: layout, forward pass, starts and permutations."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from torch import nn

from hyperforget.config import RecipeConfig
from hyperforget.errors import UserError
from hyperforget.networks import convolutional
from hyperforget.networks import forward as forward_module
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward, units_and_logits
from hyperforget.networks.graph import from_graph_parts, graph_of, graph_parts
from hyperforget.networks.initialisations import INITIALISATIONS, initialise
from hyperforget.networks.kinds import LAYOUTS, layout_of, stored_attributes
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.permutations import permute_hidden

PERCEPTRONS = st.lists(st.integers(1, 6), min_size=3, max_size=5).map(lambda sizes: PerceptronLayout(tuple(sizes)))
CONVOLUTIONAL = st.builds(
    ConvolutionalLayout,
    image=st.tuples(st.integers(5, 9), st.integers(5, 9), st.integers(1, 3)),
    channels=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple),
    kernel=st.sampled_from([1, 3, 5]),
    stride=st.integers(1, 3),
    outputs=st.integers(2, 4),
)
# A strategy for every kind; the contract below is run over all of them.
KINDS = {"perceptron": PERCEPTRONS, "convolutional": CONVOLUTIONAL}
ANY = st.one_of(*KINDS.values())
EXAMPLES = [
    PerceptronLayout((5, 3, 4)),
    PerceptronLayout((5, 3, 4, 2)),
    ConvolutionalLayout((8, 8, 1), (3, 4), 3, 2, 5),
    ConvolutionalLayout((6, 7, 2), (3, 2, 4), 3, 1, 3),
]
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None, database=None)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_networks(layout: Layout, count: int, seed: int) -> Networks:
    return Networks(torch.randn(count, layout.size, generator=seeded(seed)), layout)


def modules(networks: Networks) -> list[nn.Sequential]:
    found = [networks.layout.module() for _ in networks.params]
    for module, row in zip(found, networks.params, strict=True):
        module.load_state_dict(networks.layout.state_dict(row))
    return found


def test_every_kind_is_tried_here_and_of_each_there_is_an_example() -> None:
    assert list(KINDS) == list(LAYOUTS)
    assert len({type(layout) for layout in EXAMPLES}) == len(KINDS)


def test_some_of_the_networks_in_an_order_of_ones_own() -> None:
    layout = PerceptronLayout((2, 2, 2))
    networks = random_networks(layout, 4, 0)
    assert len(networks) == 4
    for rows in ([3, 1], torch.tensor([3, 1]), slice(1, 3)):
        some = networks[rows]
        assert (len(some), some.layout) == (2, layout)
        assert torch.equal(some.params, networks.params[rows])


@given(ANY, SEEDS)
@few
def test_units_and_logits_are_those_of_the_module_that_the_state_dict_loads_into(layout: Layout, seed: int) -> None:
    networks = random_networks(layout, 3, seed)
    images = torch.randn(7, layout.inputs, generator=seeded(seed + 1))
    units, logits = units_and_logits(networks, images)
    assert logits.shape == (3, 7, layout.classes)
    for module, found, outputs in zip(modules(networks), units, logits, strict=True):
        shaped = layout.images_of_modules(images)
        torch.testing.assert_close(found, module[:-1](shaped), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(outputs, module(shaped), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("layout", EXAMPLES, ids=str)
def test_many_images_are_answered_some_at_a_time(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = random_networks(layout, 3, 0)
    images = torch.randn(7, layout.inputs, generator=seeded(1))
    together = units_and_logits(networks, images)
    calls: list[int] = []
    monkeypatch.setattr(forward_module, "_VALUES_AT_ONCE", 2 * 3 * layout.activations)
    real = type(layout).forward_parts

    def counted(self: Layout, parts: list[torch.Tensor], some: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        calls.append(some.shape[1])
        return real(self, parts, some)

    monkeypatch.setattr(type(layout), "forward_parts", counted)
    for found, wanted in zip(units_and_logits(networks, images), together, strict=True):
        torch.testing.assert_close(found, wanted)
    assert calls == [2, 2, 2, 1]


@given(ANY)
@few
def test_activations_are_what_the_hidden_layers_of_the_module_give(layout: Layout) -> None:
    given = []
    module = layout.module()
    for layer in module:
        if isinstance(layer, nn.ReLU):
            layer.register_forward_hook(lambda layer, inputs, output: given.append(output[0].numel()))
    module(layout.images_of_modules(torch.zeros(2, layout.inputs)))
    assert layout.activations == sum(given)


@given(ANY)
@few
def test_layout_is_that_of_the_state_dict(layout: Layout) -> None:
    state = layout.module().state_dict()
    assert {p.name: p.shape for p in layout.parameters} == {name: tuple(each.shape) for name, each in state.items()}
    assert [p.name for p in layout.parameters] == list(state)
    assert all(p.stop == following.offset for p, following in pairwise(layout.parameters))
    assert layout.size == sum(each.numel() for each in state.values())
    assert len(state[layout.parameters[-1].name]) == layout.classes


@pytest.mark.parametrize(
    ("layout", "description"),
    [
        (PerceptronLayout((5, 3, 4, 2)), "MLP 5-3-4-2"),
        (ConvolutionalLayout((8, 8, 1), (8, 16), 3, 2, 10), "CNN 8x8-8-16-10 (3x3/2)"),
        (ConvolutionalLayout((32, 32, 3), (8,), 5, 1, 4), "CNN 32x32x3-8-4 (5x5/1)"),
    ],
)
def test_descriptions(layout: Layout, description: str) -> None:
    assert layout.description == description


@given(ANY)
@few
def test_what_a_stored_object_tells_gives_the_layout_back(layout: Layout) -> None:
    assert layout_of(json.loads(json.dumps(stored_attributes(layout)))) == layout


IMPOSSIBLE: list[dict[str, object]] = [
    {"stride": 0},
    {"kernel": 0},
    {"kernel": 2},
    {"kernel": 9},
    {"channels": []},
    {"channels": [0]},
    {"image": [8, 8]},
    {"image": [8, 8, 0]},
    {"outputs": -1},
    {"stride": float("inf")},
]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"sizes": 3},
        {"sizes": ["a"]},
        {"network": {"kind": "recurrent"}},
        {"network": {"kind": "convolutional"}},
        *(
            {"network": ConvolutionalLayout((8, 8, 1), (3,), 3, 2, 5).attributes["network"] | each}
            for each in IMPOSSIBLE
        ),
    ],
)
def test_what_tells_no_network_is_refused(attributes: dict[str, object]) -> None:
    with pytest.raises(UserError, match="allowed are perceptron, convolutional"):
        layout_of(attributes)


@given(ANY, SEEDS)
@few
def test_split_and_join_are_inverse(layout: Layout, seed: int) -> None:
    params = random_networks(layout, 3, seed).params
    parts = layout.split(params)
    assert [tuple(part.shape) for part in parts] == [(3, *p.shape) for p in layout.parameters]
    assert torch.equal(layout.join(parts), params)
    again = layout.split(layout.join(parts))
    assert all(torch.equal(a, b) for a, b in zip(parts, again, strict=True))


@given(ANY, SEEDS)
@few
def test_parts_by_units_are_inverted_and_have_the_shapes_of_the_graph(layout: Layout, seed: int) -> None:
    params = random_networks(layout, 3, seed).params
    graph, parts = graph_of(layout), graph_parts(params, layout)
    assert torch.equal(from_graph_parts(parts, layout), params)
    assert parts.incoming.shape == (3, graph.units[0], graph.inputs)
    assert [bias.shape for bias in parts.biases] == [(3, units) for units in graph.units]
    wanted = [(3, after, before, k) for (before, after), k in zip(pairwise(graph.units), graph.edges, strict=True)]
    assert [edges.shape for edges in parts.edges] == wanted
    assert parts.outgoing.shape == (3, graph.units[-1], graph.classes)
    assert parts.output_bias.shape == (3, graph.classes)


def test_state_dict_is_a_copy() -> None:
    layout = PerceptronLayout((2, 2, 2))
    params = random_networks(layout, 1, 0).params
    before = params.clone()
    for tensor in layout.state_dict(params[0]).values():
        tensor.zero_()
    assert torch.equal(params, before)


@pytest.mark.parametrize("layout", EXAMPLES, ids=str)
def test_gradients_are_those_of_the_module(layout: Layout) -> None:
    networks = random_networks(layout, 2, 0)
    parts = [part.clone().requires_grad_() for part in layout.split(networks.params)]
    images = torch.randn(7, layout.inputs, generator=seeded(1))
    gradients = torch.autograd.grad(layout.forward_parts(parts, images.T)[1].square().sum(), parts)
    for index, module in enumerate(modules(networks)):
        module(layout.images_of_modules(images)).square().sum().backward()
        for gradient, parameter in zip(gradients, module.parameters(), strict=True):
            torch.testing.assert_close(gradient[index], parameter.grad, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("networks_at_once", [1, 2, 4])
def test_convolutional_networks_are_worked_through_a_few_at_a_time(
    networks_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = ConvolutionalLayout((8, 8, 1), (3, 4), 3, 2, 5)
    parts = [part.clone().requires_grad_() for part in layout.split(random_networks(layout, 5, 0).params)]
    images = torch.randn(layout.inputs, 7, generator=seeded(1))

    def found() -> list[torch.Tensor]:
        units, logits = layout.forward_parts(parts, images)
        return [units, logits, *torch.autograd.grad(logits.square().sum(), parts)]

    together = found()
    monkeypatch.setattr(convolutional, "_VALUES_IN_CACHE", networks_at_once * layout.activations * 7)
    calls: list[int] = []
    real = ConvolutionalLayout._forward_together

    def counted(
        self: ConvolutionalLayout, some: list[torch.Tensor], images: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        calls.append(len(some[0]))
        return real(self, some, images)

    monkeypatch.setattr(ConvolutionalLayout, "_forward_together", counted)
    torch.testing.assert_close(found(), together, rtol=1e-4, atol=1e-4)
    assert calls == {1: [1] * 5, 2: [2, 2, 1], 4: [4, 1]}[networks_at_once]


@pytest.mark.parametrize("layout", EXAMPLES, ids=str)
def test_images_in_bfloat16_are_multiplied_in_it(layout: Layout) -> None:
    parts = layout.split(random_networks(layout, 2, 0).params)
    images = torch.randn(layout.inputs, 6, generator=seeded(1))
    exact, rounded = (layout.forward_parts(parts, some)[1] for some in (images, images.bfloat16()))
    assert rounded.dtype == torch.float32
    assert 0 < float((exact - rounded).norm() / exact.norm()) < 0.02


# What each initialisation does to a layer, in torch.
IN_TORCH: dict[str, Callable[[nn.Linear | nn.Conv2d], object]] = {
    "uniform": lambda layer: layer.reset_parameters(),
    "kaiming": lambda layer: (
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu"),
        layer.bias is not None and nn.init.zeros_(layer.bias),
    ),
    "xavier": lambda layer: (
        nn.init.xavier_uniform_(layer.weight),
        layer.bias is not None and nn.init.zeros_(layer.bias),
    ),
}


def test_every_initialisation_of_the_configuration_is_registered_and_tested() -> None:
    choices = list(get_args(RecipeConfig.model_fields["initialisation"].annotation))
    assert choices == list(INITIALISATIONS) == list(IN_TORCH)


@pytest.mark.parametrize(
    "layout", [PerceptronLayout((16, 5, 3)), ConvolutionalLayout((5, 5, 1), (6, 4), 3, 2, 3)], ids=str
)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_starts_are_drawn_as_torch_draws_them(initialisation: str, layout: Layout) -> None:
    starts = initialise(layout, 400, seeded(0), initialisation).params
    assert (starts.shape, starts.dtype) == ((400, layout.size), torch.float32)
    torch.manual_seed(1)
    reference = [layout.module() for _ in range(400)]
    for network in reference:
        for layer in network.children():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                IN_TORCH[initialisation](layer)
    for index, part in enumerate(layout.split(starts)):
        drawn = torch.stack([list(network.parameters())[index].detach() for network in reference])
        assert ks_2samp(part.flatten().numpy(), drawn.flatten().numpy()).pvalue > 1e-3
        if initialisation != "kaiming":
            assert part.abs().max().item() == pytest.approx(drawn.abs().max().item(), rel=0.03)
        if initialisation != "uniform" and index % 2:
            assert not part.any()


def test_starts_are_uniform_unless_told_otherwise() -> None:
    layout = PerceptronLayout((4, 2, 3))
    uniform = initialise(layout, 6, seeded(0), "uniform").params
    assert torch.equal(initialise(layout, 6, seeded(0)).params, uniform)
    assert not torch.equal(initialise(layout, 6, seeded(0), "xavier").params, uniform)


def test_starts_differ_between_networks_and_repeat_with_the_seed() -> None:
    layout = PerceptronLayout((4, 2, 3))
    starts = initialise(layout, 6, seeded(0)).params
    assert len(torch.unique(starts, dim=0)) == 6
    assert torch.equal(starts, initialise(layout, 6, seeded(0)).params)
    assert not torch.equal(starts, initialise(layout, 6, seeded(1)).params)


@given(ANY, SEEDS)
@few
def test_permuting_hidden_units_leaves_the_function_unchanged(layout: Layout, seed: int) -> None:
    networks = random_networks(layout, 3, seed)
    before = networks.params.clone()
    [permuted] = permute_hidden([networks], seeded(seed))
    images = torch.randn(5, layout.inputs, generator=seeded(1))
    torch.testing.assert_close(forward(permuted, images), forward(networks, images), rtol=1e-4, atol=1e-3)
    assert torch.equal(networks.params, before)
    # The same numbers in another order, layer by layer.
    for part, moved in zip(layout.split(networks.params), layout.split(permuted.params), strict=True):
        assert torch.equal(part.flatten(1).sort().values, moved.flatten(1).sort().values)


@given(ANY, SEEDS)
@few
def test_batches_are_permuted_jointly(layout: Layout, seed: int) -> None:
    first = torch.randint(0, 100, (3, layout.size), generator=seeded(seed)).float()
    both = [Networks(first, layout), Networks(first + 1000, layout)]
    moved_first, moved_second = permute_hidden(both, seeded(seed))
    assert torch.equal(moved_second.params, moved_first.params + 1000)
    [alone] = permute_hidden(both[:1], seeded(seed))
    assert torch.equal(moved_first.params, alone.params)


def test_every_network_has_an_order_of_its_own_and_all_orders_occur() -> None:
    layout = PerceptronLayout((2, 3, 2))
    alike = Networks(random_networks(layout, 1, 0).params.expand(600, -1), layout)
    [permuted] = permute_hidden([alike], seeded(0))
    orders, counts = torch.unique(permuted.params, dim=0, return_counts=True)
    assert len(orders) == math.factorial(3)
    assert counts.min() > 60
