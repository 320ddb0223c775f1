"""Deeper main networks as tokens and edges: one token a unit, and the weights between hidden layers as edges.

Units of a layer share their projections and have no position, and edges are read and written with the units at their
two ends, so the hypernetwork is equivariant to permutations of every hidden layer. For one hidden layer nothing is left
but the tokens of `hyperforget.hypernet.tokens.UnitTokens`. Messages between nodes along edges that are updated too:
Kofinas et al., "Graph Neural Networks for Learning Equivariant Representations of Neural Networks" (2024).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.hypernet.linear import zero_linear
from hyperforget.hypernet.recomputing import EDGE_WIDTH, KEPT_BY_WRITER, apply_module, are_too_many, edge_counts
from hyperforget.networks.graph import Graph, GraphParts, from_graph_parts, graph_of, graph_parts
from hyperforget.networks.layout import Layout

# Numbers that are made of the two units at the ends of an edge for reading it out.
_RANK = 32
# Deviations of the weights that first add to edges, and to units.
_WRITE_STD, _MESSAGE_STD = 0.05, 0.02


class RelationalTokens(nn.Module):
    """Tokens of all units, hidden layer after hidden layer, then one of the output biases; edges apart."""

    def __init__(self, layout: Layout, width: int, vectors: int) -> None:
        super().__init__()
        self.layout = layout
        self.graph = graph_of(layout)
        graph = self.graph
        self.read_incoming = nn.Linear(vectors * graph.inputs, width, bias=False)
        # Their biases tell layers apart.
        self.read_biases = nn.ModuleList(nn.Linear(vectors, width) for _ in graph.units)
        self.read_outgoing = nn.Linear(vectors * graph.classes, width, bias=False)
        self.read_output_bias = nn.Linear(vectors * graph.classes, width)
        self.read_edges = nn.ModuleList(nn.Linear(vectors * numbers, EDGE_WIDTH) for numbers in graph.edges)
        self.write_incoming = zero_linear(width, graph.inputs)
        self.write_biases = nn.ModuleList(zero_linear(width, 1) for _ in graph.units)
        self.write_outgoing = zero_linear(width, graph.classes)
        self.write_output_bias = zero_linear(width, graph.classes)
        self.write_edges = nn.ModuleList(EdgeWriter(width, numbers) for numbers in graph.edges)

    def encode(self, vectors: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        found = [graph_parts(vector, self.layout) for vector in vectors]
        layers = [
            read(torch.stack([parts.biases[layer] for parts in found], dim=2))  # (B, n, d)
            for layer, read in enumerate(self.read_biases)
        ]
        layers[0] = layers[0] + self.read_incoming(torch.cat([parts.incoming for parts in found], dim=2))
        layers[-1] = layers[-1] + self.read_outgoing(torch.cat([parts.outgoing for parts in found], dim=2))
        output_bias = self.read_output_bias(torch.cat([parts.output_bias for parts in found], dim=1))  # (B, d)
        tokens = torch.cat([*layers, output_bias.unsqueeze(1)], dim=1)  # (B, S, d)
        edges = [
            read(torch.cat([parts.edges[layer] for parts in found], dim=3))  # (B, n after, n before, edge width)
            for layer, read in enumerate(self.read_edges)
        ]
        return tokens, edges

    def decode(self, tokens: Tensor, edges: Sequence[Tensor]) -> Tensor:
        layers = tokens.split((*self.graph.units, 1), dim=1)
        many = [are_too_many(KEPT_BY_WRITER, count) for count in edge_counts(self.graph, len(tokens))]
        parts = GraphParts(
            self.write_incoming(layers[0]),  # (B, n, D)
            [write(units).squeeze(2) for write, units in zip(self.write_biases, layers, strict=False)],
            [
                apply_module(write, between, before, after, again=again)
                for write, between, before, after, again in zip(
                    self.write_edges, edges, layers, layers[1:], many, strict=False
                )
            ],
            self.write_outgoing(layers[-2]),  # (B, n, C)
            self.write_output_bias(layers[-1].squeeze(1)),  # (B, C)
        )
        return from_graph_parts(parts, self.layout)


class EdgeWriter(nn.Module):
    """The ``numbers`` k of each edge from the edge itself and the units at its two ends."""

    def __init__(self, width: int, numbers: int) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(width, _RANK), nn.Linear(width, _RANK)
        self.expand = nn.Linear(EDGE_WIDTH + _RANK, 2 * EDGE_WIDTH)
        self.write = zero_linear(2 * EDGE_WIDTH, numbers)

    def forward(self, edges: Tensor, before: Tensor, after: Tensor) -> Tensor:
        ends = self.left(before).unsqueeze(1) * self.right(after).unsqueeze(2)  # (B, n after, n before, rank)
        hidden = F.gelu(self.expand(torch.cat([edges.to(ends.dtype), ends], dim=3)))
        found: Tensor = self.write(hidden)  # (B, n after, n before, k)
        return found


class EdgeBlock(nn.Module):
    """A message along every edge, from what the edge and the units at its ends are: added to the edge, and the mean of
    all messages of a unit to the unit. Means, unlike sums, are the same at any width of a layer.
    """

    def __init__(self, graph: Graph, width: int) -> None:
        super().__init__()
        self.units = graph.units
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(EDGE_WIDTH, 2 * EDGE_WIDTH)
        self.before, self.after = nn.Linear(width, EDGE_WIDTH), nn.Linear(width, EDGE_WIDTH)
        self.write = nn.Linear(EDGE_WIDTH, EDGE_WIDTH)
        self.to_before, self.to_after = nn.Linear(EDGE_WIDTH, width), nn.Linear(EDGE_WIDTH, width)
        for layer, deviation in (
            (self.write, _WRITE_STD),
            (self.to_before, _MESSAGE_STD),
            (self.to_after, _MESSAGE_STD),
        ):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor, *edges: Tensor) -> tuple[Tensor, ...]:
        others = tokens.shape[1] - sum(self.units)
        normed = self.norm(tokens).split((*self.units, others), dim=1)  # (B, n, d) of each layer
        change = [torch.zeros_like(layer) for layer in tokens.split((*self.units, others), dim=1)]
        found = []
        for layer, between in enumerate(edges):
            own, gate = self.read(between).chunk(2, dim=3)  # (B, n after, n before, edge width) each
            ends = self.before(normed[layer]).unsqueeze(1) + self.after(normed[layer + 1]).unsqueeze(2)
            message = F.gelu(own + ends) * (1 + gate)
            found.append(between + self.write(message))
            change[layer] = change[layer] + self.to_before(message.mean(dim=1))
            change[layer + 1] = change[layer + 1] + self.to_after(message.mean(dim=2))
        return tokens + torch.cat(change, dim=1), *found
