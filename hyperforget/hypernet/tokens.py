"""How a parameter vector becomes tokens of a transformer, and tokens parameters again.

`UnitTokens`: one token a hidden unit (incoming weights, bias, outgoing weights) and one for the output biases. All
units share one projection and have no position, so the hypernetwork is equivariant to permutations of hidden units.
Where there are several hidden layers, `RelationalTokens` take their place, with weights between these as edges.
`LayerTokens` (thesis, section 3.3.2): weight and bias of each layer apart, cut into pieces no longer than the hidden
size, each with a projection of its own and a learned position that starts at zero.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from hyperforget.hypernet.linear import zero_linear
from hyperforget.hypernet.relational_tokens import RelationalTokens
from hyperforget.networks.graph import GraphParts, from_graph_parts, graph_of, graph_parts
from hyperforget.networks.layout import Layout


class Tokens(Protocol):
    """Both ways between parameters and tokens of width d."""

    def encode(self, vectors: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Tokens (B, S, d) of the noised parameters (B, P) and, where the model reads one, the start (B, P); and the
        edges between hidden layers, (B, n after, n before, edge width) each, if weights are read as edges.
        """

    def decode(self, tokens: Tensor, edges: Sequence[Tensor]) -> Tensor:
        """Parameters (B, P) from the transformer's output for the tokens and edges of `encode`."""


class UnitTokens(nn.Module):
    """One token a hidden unit; noised and start parameters of a unit lie in the same token."""

    def __init__(self, layout: Layout, width: int, vectors: int) -> None:
        super().__init__()
        self.layout = layout
        self.features = layout.parameters[0].size // layout.parameters[1].size + 1 + layout.classes
        self.read_units = nn.Linear(vectors * self.features, width)
        self.read_biases = nn.Linear(vectors * layout.classes, width)
        self.write_units = zero_linear(width, self.features)
        self.write_biases = zero_linear(width, layout.classes)

    def encode(self, vectors: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        features = [unit_features(vector, self.layout) for vector in vectors]
        units = self.read_units(torch.cat([unit for unit, _ in features], dim=2))  # (B, H, d)
        biases = self.read_biases(torch.cat([bias for _, bias in features], dim=1))  # (B, d)
        return torch.cat([units, biases.unsqueeze(1)], dim=1), []  # (B, H + 1, d)

    def decode(self, tokens: Tensor, edges: Sequence[Tensor]) -> Tensor:
        units = self.write_units(tokens[:, :-1])  # (B, H, D + 1 + C)
        biases = self.write_biases(tokens[:, -1])  # (B, C)
        return from_unit_features(units, biases, self.layout)


class LayerTokens(nn.Module):
    """Pieces of layers as tokens; noised and start parameters are tokens apart, as in the thesis' figure 3.4."""

    def __init__(self, layout: Layout, width: int, vectors: int) -> None:
        super().__init__()
        self.pieces = layer_pieces(layout, width)
        self.readers = nn.ModuleList(nn.Linear(size, width) for _ in range(vectors) for size in self.pieces)
        self.positions = nn.Parameter(torch.zeros(vectors * len(self.pieces), width))
        self.writers = nn.ModuleList(zero_linear(width, size) for size in self.pieces)

    def encode(self, vectors: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        pieces = [piece for vector in vectors for piece in vector.split(self.pieces, dim=1)]  # (B, size)
        tokens = [reader(piece) for piece, reader in zip(pieces, self.readers, strict=True)]  # (B, d)
        return torch.stack(tokens, dim=1) + self.positions, []  # (B, S, d)

    def decode(self, tokens: Tensor, edges: Sequence[Tensor]) -> Tensor:
        return torch.cat([writer(tokens[:, index]) for index, writer in enumerate(self.writers)], dim=1)


def _unit_tokens(layout: Layout, width: int, vectors: int) -> UnitTokens | RelationalTokens:
    build = RelationalTokens if graph_of(layout).edges else UnitTokens
    return build(layout, width, vectors)


# Each takes the layout of main networks, the width d and the number of vectors that are read.
TOKENS: dict[str, Callable[[Layout, int, int], UnitTokens | RelationalTokens | LayerTokens]] = {
    "layers": LayerTokens,
    "units": _unit_tokens,
}


def unit_features(params: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Per hidden unit its incoming weights, bias and outgoing weights (B, H, D + 1 + C); and the output
    biases (B, C).
    """
    parts = graph_parts(params, layout)
    return torch.cat([parts.incoming, parts.biases[0].unsqueeze(2), parts.outgoing], dim=2), parts.output_bias


def from_unit_features(units: Tensor, output_bias: Tensor, layout: Layout) -> Tensor:
    """The inverse of `unit_features`: parameters (B, P)."""
    incoming, bias, outgoing = units.split((units.shape[2] - 1 - layout.classes, 1, layout.classes), dim=2)
    return from_graph_parts(GraphParts(incoming, [bias.squeeze(2)], [], outgoing, output_bias), layout)


def layer_pieces(layout: Layout, width: int) -> list[int]:
    """Sizes of the pieces: each weight and bias cut into equal parts that are no longer than ``width``."""
    pieces: list[int] = []
    for parameter in layout.parameters:
        parts = -(-parameter.size // width)
        pieces += [parameter.size // parts + (index < parameter.size % parts) for index in range(parts)]
    return pieces
