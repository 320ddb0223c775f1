"""Flat networks against ``torch.nn``: layout, forward pass, starts and permutations."""

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
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import INITIALISATIONS, initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward, forward_parts, units_and_logits
from hyperforget.networks.permutations import permute_hidden

SIZES = st.lists(st.integers(1, 6), min_size=3, max_size=5).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None, database=None)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sequential(sizes: tuple[int, ...]) -> nn.Sequential:
    layers = [module for pair in pairwise(sizes) for module in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def random_networks(layout: Layout, count: int, seed: int) -> Networks:
    return Networks(torch.randn(count, layout.size, generator=seeded(seed)), layout)


def test_some_of_the_networks_in_an_order_of_ones_own() -> None:
    layout = Layout((2, 2, 2))
    networks = random_networks(layout, 4, 0)
    assert len(networks) == 4
    for rows in ([3, 1], torch.tensor([3, 1]), slice(1, 3)):
        some = networks[rows]
        assert (len(some), some.layout) == (2, layout)
        assert torch.equal(some.params, networks.params[rows])


@pytest.mark.parametrize("sizes", [(5, 3, 4), (6, 1, 2), (5, 3, 4, 2), (4, 4, 4, 4, 4)])
def test_forward_equals_the_sequential_network_that_the_state_dict_loads_into(
    sizes: tuple[int, ...],
) -> None:
    layout = Layout(sizes)
    networks = random_networks(layout, 4, 0)
    images = torch.randn(9, sizes[0], generator=seeded(1))
    logits = forward(networks, images)
    assert logits.shape == (4, 9, sizes[-1])
    for row, outputs in zip(networks.params, logits, strict=True):
        network = sequential(sizes)
        network.load_state_dict(layout.state_dict(row))
        torch.testing.assert_close(outputs, network(images), rtol=1e-5, atol=1e-5)


@given(SIZES, SEEDS)
@few
def test_hidden_units_are_what_the_last_linear_layer_of_the_sequential_network_reads(
    sizes: tuple[int, ...], seed: int
) -> None:
    layout = Layout(sizes)
    networks = random_networks(layout, 3, seed)
    images = torch.randn(7, sizes[0], generator=seeded(seed))
    units = units_and_logits(networks, images)[0]
    assert units.shape == (3, 7, sizes[-2])
    for row, found in zip(networks.params, units, strict=True):
        network = sequential(sizes)
        network.load_state_dict(layout.state_dict(row))
        torch.testing.assert_close(found, network[:-1](images), rtol=1e-5, atol=1e-5)


def test_layout_is_that_of_the_state_dict() -> None:
    layout = Layout((5, 3, 4, 2))
    expected = {name: tuple(tensor.shape) for name, tensor in sequential(layout.sizes).state_dict().items()}
    assert {parameter.name: parameter.shape for parameter in layout.parameters} == expected
    assert [p.offset for p in layout.parameters] == [0, 15, 18, 30, 34, 42]
    assert all(p.stop == following.offset for p, following in pairwise(layout.parameters))
    assert layout.size == sum(p.numel() for p in sequential(layout.sizes).parameters()) == 44
    assert (layout.classes, layout.description) == (2, "MLP 5-3-4-2")


@given(SIZES, SEEDS)
@few
def test_split_and_join_are_inverse(sizes: tuple[int, ...], seed: int) -> None:
    layout = Layout(sizes)
    params = random_networks(layout, 3, seed).params
    parts = layout.split(params)
    assert [tuple(part.shape) for part in parts] == [(3, *p.shape) for p in layout.parameters]
    assert torch.equal(layout.join(parts), params)
    again = layout.split(layout.join(parts))
    assert all(torch.equal(a, b) for a, b in zip(parts, again, strict=True))


def test_state_dict_is_a_copy() -> None:
    layout = Layout((2, 2, 2))
    params = random_networks(layout, 1, 0).params
    before = params.clone()
    for tensor in layout.state_dict(params[0]).values():
        tensor.zero_()
    assert torch.equal(params, before)


def test_forward_parts_carries_gradients_to_every_part() -> None:
    layout = Layout((5, 3, 4, 2))
    parts = [part.clone().requires_grad_() for part in layout.split(random_networks(layout, 2, 0).params)]
    images = torch.randn(7, 5, generator=seeded(1))
    gradients = torch.autograd.grad(forward_parts(parts, images.T).square().sum(), parts)
    network = sequential(layout.sizes)
    network.load_state_dict(layout.state_dict(layout.join([part.detach() for part in parts])[1]))
    network(images).square().sum().backward()
    for gradient, parameter in zip(gradients, network.parameters(), strict=True):
        torch.testing.assert_close(gradient[1], parameter.grad, rtol=1e-4, atol=1e-4)


# What each initialisation does to a layer, in torch.
IN_TORCH: dict[str, Callable[[nn.Linear], object]] = {
    "uniform": lambda layer: layer.reset_parameters(),
    "kaiming": lambda layer: (
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu"),
        nn.init.zeros_(layer.bias),
    ),
    "xavier": lambda layer: (nn.init.xavier_uniform_(layer.weight), nn.init.zeros_(layer.bias)),
}


def test_every_initialisation_of_the_configuration_is_registered_and_tested() -> None:
    choices = list(get_args(RecipeConfig.model_fields["initialisation"].annotation))
    assert choices == list(INITIALISATIONS) == list(IN_TORCH)


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_starts_are_drawn_as_torch_draws_them(initialisation: str) -> None:
    layout = Layout((16, 5, 3))
    starts = initialise(layout, 400, seeded(0), initialisation).params
    assert (starts.shape, starts.dtype) == ((400, layout.size), torch.float32)
    torch.manual_seed(1)
    reference = [sequential(layout.sizes) for _ in range(400)]
    for network in reference:
        for layer in network.children():
            if isinstance(layer, nn.Linear):
                IN_TORCH[initialisation](layer)
    for index, part in enumerate(layout.split(starts)):
        drawn = torch.stack([list(network.parameters())[index].detach() for network in reference])
        assert ks_2samp(part.flatten().numpy(), drawn.flatten().numpy()).pvalue > 1e-3
        if initialisation != "kaiming":
            assert part.abs().max().item() == pytest.approx(drawn.abs().max().item(), rel=0.02)
        if initialisation != "uniform" and index % 2:
            assert not part.any()


def test_starts_are_uniform_unless_told_otherwise() -> None:
    layout = Layout((4, 2, 3))
    uniform = initialise(layout, 6, seeded(0), "uniform").params
    assert torch.equal(initialise(layout, 6, seeded(0)).params, uniform)
    assert not torch.equal(initialise(layout, 6, seeded(0), "xavier").params, uniform)


def test_starts_differ_between_networks_and_repeat_with_the_seed() -> None:
    layout = Layout((4, 2, 3))
    starts = initialise(layout, 6, seeded(0)).params
    assert len(torch.unique(starts, dim=0)) == 6
    assert torch.equal(starts, initialise(layout, 6, seeded(0)).params)
    assert not torch.equal(starts, initialise(layout, 6, seeded(1)).params)


@given(SIZES, SEEDS)
@few
def test_permuting_hidden_units_leaves_the_function_unchanged(sizes: tuple[int, ...], seed: int) -> None:
    layout = Layout(sizes)
    networks = random_networks(layout, 3, seed)
    before = networks.params.clone()
    [permuted] = permute_hidden([networks], seeded(seed))
    images = torch.randn(5, sizes[0], generator=seeded(1))
    torch.testing.assert_close(forward(permuted, images), forward(networks, images), rtol=1e-4, atol=1e-4)
    assert torch.equal(networks.params, before)
    # The same numbers in another order, layer by layer.
    for part, moved in zip(layout.split(networks.params), layout.split(permuted.params), strict=True):
        assert torch.equal(part.flatten(1).sort().values, moved.flatten(1).sort().values)


@given(SIZES, SEEDS)
@few
def test_batches_are_permuted_jointly(sizes: tuple[int, ...], seed: int) -> None:
    layout = Layout(sizes)
    first = torch.randint(0, 100, (3, layout.size), generator=seeded(seed)).float()
    both = [Networks(first, layout), Networks(first + 1000, layout)]
    moved_first, moved_second = permute_hidden(both, seeded(seed))
    assert torch.equal(moved_second.params, moved_first.params + 1000)
    [alone] = permute_hidden(both[:1], seeded(seed))
    assert torch.equal(moved_first.params, alone.params)


def test_every_network_has_an_order_of_its_own_and_all_orders_occur() -> None:
    layout = Layout((2, 3, 2))
    alike = Networks(random_networks(layout, 1, 0).params.expand(600, -1), layout)
    [permuted] = permute_hidden([alike], seeded(0))
    orders, counts = torch.unique(permuted.params, dim=0, return_counts=True)
    assert len(orders) == math.factorial(3)
    assert counts.min() > 60
