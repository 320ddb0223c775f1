"""Random starts of main networks, each way of drawing them by name."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout


def initialise(layout: Layout, count: int, generator: torch.Generator, initialisation: str = "uniform") -> Networks:
    """Random starts of ``count`` networks, drawn as one of `INITIALISATIONS` says."""
    return Networks(INITIALISATIONS[initialisation](layout, count, generator), layout)


def uniform(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Weights and biases uniform in ±1/√inputs, as ``torch.nn.Linear`` and ``torch.nn.Conv2d`` draw them."""
    bounds = _by_layer(layout, lambda inputs, outputs: (1 / math.sqrt(inputs), 1 / math.sqrt(inputs)))
    return _between_minus_one_and_one(layout, count, generator) * bounds


def kaiming(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Weights normal with deviation √(2/inputs), as ``torch.nn.init.kaiming_normal_``; biases zero."""
    deviations = _by_layer(layout, lambda inputs, outputs: (math.sqrt(2 / inputs), 0))
    return torch.randn(count, layout.size, generator=generator) * deviations


def xavier(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Weights uniform in ±√(6/(inputs + outputs)), as ``torch.nn.init.xavier_uniform_``; biases zero."""
    bounds = _by_layer(layout, lambda inputs, outputs: (math.sqrt(6 / (inputs + outputs)), 0))
    return _between_minus_one_and_one(layout, count, generator) * bounds


# Each draws flat parameters, float32 (count, P).
INITIALISATIONS: dict[str, Callable[[Layout, int, torch.Generator], Tensor]] = {
    "uniform": uniform,
    "kaiming": kaiming,
    "xavier": xavier,
}


def _between_minus_one_and_one(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(count, layout.size, generator=generator) - 1


def _by_layer(layout: Layout, spread: Callable[[int, int], tuple[float, float]]) -> Tensor:
    """A number for each parameter (P,): ``spread(inputs, outputs)`` gives a layer's weights' and biases', by the
    numbers that an output reads and that an input is read by.
    """
    numbers = []
    for weight, bias in zip(layout.parameters[::2], layout.parameters[1::2], strict=True):
        outputs, inputs, *kernel = weight.shape
        of_layer = spread(inputs * math.prod(kernel), outputs * math.prod(kernel))
        numbers += [torch.full((part.size,), float(of)) for part, of in zip((weight, bias), of_layer, strict=True)]
    return torch.cat(numbers)
