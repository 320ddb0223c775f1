"""Main networks as graphs of units: what each unit reads and is read by, whatever kind of network it is part of.

A unit is a hidden unit of a perceptron, or a channel of a convolution. Units of one layer have no order of their own:
to permute them, with all that they read and are read by, leaves the function as it is.
"""

from dataclasses import dataclass

from torch import Tensor

from hyperforget.networks.layout import Layout


@dataclass(frozen=True)
class Graph:
    """Of a layout: the numbers ``inputs`` D that a unit of the first layer reads beside its bias, ``units`` of each
    hidden layer, numbers of each edge from one hidden layer to the next in ``edges``, and ``classes`` C.
    """

    inputs: int
    units: tuple[int, ...]
    edges: tuple[int, ...]
    classes: int


@dataclass(frozen=True)
class GraphParts:
    """The parameters of B networks by units: ``incoming`` (B, n₁, D), ``biases`` (B, nₗ) of each hidden layer,
    ``edges`` (B, nₗ₊₁, nₗ, k) between hidden layers, ``outgoing`` (B, n of the last, C), and ``output_bias`` (B, C).
    """

    incoming: Tensor
    biases: list[Tensor]
    edges: list[Tensor]
    outgoing: Tensor
    output_bias: Tensor


def graph_of(layout: Layout) -> Graph:
    """The graph of a layout."""
    first, *between, last = [parameter.shape for parameter in layout.parameters[::2]]
    weights = [first, *between]
    sizes = [parameter.size for parameter in layout.parameters[::2]]
    return Graph(
        sizes[0] // first[0],
        tuple(weight[0] for weight in weights),
        tuple(size // (shape[0] * shape[1]) for size, shape in zip(sizes[1:-1], between, strict=True)),
        last[0],
    )


def graph_parts(params: Tensor, layout: Layout) -> GraphParts:
    """Parameters (B, P) by units."""
    parts = layout.split(params)
    return GraphParts(
        parts[0].flatten(2),
        parts[1:-2:2],
        [weight.flatten(3) if weight.dim() > 3 else weight.unsqueeze(3) for weight in parts[2:-2:2]],
        parts[-2].transpose(1, 2),
        parts[-1],
    )


def from_graph_parts(parts: GraphParts, layout: Layout) -> Tensor:
    """The inverse of `graph_parts`: parameters (B, P)."""
    # Flat, a weight is the same whatever the shape of its kernel.
    flat = [parts.incoming, parts.biases[0]]
    for edges, bias in zip(parts.edges, parts.biases[1:], strict=True):
        flat += [edges, bias]
    return layout.join([*flat, parts.outgoing.transpose(1, 2), parts.output_bias])
