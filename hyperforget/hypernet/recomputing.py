"""What training keeps for the backward pass, and what is computed again there instead, to save memory (Chen et al.,
2016).

Edges between wide hidden layers are many more than units, so what comes of them is computed again, whatever a
configuration says, where it would take more than `MOST_BYTES`.
"""

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from hyperforget.networks.graph import Graph

# Numbers that stand for an edge.
EDGE_WIDTH = 24
# Tensors of the size of all edges that a block on edges keeps, and that writing edges does.
KEPT_BY_BLOCK, KEPT_BY_WRITER = 6, 7
# What all blocks on edges may keep together, and each writer of edges.
MOST_BYTES = 2 * 10**9
_FLOAT_BYTES = 4


def apply_module(module: nn.Module, *values: Any, again: bool) -> Any:
    """What a module gives for some values; with ``again``, it keeps nothing but these of its way there."""
    if again and torch.is_grad_enabled():
        return checkpoint(module, *values, use_reentrant=False)
    return module(*values)


def are_too_many(tensors: int, edges: int) -> bool:
    """Whether so many tensors of so many edges, of all networks of a batch, are more than training keeps."""
    return _bytes(tensors, edges) > MOST_BYTES


def edge_bytes(graph: Graph, batch: int, blocks: int) -> int:
    """About how many bytes a training step keeps of the edges of ``batch`` networks in ``blocks`` blocks, float32; in
    bfloat16 it is half of it.
    """
    counts = edge_counts(graph, batch)
    edges, again = sum(counts), [0]
    kept = KEPT_BY_BLOCK * blocks * edges
    if are_too_many(KEPT_BY_BLOCK * blocks, edges):
        kept = blocks * edges  # what each block begins with
        again.append(KEPT_BY_BLOCK * edges)
    for count in counts:
        if are_too_many(KEPT_BY_WRITER, count):
            again.append(KEPT_BY_WRITER * count)
        else:
            kept += KEPT_BY_WRITER * count
    return _bytes(1, kept + max(again))


def edge_counts(graph: Graph, batch: int) -> list[int]:
    """Edges between each two hidden layers of ``batch`` networks."""
    return [batch * before * after for before, after in zip(graph.units, graph.units[1:], strict=False)]


def _bytes(tensors: int, edges: int) -> int:
    return tensors * edges * EDGE_WIDTH * _FLOAT_BYTES
