"""How a parameter vector becomes tokens of a transformer, and tokens parameters again.

`UnitTokens`: one token a hidden unit (incoming weights, bias, outgoing weights) and one for the output biases. All
units share one projection and have no position, so the hypernetwork is equivariant to permutations of hidden units.
`LayerTokens` (thesis, section 3.3.2): weight and bias of each layer apart, cut into pieces no longer than the hidden
size, each with a projection of its own and a learned position that starts at zero.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from hyperforget.errors import UserError
from hyperforget.networks.layout import Layout


class Tokens(Protocol):
    """Both ways between parameters and tokens of width d."""

    def encode(self, vectors: list[Tensor]) -> Tensor:
        """Tokens (B, S, d) of the noised parameters (B, P) and, where the model reads one, the start (B, P)."""

    def decode(self, tokens: Tensor) -> Tensor:
        """Parameters (B, P) from the transformer's output for the tokens of `encode`."""


class UnitTokens(nn.Module):
    """One token a hidden unit; noised and start parameters of a unit lie in the same token."""

    def __init__(self, layout: Layout, width: int, vectors: int) -> None:
        super().__init__()
        if len(layout.sizes) != 3:
            raise UserError(
                f"tokens 'units' needs a main network with one hidden layer, not {layout.description}; "
                "allowed for deeper networks is 'layers'"
            )
        self.layout = layout
        self.features = layout.sizes[0] + 1 + layout.classes
        self.read_units = nn.Linear(vectors * self.features, width)
        self.read_biases = nn.Linear(vectors * layout.classes, width)
        self.write_units = zero_linear(width, self.features)
        self.write_biases = zero_linear(width, layout.classes)

    def encode(self, vectors: list[Tensor]) -> Tensor:
        features = [unit_features(vector, self.layout) for vector in vectors]
        units = self.read_units(torch.cat([unit for unit, _ in features], dim=2))  # (B, H, d)
        biases = self.read_biases(torch.cat([bias for _, bias in features], dim=1))  # (B, d)
        return torch.cat([units, biases.unsqueeze(1)], dim=1)  # (B, H + 1, d)

    def decode(self, tokens: Tensor) -> Tensor:
        hidden = self.layout.sizes[1]
        units = self.write_units(tokens[:, :hidden])  # (B, H, D + 1 + C)
        biases = self.write_biases(tokens[:, hidden])  # (B, C)
        return from_unit_features(units, biases, self.layout)


class LayerTokens(nn.Module):
    """Pieces of layers as tokens; noised and start parameters are tokens apart, as in the thesis' figure 3.4."""

    def __init__(self, layout: Layout, width: int, vectors: int) -> None:
        super().__init__()
        self.pieces = layer_pieces(layout, width)
        self.readers = nn.ModuleList(nn.Linear(size, width) for _ in range(vectors) for size in self.pieces)
        self.positions = nn.Parameter(torch.zeros(vectors * len(self.pieces), width))
        self.writers = nn.ModuleList(zero_linear(width, size) for size in self.pieces)

    def encode(self, vectors: list[Tensor]) -> Tensor:
        pieces = [piece for vector in vectors for piece in vector.split(self.pieces, dim=1)]  # (B, size)
        tokens = [reader(piece) for piece, reader in zip(pieces, self.readers, strict=True)]  # (B, d)
        return torch.stack(tokens, dim=1) + self.positions  # (B, S, d)

    def decode(self, tokens: Tensor) -> Tensor:
        return torch.cat([writer(tokens[:, index]) for index, writer in enumerate(self.writers)], dim=1)


TOKENS: dict[str, type[UnitTokens] | type[LayerTokens]] = {"layers": LayerTokens, "units": UnitTokens}


def unit_features(params: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Per hidden unit its incoming weights, bias and outgoing weights (B, H, D + 1 + C); and the output
    biases (B, C).
    """
    weight, bias, following, output_bias = layout.split(params)  # (B, H, D), (B, H), (B, C, H), (B, C)
    return torch.cat([weight, bias.unsqueeze(2), following.transpose(1, 2)], dim=2), output_bias


def from_unit_features(units: Tensor, output_bias: Tensor, layout: Layout) -> Tensor:
    """The inverse of `unit_features`: parameters (B, P)."""
    inputs = layout.sizes[0]
    weight, bias, following = units[..., :inputs], units[..., inputs], units[..., inputs + 1 :]
    return layout.join([weight, bias, following.transpose(1, 2), output_bias])


def layer_pieces(layout: Layout, width: int) -> list[int]:
    """Sizes of the pieces: each weight and bias cut into equal parts that are no longer than ``width``."""
    pieces: list[int] = []
    for parameter in layout.parameters:
        parts = -(-parameter.size // width)
        pieces += [parameter.size // parts + (index < parameter.size % parts) for index in range(parts)]
    return pieces


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer that starts as the zero map, so that an untrained hypernetwork predicts no change."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
