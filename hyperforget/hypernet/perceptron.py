"""The denoiser of coefficients: a perceptron with residual connections."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.config.models import ArchitectureConfig
from hyperforget.hypernet.linear import zero_linear
from hyperforget.hypernet.transformer import GELUS, Blocks
from hyperforget.networks.layout import Layout


class Perceptron(nn.Module):
    """Reads all values and the whole prompt as one vector; ``layers`` blocks of two layers each follow."""

    def __init__(self, layout: Layout, architecture: ArchitectureConfig, vectors: int, scalars: int) -> None:
        super().__init__()
        width, values = architecture.width, architecture.components
        encoded = scalars * (2 * architecture.frequencies + 1)
        self.read = nn.Linear(vectors * values + encoded, width)
        self.blocks = Blocks(Block(width, architecture.activation) for _ in range(architecture.layers))
        self.norm = nn.LayerNorm(width)
        self.write = zero_linear(width, values)

    def forward(self, vectors: list[Tensor], encoded: Tensor) -> Tensor:
        inputs = torch.cat([*vectors, encoded.flatten(1)], dim=1)  # (B, vectors * D + S * E)
        hidden = self.read(inputs)  # (B, width)
        change: Tensor = self.write(self.norm(self.blocks(hidden)))  # (B, D)
        return change


class Block(nn.Module):
    """The two-layer perceptron of a transformer's block, with layer norm before and a residual around it."""

    def __init__(self, width: int, activation: str) -> None:
        super().__init__()
        self.approximate = GELUS[activation]
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        # (B, width) to (B, 4 * width) and back
        change: Tensor = self.contract(F.gelu(self.expand(self.norm(hidden)), approximate=self.approximate))
        return hidden + change
