"""What networks have in any of their hidden layers."""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import images_at_once

# Numbers that layers give, of all networks and images together.
_VALUES_AT_ONCE = 1 << 25


def units_at(networks: Networks, images: Tensor, depth: int) -> Tensor:
    """What N networks have in their hidden layer ``depth``, 1 the first, on images (B, D): (N, B, H), after the ReLU,
    of channels the mean over positions.
    """
    layout = networks.layout
    parts = layout.split(networks.params)
    width = parts[2 * depth - 2].shape[1]
    # An output layer of one class: what a layout says of the last hidden layer, it then says of this one.
    head = [parts[0].new_zeros(len(networks), 1, width), parts[0].new_zeros(len(networks), 1)]
    at_once = images_at_once(networks, _VALUES_AT_ONCE)
    found = [layout.forward_parts([*parts[: 2 * depth], *head], some.T)[0] for some in images.split(at_once)]
    return torch.cat(found, dim=2).transpose(1, 2)
