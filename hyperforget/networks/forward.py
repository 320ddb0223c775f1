"""The forward pass of many main networks at once."""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks

# Numbers that layers give, of all networks and images together: half a gigabyte.
_VALUES_AT_ONCE = 1 << 27


def units_and_logits(networks: Networks, images: Tensor) -> tuple[Tensor, Tensor]:
    """What N networks have in their last hidden layer, after the ReLU, (N, B, H), and their logits (N, B, C), on images
    (B, D).
    """
    layout = networks.layout
    parts = layout.split(networks.params)
    at_once = images_at_once(networks, _VALUES_AT_ONCE)
    found = [layout.forward_parts(parts, some.T) for some in images.split(at_once)]
    units, logits = (torch.cat(each, dim=2) if len(each) > 1 else each[0] for each in zip(*found, strict=True))
    return units.transpose(1, 2), logits.transpose(1, 2)


def images_at_once(networks: Networks, values: int) -> int:
    """How many images networks are shown together, so that all their layers give about so many ``values``."""
    return max(1, values // (len(networks) * networks.layout.activations))


def forward(networks: Networks, images: Tensor) -> Tensor:
    """Logits (N, B, C) of N networks on images (B, D)."""
    return units_and_logits(networks, images)[1]
