"""The hypernetwork: tokens of noised (and start) parameters and of the prompt, a transformer, clean
parameters.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hyperforget.hypernet.conditioning import CONDITIONINGS, frequency_encoding
from hyperforget.hypernet.tokens import TOKENS
from hyperforget.hypernet.transformer import Transformer
from hyperforget.networks import Layout


@dataclass(frozen=True)
class Architecture:
    """Everything that shapes a hypernetwork; the thesis: layers, separate, 1536 wide, 12 layers, 16 heads,
    128, 14.
    """

    conditioning: str
    tokens: str
    prompt: str
    width: int
    layers: int
    heads: int
    frequencies: int
    largest_exponent: float


class Hypernetwork(nn.Module):
    """Predicts clean parameters from noised ones, a time and a prompt, all in normalised parameter space.

    ``mean`` and ``scale`` (P,) normalise: ``(params - mean) / scale``. For a model that reads a start, the
    network predicts the change from it (a residual around everything); its last layer starts at zero.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, layout: Layout, architecture: Architecture, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.layout = layout
        self.architecture = architecture
        self.conditioning = CONDITIONINGS[architecture.conditioning]
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        width = architecture.width
        self.tokens = TOKENS[architecture.tokens](layout, width, 2 if self.conditioning.uses_start else 1)
        scalars = 1 + self.conditioning.scalar_count(layout.classes)
        encoded = 2 * architecture.frequencies + 1
        self.read_prompt: nn.Module
        if architecture.prompt == "separate":
            self.read_prompt = SeparatePrompt(scalars, encoded, width)
        else:
            self.read_prompt = JointPrompt(scalars, encoded, width)
        self.transformer = Transformer(width, architecture.layers, architecture.heads)

    def normalise(self, params: Tensor) -> Tensor:
        """Parameters (..., P) as the hypernetwork sees them."""
        return (params - self.mean) / self.scale

    def denormalise(self, params: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        return params * self.scale + self.mean

    def forward(
        self,
        noised: Tensor,
        time: Tensor,
        target_performance: Tensor,
        start: Tensor | None = None,
        start_performance: Tensor | None = None,
    ) -> Tensor:
        """Clean parameters (B, P) from ``noised`` (B, P), ``time`` (B,) in [0, 1] and the performance (B, K) that is
        wanted and that of the start.
        """
        told = self.conditioning.scalars(target_performance, start_performance)
        scalars = torch.cat([time.unsqueeze(1), told], dim=1)
        encoded = frequency_encoding(
            scalars, self.architecture.frequencies, self.architecture.largest_exponent
        )
        vectors = [noised] if start is None else [noised, start]
        tokens = self.tokens.encode(vectors)
        prompt = self.read_prompt(encoded)
        if self.architecture.prompt == "joint":
            tokens = tokens + prompt
        outputs = self.transformer(torch.cat([tokens, prompt], dim=1))
        change = self.tokens.decode(outputs[:, : tokens.shape[1]]).float()
        return change if start is None else start + change


class SeparatePrompt(nn.Module):
    """One token a scalar, each with a projection of its own (thesis, section 3.3.2) and a position."""

    def __init__(self, scalars: int, encoded: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(scalars, encoded, width) / encoded**0.5)
        self.bias = nn.Parameter(torch.zeros(scalars, width))

    def forward(self, encoded: Tensor) -> Tensor:
        return torch.einsum("bse,sew->bsw", encoded, self.weight) + self.bias


class JointPrompt(nn.Module):
    """One token for the whole prompt, from a two-layer perceptron; also added to every other token."""

    def __init__(self, scalars: int, encoded: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(scalars * encoded, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, encoded: Tensor) -> Tensor:
        projected: Tensor = self.layers(encoded.flatten(1))
        return projected.unsqueeze(1)
