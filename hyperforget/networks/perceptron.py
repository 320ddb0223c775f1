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

    The first layer of all networks is one matrix product. Images run along the last dimension throughout: the softmax
    over a handful of classes is then several times as fast as over the last dimension.
    """
    weight, bias = parts[0], parts[1]  # (N, H, D) and (N, H)
    count, units, _ = weight.shape
    activations = torch.addmm(bias.reshape(-1, 1), weight.reshape(count * units, -1), images)  # (N * H, B)
    activations = activations.view(count, units, -1)  # (N, H, B)
    for weight, bias in zip(parts[2::2], parts[3::2], strict=True):
        activations = torch.baddbmm(bias.unsqueeze(2), weight, activations.relu())  # (N, outputs, B)
    return activations


def forward(networks: Networks, images: Tensor) -> Tensor:
    """Logits (N, B, C) of N networks on images (B, D)."""
    return forward_parts(networks.layout.split(networks.params), images.T).transpose(1, 2)
