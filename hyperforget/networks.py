"""Main networks as flat parameter vectors: their layout, a forward pass for many at once, and their
symmetries.

A *network batch* is a float32 tensor ``(N, P)`` of parameters with the `Layout` that names its entries. The
order is that of the state dict of ``torch.nn.Sequential(Linear, ReLU, Linear, ...)``, so slices load into it
unchanged.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Parameter:
    """One weight or bias of a network: its state-dict name, its shape and where it starts in the flat
    vector.
    """

    name: str
    shape: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def stop(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True)
class Layout:
    """A multilayer perceptron with ReLU between its layers; ``sizes`` is (inputs, hidden units ...,
    classes).
    """

    sizes: tuple[int, ...]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        offset = 0
        for index, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            for kind, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
                found.append(Parameter(f"{2 * index}.{kind}", shape, offset))
                offset += found[-1].size
        return tuple(found)

    @property
    def size(self) -> int:
        """Number of parameters P of one network."""
        return self.parameters[-1].stop

    @property
    def classes(self) -> int:
        return self.sizes[-1]

    @property
    def description(self) -> str:
        return "MLP " + "-".join(map(str, self.sizes))

    def split(self, params: Tensor) -> list[Tensor]:
        """Views of ``params`` (N, P), one a parameter, each of shape (N, *shape)."""
        return [params[:, p.offset : p.stop].unflatten(1, p.shape) for p in self.parameters]

    def join(self, parts: list[Tensor]) -> Tensor:
        """The flat parameters (N, P) of tensors as `split` gives them."""
        return torch.cat([part.flatten(1) for part in parts], dim=1)

    def state_dict(self, params: Tensor) -> dict[str, Tensor]:
        """The tensors of one network, ``params`` (P,), named as in ``torch.nn.Sequential``."""
        return {p.name: params[p.offset : p.stop].reshape(p.shape).clone() for p in self.parameters}


def initialise(
    layout: Layout, count: int, generator: torch.Generator, initialisation: str = "uniform"
) -> Tensor:
    """Random starts (count, P), drawn as one of `INITIALISATIONS` says."""
    return INITIALISATIONS[initialisation](layout, count, generator)


def uniform(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Weights and biases uniform in ±1/√inputs, as ``torch.nn.Linear`` draws them."""
    bounds = _by_layer(layout, lambda inputs, outputs: (1 / math.sqrt(inputs), 1 / math.sqrt(inputs)))
    return _between_minus_one_and_one(layout, count, generator) * bounds


def kaiming(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Weights normal with deviation √(2/inputs), as ``torch.nn.init.kaiming_normal_`` draws them for ReLU; biases
    zero.
    """
    deviations = _by_layer(layout, lambda inputs, outputs: (math.sqrt(2 / inputs), 0))
    return torch.randn(count, layout.size, generator=generator) * deviations


def xavier(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    """Weights uniform in ±√(6/(inputs + outputs)), as ``torch.nn.init.xavier_uniform_`` draws them; biases zero."""
    bounds = _by_layer(layout, lambda inputs, outputs: (math.sqrt(6 / (inputs + outputs)), 0))
    return _between_minus_one_and_one(layout, count, generator) * bounds


Initialisation = Callable[[Layout, int, torch.Generator], Tensor]
INITIALISATIONS: dict[str, Initialisation] = {"uniform": uniform, "kaiming": kaiming, "xavier": xavier}


def _between_minus_one_and_one(layout: Layout, count: int, generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(count, layout.size, generator=generator) - 1


def _by_layer(layout: Layout, spread: Callable[[int, int], tuple[float, float]]) -> Tensor:
    """A number for each parameter (P,): ``spread(inputs, outputs)`` gives those of a layer's weights and biases."""
    numbers = []
    for index, parameter in enumerate(layout.parameters):
        layer, kind = divmod(index, 2)
        number = spread(layout.sizes[layer], layout.sizes[layer + 1])[kind]
        numbers.append(torch.full((parameter.size,), float(number)))
    return torch.cat(numbers)


def forward_parts(parts: list[Tensor], images: Tensor) -> Tensor:
    """Logits (N, C, B) of N networks, given as `Layout.split` gives them, on the same images (D, B), one a
    column.

    The first layer of all networks is one matrix product. Images run along the last dimension throughout: the
    softmax over a handful of classes is then several times as fast as over the last dimension.
    """
    weight, bias = parts[0], parts[1]
    count, units, _ = weight.shape
    activations = torch.addmm(bias.reshape(-1, 1), weight.reshape(count * units, -1), images)
    activations = activations.view(count, units, -1)
    for weight, bias in zip(parts[2::2], parts[3::2], strict=True):
        activations = torch.baddbmm(bias.unsqueeze(2), weight, activations.relu())
    return activations


def forward(params: Tensor, layout: Layout, images: Tensor) -> Tensor:
    """Logits (N, B, C) of the networks ``params`` (N, P) on images (B, D)."""
    return forward_parts(layout.split(params), images.T).transpose(1, 2)


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
