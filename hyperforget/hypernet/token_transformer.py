"""The denoiser of parameters: tokens of them and of the prompt, a transformer, and tokens as parameters again."""

import torch
from torch import Tensor, nn

from hyperforget.hypernet.architecture import Architecture
from hyperforget.hypernet.tokens import TOKENS
from hyperforget.hypernet.transformer import Transformer
from hyperforget.networks import Layout


class TokenTransformer(nn.Module):
    """A transformer on tokens (thesis, section 3.3.2)."""

    def __init__(self, layout: Layout, architecture: Architecture, vectors: int, scalars: int) -> None:
        super().__init__()
        width = architecture.width
        encoded = 2 * architecture.frequencies + 1
        self.is_joint = architecture.prompt == "joint"
        self.tokens = TOKENS[architecture.tokens](layout, width, vectors)
        self.read_prompt: nn.Module
        if self.is_joint:
            self.read_prompt = JointPrompt(scalars, encoded, width)
        else:
            self.read_prompt = SeparatePrompt(scalars, encoded, width)
        self.transformer = Transformer(width, architecture.layers, architecture.heads)

    def forward(self, vectors: list[Tensor], encoded: Tensor) -> Tensor:
        tokens = self.tokens.encode(vectors)
        prompt = self.read_prompt(encoded)
        if self.is_joint:
            tokens = tokens + prompt
        outputs = self.transformer(torch.cat([tokens, prompt], dim=1))
        return self.tokens.decode(outputs[:, : tokens.shape[1]])


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
