"""One hypernetwork for main networks of several widths: what of them depends on widths, and how.

Projections of units and of weights between them are shared by all units of a layer, so only two things know how many
these are: the prompt, which tells it, and the normalisation. Weights shrink as layers widen, about as one over the root
of the width, so means and logarithms of scales are linear in logarithms of widths, also for widths never seen.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Rows
from hyperforget.config.models import ArchitectureConfig
from hyperforget.errors import UserError
from hyperforget.hypernet.spaces import NormalisedSpace, fit_normalisation
from hyperforget.networks.graph import GraphParts, from_graph_parts, graph_of, graph_parts
from hyperforget.networks.layout import Layout

# Hidden units whose number is told as 0.
_USUAL_UNITS = 8


def width_scalars(layout: Layout) -> list[float]:
    """What a hypernetwork for several widths is told of those of a layout: a number for each hidden layer."""
    return [math.log(units / _USUAL_UNITS) for units in graph_of(layout).units]


def check_differs_in_widths_only(layout: Layout, other: Layout) -> None:
    """Raise `UserError` where two layouts differ in more than the units of hidden layers."""
    one, two = graph_of(layout), graph_of(other)
    alike = (one.inputs, one.edges, one.classes, len(one.units)) == (two.inputs, two.edges, two.classes, len(two.units))
    if type(layout) is not type(other) or layout.inputs != other.inputs or not alike:
        raise UserError(
            f"the hypernetwork learned from networks such as {layout.description}, and is asked for "
            f"{other.description}; allowed are networks that differ from these in the widths of hidden layers only"
        )


class SharedWeightSpace(NormalisedSpace):
    """All parameters of networks of any width, normalised.

    What is saved is the same for all layouts: ``means`` (K, 1 + L), the coefficients of the K different numbers of
    which ``mean`` (P,) consists, constant and one for the logarithm of the units of each of L hidden layers; and
    likewise ``log_scales`` (G, 1 + L) of the G parts of a network, each of which has one scale.
    """

    means: Tensor
    log_scales: Tensor

    def __init__(self, layout: Layout, architecture: ArchitectureConfig) -> None:
        super().__init__()
        self.layout = layout
        self.tokens = architecture.tokens
        self.dimension = layout.size
        numbers = [part.numel() for part in _distinct(torch.zeros(layout.size), layout)]
        features = 1 + len(graph_of(layout).units)
        self.register_buffer("means", torch.zeros(sum(numbers), features))
        self.register_buffer("log_scales", torch.zeros(len(numbers), features))
        self.register_buffer("mean", torch.zeros(layout.size), persistent=False)
        self.register_buffer("scale", torch.ones(layout.size), persistent=False)

    def _load_from_state_dict(self, *arguments: Any) -> None:
        super()._load_from_state_dict(*arguments)
        self.expand()

    def fit(self, params: Rows) -> float:
        """Fit it to checkpoints (M, P) of its own layout alone."""
        return self.fit_each([(self.layout, params)])

    def fit_each(self, corpora: Sequence[tuple[Layout, Rows]]) -> float:
        """Fit it to the checkpoints of several layouts; gives the share of their variance that it can express, 1."""
        means, log_scales = [], []
        for layout, params in corpora:
            mean, scale = fit_normalisation(params, layout, self.tokens)
            means.append(torch.cat([part.flatten() for part in _distinct(mean, layout)]))
            log_scales.append(torch.stack([part.flatten()[0].log() for part in _distinct(scale, layout)]))
        layouts = [layout for layout, _ in corpora]
        self.means = fit_by_widths(torch.stack(means), layouts)
        self.log_scales = fit_by_widths(torch.stack(log_scales), layouts)
        self.expand()
        return 1.0

    def expand(self) -> None:
        """Set ``mean`` and ``scale`` to what the coefficients say of the layout's widths."""
        features = _features([self.layout], self.means.dtype)[0].to(self.means.device)
        shape = _distinct(torch.zeros(self.layout.size), self.layout)
        sizes = [part.numel() for part in shape]
        means = (self.means @ features).split(sizes)
        scales = (self.log_scales @ features).exp()
        self.mean = _repeated([mean.view(part.shape) for mean, part in zip(means, shape, strict=True)], self.layout)
        self.scale = _repeated(
            [scale.expand(part.shape) for scale, part in zip(scales, shape, strict=True)], self.layout
        )


def fit_by_widths(values: Tensor, layouts: Sequence[Layout]) -> Tensor:
    """Coefficients (K, 1 + L) of the values (N, K) of N layouts: constant, and of the logarithm of the units of each of
    L hidden layers.

    By least squares around the mean of these logarithms; where they do not tell one line from another, as of a single
    layout, the flattest is taken.
    """
    features = _features(layouts, torch.float64)[:, 1:]  # (N, L)
    centre, level = features.mean(dim=0), values.double().mean(dim=0)
    # By the pseudo-inverse, since layers that widen together have no slopes of their own.
    slopes = torch.linalg.pinv(features - centre, rtol=1e-9) @ (values.double() - level)  # (L, K)
    return torch.cat([(level - centre @ slopes).unsqueeze(1), slopes.T], dim=1).to(values.dtype)


def _features(layouts: Sequence[Layout], dtype: torch.dtype) -> Tensor:
    """(N, 1 + L)."""
    return torch.tensor([[1.0, *width_scalars(layout)] for layout in layouts], dtype=dtype)


def _distinct(values: Tensor, layout: Layout) -> list[Tensor]:
    """Of values (P,) that all units of a layer share, those of the first units, part after part of the graph."""
    parts = graph_parts(values.unsqueeze(0), layout)
    return [
        parts.incoming[0, 0],  # (D,)
        *(biases[0, 0] for biases in parts.biases),
        *(edges[0, 0, 0] for edges in parts.edges),  # (k,) each
        parts.outgoing[0, 0],  # (C,)
        parts.output_bias[0],  # (C,)
    ]


def _repeated(distinct: Sequence[Tensor], layout: Layout) -> Tensor:
    """The inverse of `_distinct`: values (P,)."""
    graph = graph_of(layout)
    units, layers = graph.units, len(graph.units)
    incoming, *between, outgoing, output_bias = distinct
    parts = GraphParts(
        incoming.expand(1, units[0], -1),
        [bias.expand(1, count) for bias, count in zip(between[:layers], units, strict=True)],
        [
            edges.expand(1, after, before, -1)
            for edges, before, after in zip(between[layers:], units, units[1:], strict=False)
        ],
        outgoing.expand(1, units[-1], -1),
        output_bias.unsqueeze(0),
    )
    return from_graph_parts(parts, layout)[0]
