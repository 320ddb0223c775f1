"""The symmetry of main networks: hidden units in another order are the same function."""

import torch
from torch import Tensor

from hyperforget.networks.layout import Layout


def permute_hidden(params: Tensor, layout: Layout, generator: torch.Generator) -> Tensor:
    """The same functions with each network's hidden units in a random order of its own."""
    return permute_hidden_jointly([params], layout, generator)[0]


def permute_hidden_jointly(batches: list[Tensor], layout: Layout, generator: torch.Generator) -> list[Tensor]:
    """Permutation augmentation: network n of every batch (N, P) gets the same random order of its hidden
    units.
    """
    count = batches[0].shape[0]
    orders = [torch.rand(count, units, generator=generator).argsort(dim=1) for units in layout.sizes[1:-1]]
    return [_reorder(params, layout, orders) for params in batches]


def _reorder(params: Tensor, layout: Layout, orders: list[Tensor]) -> Tensor:
    parts = layout.split(params)
    for index, order in enumerate(orders):
        weight, bias, following = parts[2 * index : 2 * index + 3]
        parts[2 * index] = weight.gather(1, order.unsqueeze(2).expand_as(weight))
        parts[2 * index + 1] = bias.gather(1, order)
        parts[2 * index + 2] = following.gather(2, order.unsqueeze(1).expand_as(following))
    return layout.join(parts)
