"""The symmetry of main networks: hidden units in another order are the same function."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks


def permute_hidden(batches: Sequence[Networks], generator: torch.Generator) -> list[Networks]:
    """Permutation augmentation: the same functions with hidden units in a random order.

    All ``batches`` have N networks of one layout, and network n of each gets the same order, one of its own.
    """
    count, sizes = len(batches[0]), batches[0].layout.sizes
    orders = [torch.rand(count, units, generator=generator).argsort(dim=1) for units in sizes[1:-1]]
    return [_reorder(networks, orders) for networks in batches]


def _reorder(networks: Networks, orders: list[Tensor]) -> Networks:
    parts = networks.layout.split(networks.params)
    for index, order in enumerate(orders):
        # (N, units, inputs), (N, units) and (N, outputs, units); an order is (N, units).
        weight, bias, following = parts[2 * index : 2 * index + 3]
        parts[2 * index] = weight.gather(1, order.unsqueeze(2).expand_as(weight))
        parts[2 * index + 1] = bias.gather(1, order)
        parts[2 * index + 2] = following.gather(2, order.unsqueeze(1).expand_as(following))
    return Networks(networks.layout.join(parts), networks.layout)
