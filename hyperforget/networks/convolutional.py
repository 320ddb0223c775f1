"""Small convolutional networks: layers of strided convolutions with ReLU, the mean over positions, a linear layer."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.errors import UserError
from hyperforget.networks.layout import Layout

# Numbers that layers give, of networks and images that are worked through together: four megabytes.
_VALUES_IN_CACHE = 1 << 20


@dataclass(frozen=True)
class ConvolutionalLayout(Layout):
    """For images of shape ``image`` (height, width, channels): a layer for each of the ``channels``, with square
    kernels of ``kernel`` x ``kernel`` numbers in steps of ``stride`` over images with a border of zeros.

    Its hidden units are the last layer's channels, each the mean over positions.
    """

    image: tuple[int, int, int]
    channels: tuple[int, ...]
    kernel: int
    stride: int
    outputs: int

    @property
    def layers(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        kernel = (self.kernel, self.kernel)
        convolutions = [
            (str(2 * index), (outputs, inputs, *kernel))
            for index, (inputs, outputs) in enumerate(pairwise((self.image[2], *self.channels)))
        ]
        # After each convolution comes a ReLU, after the last of them the mean over positions in two modules.
        last = (str(2 * len(self.channels) + 2), (self.outputs, self.channels[-1]))
        return (*convolutions, last)

    @property
    def inputs(self) -> int:
        return math.prod(self.image)

    @property
    def description(self) -> str:
        height, width, channels = self.image
        image = f"{height}x{width}" + (f"x{channels}" if channels > 1 else "")
        kernels = f"{self.kernel}x{self.kernel}/{self.stride}"
        return f"CNN {image}-{'-'.join(map(str, self.channels))}-{self.outputs} ({kernels})"

    @property
    def attributes(self) -> dict[str, Any]:
        return {
            "network": {
                "kind": "convolutional",
                "image": list(self.image),
                "channels": list(self.channels),
                "kernel": self.kernel,
                "stride": self.stride,
                "outputs": self.outputs,
            }
        }

    @property
    def activations(self) -> int:
        height, width, _ = self.image
        found = 0
        for channels in self.channels:
            height, width = ((side + 2 * self._padding - self.kernel) // self.stride + 1 for side in (height, width))
            found += channels * height * width
        return found

    def module(self) -> nn.Sequential:
        """It reads images (B, channels, height, width)."""
        convolutions = [
            nn.Conv2d(inputs, outputs, self.kernel, self.stride, self._padding)
            for inputs, outputs in pairwise((self.image[2], *self.channels))
        ]
        hidden = [layer for each in convolutions for layer in (each, nn.ReLU())]
        return nn.Sequential(*hidden, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(self.channels[-1], self.outputs))

    def images_of_modules(self, images: Tensor) -> Tensor:
        shaped: Tensor = images.unflatten(1, self.image).permute(0, 3, 1, 2)  # (B, channels, height, width)
        return shaped

    def flat_images(self, images: Tensor) -> Tensor:
        """As `Layout.flat_images`, of images (B, channels, height, width), as the `module` reads them, or (B, height,
        width, channels), as they are stored; of a single channel also (B, height, width); and of flat ones in the
        order of the latter two.
        """
        height, width, channels = self.image
        shape = tuple(images.shape[1:])
        if shape in (self.image, (self.inputs,)) or (channels == 1 and shape == (height, width)):
            return images.flatten(1)
        if shape == (channels, height, width):
            return images.permute(0, 2, 3, 1).flatten(1)
        raise UserError(
            f"images are of shape {tuple(images.shape)}; allowed of {self.named} are (B, {channels}, {height}, "
            f"{width}), (B, {height}, {width}, {channels}) and, flat, (B, {self.inputs})"
        )

    @property
    def reads(self) -> str:
        height, width, channels = self.image
        return f"images (B, {channels}, {height}, {width}), channels before height and width"

    def forward_parts(self, parts: list[Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
        # A processor is twice as fast where what it has just written is still in its cache.
        at_once = max(1, _VALUES_IN_CACHE // (self.activations * images.shape[1]))
        if images.is_cuda or len(parts[0]) <= at_once:
            return self._forward_together(parts, images)
        some = zip(*(part.split(at_once) for part in parts), strict=True)
        found = [self._forward_together(list(each), images) for each in some]
        units, logits = (torch.cat(each) for each in zip(*found, strict=True))
        return units, logits

    def _forward_together(self, parts: list[Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
        # The channels of all networks lie beside each other, so the first layer is one convolution, and those after it
        # one each in groups. Grouped convolutions are five to eight times as fast as one network at a time.
        count = parts[0].shape[0]
        units = self.images_of_modules(images.T)  # (B, channels, height, width)
        for index, (weight, bias) in enumerate(zip(parts[:-2:2], parts[1:-2:2], strict=True)):
            weight = weight.flatten(0, 1)  # (N * outputs, inputs, kernel, kernel)
            groups = count if index else 1
            found = F.conv2d(
                units, weight.to(units.dtype), None, self.stride, self._padding, groups=groups
            )  # (B, N * outputs, height, width)
            units = (found.float() + bias.reshape(-1, 1, 1)).relu()
        units = units.mean(dim=(2, 3)).T.unflatten(0, (count, -1)).contiguous()  # (N, H, B)
        return units, torch.baddbmm(parts[-1].unsqueeze(2), parts[-2], units)

    @property
    def _padding(self) -> int:
        return (self.kernel - 1) // 2
