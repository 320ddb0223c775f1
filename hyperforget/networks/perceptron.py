"""Multilayer perceptrons with ReLU between layers."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from hyperforget.networks.layout import Layout


@dataclass(frozen=True)
class PerceptronLayout(Layout):
    """``sizes`` is (inputs, hidden units of each layer ..., classes)."""

    sizes: tuple[int, ...]

    @property
    def layers(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        # The layers between are the ReLUs.
        return tuple(
            (str(2 * index), (outputs, inputs)) for index, (inputs, outputs) in enumerate(pairwise(self.sizes))
        )

    @property
    def inputs(self) -> int:
        return self.sizes[0]

    @property
    def description(self) -> str:
        return "MLP " + "-".join(map(str, self.sizes))

    @property
    def attributes(self) -> dict[str, Any]:
        return {"sizes": list(self.sizes)}

    @property
    def activations(self) -> int:
        return sum(self.sizes[1:-1])

    def module(self) -> nn.Sequential:
        linear = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(self.sizes)]
        hidden = [layer for each in linear[:-1] for layer in (each, nn.ReLU())]
        return nn.Sequential(*hidden, linear[-1])

    def forward_parts(self, parts: list[Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
        # The first layer of all networks is one matrix product.
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
