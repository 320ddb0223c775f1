"""The forward pass of many multilayer perceptrons at once."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout


def perceptron_for(split: Split, hidden: Sequence[int]) -> Layout:
    """The perceptron for the images and classes of a split, with some ``hidden`` units a layer."""
    return Layout((split.images.shape[1], *hidden, split.classes))


def forward_parts(parts: list[Tensor], images: Tensor) -> Tensor:
    """Logits (N, C, B) of N networks, in parts as `Layout.split` gives them, on images (D, B), one a column.

    The first layer of all networks is one matrix product, in the precision of the images, float32 or bfloat16; all else
    is float32. Images run along the last dimension throughout: the softmax over a handful of classes is then several
    times as fast as over the last dimension.
    """
    return forward_with_units(parts, images)[1]


def forward_with_units(parts: list[Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
    """What networks have in their last hidden layer, after the ReLU, (N, H, B), and their logits as `forward_parts`."""
    weight, bias = parts[0], parts[1]  # (N, H, D) and (N, H)
    count, width, _ = weight.shape
    weight, bias = weight.reshape(count * width, -1), bias.reshape(-1, 1)  # (N * H, D) and (N * H, 1)
    if images.dtype == torch.bfloat16:
        units = (weight.bfloat16() @ images).float() + bias  # (N * H, B)
    else:
        units = torch.addmm(bias, weight, images)  # (N * H, B)
    units = units.view(count, width, -1).relu()  # (N, H, B)
    for weight, bias in zip(parts[2:-2:2], parts[3:-2:2], strict=True):
        units = torch.baddbmm(bias.unsqueeze(2), weight, units).relu()
    return units, torch.baddbmm(parts[-1].unsqueeze(2), parts[-2], units)


def units_and_logits(networks: Networks, images: Tensor) -> tuple[Tensor, Tensor]:
    """What N networks have in their last hidden layer, after the ReLU, (N, B, H), and their logits (N, B, C), on images
    (B, D).
    """
    units, logits = forward_with_units(networks.layout.split(networks.params), images.T)
    return units.transpose(1, 2), logits.transpose(1, 2)


def forward(networks: Networks, images: Tensor) -> Tensor:
    """Logits (N, B, C) of N networks on images (B, D)."""
    return units_and_logits(networks, images)[1]
