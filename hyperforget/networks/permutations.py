"""The symmetry of main networks: hidden units in another order are the same function."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks


def permute_hidden(batches: Sequence[Networks], generator: torch.Generator) -> list[Networks]:
    """Permutation augmentation: the same functions with hidden units in a random order.

    All ``batches`` have N networks of one layout, and network n of each gets the same order, one of its own.
    """
    layout = batches[0].layout
    hidden = [bias.size for bias in layout.parameters[1:-1:2]]
    orders = [torch.rand(len(batches[0]), units, generator=generator).argsort(dim=1) for units in hidden]
    return [_reorder(networks, orders) for networks in batches]


def _reorder(networks: Networks, orders: list[Tensor]) -> Networks:
    parts = networks.layout.split(networks.params)
    for index, order in enumerate(orders):
        # (N, units, inputs, ...), (N, units) and (N, outputs, units, ...); an order is (N, units).
        weight, bias, following = parts[2 * index : 2 * index + 3]
        parts[2 * index] = _along(weight, 1, order)
        parts[2 * index + 1] = _along(bias, 1, order)
        parts[2 * index + 2] = _along(following, 2, order)
    return Networks(networks.layout.join(parts), networks.layout)


def _along(part: Tensor, dimension: int, order: Tensor) -> Tensor:
    """A part (N, ...) with the entries of one dimension in an order (N, units)."""
    shape = [1] * part.dim()
    shape[0], shape[dimension] = order.shape
    return part.gather(dimension, order.view(shape).expand_as(part))
