"""Distances of networks from retrained ones, against closed forms and other implementations."""

import numpy as np
import pytest
import torch
from torch import Tensor

from hyperforget.metrics.distances import layer_distances, linear_cka, tug_of_war
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.permutations import permute_hidden

LAYOUTS: tuple[Layout, ...] = (
    PerceptronLayout((6, 5, 4)),
    PerceptronLayout((6, 7, 5, 4)),
    ConvolutionalLayout((3, 3, 1), (6, 5), 3, 1, 4),
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_tug_of_war_is_the_product_of_what_is_left_of_one() -> None:
    accuracies = torch.tensor([[0.0, 0.9, 0.8], [1.0, 0.9, 0.9]])
    found = tug_of_war(accuracies, torch.tensor([[0.0, 0.9, 0.8], [0.1, 1.0, 0.8]]))
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.9 * 0.9], [0.0, 0.1 * 0.9 * 0.9]]).double())


def test_cka_knows_rotation_scale_shift_and_order_from_change() -> None:
    units = torch.randn(1, 50, 4, generator=generator())
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=generator(1)))[0]
    same = torch.cat([units, 3 * units @ rotation - 7, units[..., [2, 0, 3, 1]]])
    torch.testing.assert_close(linear_cka(units, same), torch.ones(1, 3).double(), atol=1e-6, rtol=0)
    other = torch.randn(1, 50, 3, generator=generator(2))
    assert 0 < linear_cka(units, other) < 0.3


def test_cka_is_that_of_gram_matrices() -> None:
    x, y = torch.randn(1, 20, 4, generator=generator()), torch.randn(1, 20, 3, generator=generator(1)).relu()
    centring = np.eye(20) - 1 / 20
    gram, other = (centring @ (each[0] @ each[0].T).double().numpy() @ centring for each in (x, y))
    expected = (gram * other).sum() / np.sqrt((gram * gram).sum() * (other * other).sum())
    assert float(linear_cka(x, y)) == pytest.approx(expected, abs=1e-6)


def test_dead_units_are_like_nothing() -> None:
    assert not linear_cka(torch.zeros(2, 9, 3), torch.randn(3, 9, 3, generator=generator())).any()


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_layers_are_no_further_apart_for_another_order_of_hidden_units(layout: Layout) -> None:
    networks = initialise(layout, 3, generator())
    [permuted] = permute_hidden([networks], generator(1))
    assert not torch.equal(permuted.params, networks.params)
    found = layer_distances(networks, permuted)
    assert found.shape == (3, 3)
    torch.testing.assert_close(found.diagonal(), torch.zeros(3).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found, layer_distances(networks, networks), atol=1e-6, rtol=0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_small_change_is_as_far_as_it_is_long(layout: Layout) -> None:
    networks = initialise(layout, 1, generator())
    changed = Networks(networks.params + 1e-4 * torch.randn(1, layout.size, generator=generator(1)), layout)
    parts, others = (layout.split(each.params) for each in (changed, networks))
    expected = [
        torch.cat([(parts[i] - others[i]).flatten(), (parts[i + 1] - others[i + 1]).flatten()]).norm()
        / torch.cat([others[i].flatten(), others[i + 1].flatten()]).norm()
        for i in range(0, len(parts), 2)
    ]
    assert float(layer_distances(changed, networks)) == pytest.approx(float(torch.stack(expected).mean()), rel=1e-3)


def test_what_is_measured_stays_as_it_is() -> None:
    networks = initialise(LAYOUTS[1], 2, generator())
    units = torch.randn(2, 9, 3, generator=generator())
    before: list[Tensor] = [networks.params.clone(), units.clone()]
    layer_distances(networks, networks)
    linear_cka(units, units)
    assert torch.equal(networks.params, before[0])
    assert torch.equal(units, before[1])
