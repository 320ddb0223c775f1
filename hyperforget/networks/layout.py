"""What a kind of main network owes: which entries of its flat parameter vector are which weights and biases, and what
it makes of images.

The order of parameters is that of the state dict of the `torch.nn.Sequential` that `Layout.module` builds, so slices
load into it unchanged.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn


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


class Layout(ABC):
    """A main network of ReLU layers, each of which has a weight (outputs, inputs, ...), then a bias (outputs,).

    What the last layer but one gives are its hidden units, one number each; the last one makes logits of them.
    """

    @property
    @abstractmethod
    def layers(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Of each layer its name in the module and the shape of its weight."""

    @property
    @abstractmethod
    def inputs(self) -> int:
        """Numbers D of an image."""

    @property
    @abstractmethod
    def description(self) -> str:
        """In a few words, for people."""

    @property
    def named(self) -> str:
        """The description with its article."""
        # Abbreviations are spelled out, so the first letter's name decides.
        return f"{'an' if self.description[0] in 'AEFHILMNORSX' else 'a'} {self.description}"

    @property
    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """What stored objects say of it; `hyperforget.networks.kinds.layout_of` reads it back."""

    @property
    @abstractmethod
    def activations(self) -> int:
        """Numbers that all hidden layers give for one image."""

    @abstractmethod
    def module(self) -> nn.Sequential:
        """One such network, with a random start of its own."""

    def images_of_modules(self, images: Tensor) -> Tensor:
        """Images (B, D) in the shape that the `module` reads."""
        return images

    def flat_images(self, images: Tensor) -> Tensor:
        """Images (B, ...), as people have them, as flat ones (B, D).

        Raises `UserError` for shapes that tell that networks of this layout cannot read them.
        """
        return images.flatten(1)

    @property
    def reads(self) -> str:
        """In words, the images that the `module` reads."""
        return f"images of {self.inputs} pixels, flattened row by row"

    @abstractmethod
    def forward_parts(self, parts: list[Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
        """What N networks, in parts as `split` gives them, make of images (D, B), one a column: their last hidden units
        after the ReLU, (N, H, B), and logits (N, C, B), float32.

        The products of the first layer are in the precision of the images, float32 or bfloat16. Images run along the
        last dimension: the softmax over a handful of classes is then several times as fast as over the last one.
        """

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        parameters: list[Parameter] = []
        offset = 0
        for layer, weight in self.layers:
            for kind, shape in (("weight", weight), ("bias", weight[:1])):
                parameters.append(Parameter(f"{layer}.{kind}", shape, offset))
                offset += parameters[-1].size
        return tuple(parameters)

    @property
    def size(self) -> int:
        """Number of parameters P of one network."""
        return self.parameters[-1].stop

    @property
    def classes(self) -> int:
        return self.layers[-1][1][0]

    def split(self, params: Tensor) -> list[Tensor]:
        """Views of ``params`` (N, P), one a parameter, each of shape (N, *shape)."""
        return [params[:, p.offset : p.stop].unflatten(1, p.shape) for p in self.parameters]

    def join(self, parts: list[Tensor]) -> Tensor:
        """The flat parameters (N, P) of tensors as `split` gives them."""
        return torch.cat([part.flatten(1) for part in parts], dim=1)

    def state_dict(self, params: Tensor) -> dict[str, Tensor]:
        """The tensors of one network, ``params`` (P,), named as in its `module`."""
        return {p.name: params[p.offset : p.stop].reshape(p.shape).clone() for p in self.parameters}
