"""The layout of a main network: which entries of its flat parameter vector are which weights and biases.

Their order is that of the state dict of ``torch.nn.Sequential(Linear, ReLU, Linear, ...)``, so slices load
into it unchanged.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Parameter:
    """One weight or bias: its name in the state dict, its shape and where it starts in the flat vector."""

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
    """A multilayer perceptron with ReLU between layers; ``sizes`` is (inputs, hidden units ..., classes)."""

    sizes: tuple[int, ...]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        parameters: list[Parameter] = []
        offset = 0
        for index, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            for kind, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
                parameters.append(Parameter(f"{2 * index}.{kind}", shape, offset))
                offset += parameters[-1].size
        return tuple(parameters)

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
