"""How the values that training sees are distributed, and those that prompts ask for (thesis, figures 2.7 and 2.8)."""

import numpy as np
import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import ProbeConfig
from hyperforget.config.performance import Performance
from hyperforget.hypernet.batches import target_chances
from hyperforget.probing.alignment import Prompted, prompt_values
from hyperforget.records.hypernets import DistributionRow, Values

# Losses below this, in nats, count alike; their logarithms would fill most of the range.
_SMALLEST_LOSS = 1e-3
_BINS = 24


def distribution_rows(
    seen: Corpus,
    performance: Performance,
    probe: ProbeConfig,
    prompted: list[Prompted],
    is_rebalanced: bool,
) -> list[DistributionRow]:
    """How training values, rebalanced ones and prompts are distributed, in bins that are evenly spaced for each metric,
    of losses on a logarithmic scale.

    ``seen`` holds the runs that are trained on, ``prompted`` says what each value that they tell is of.
    """
    values, asked = seen.performance[seen.admitted()], prompt_values(seen, probe)
    even = torch.full(values.shape[:1], 1 / values.shape[0])
    weights: dict[Values, Tensor] = {"train": even}
    if is_rebalanced:
        weights["rebalanced"] = target_chances(values)
    rows = []
    for part in performance.parts:
        columns = [index for index, of in enumerate(prompted) if of.metric == part.metric]
        scaled = _on_scale(values[:, columns], part)
        edges = torch.linspace(float(scaled.min()), float(scaled.max()), _BINS + 1)
        shares = {of: _shares(scaled, each, edges) for of, each in weights.items()}
        shares["prompts"] = _even_shares(_on_scale(asked[columns], part), edges)
        bounds = (edges.exp() if part.metric == "loss" else edges).tolist()
        rows += [
            DistributionRow(
                part.metric,
                prompted[column].class_,
                prompted[column].role,
                of,
                bounds[index],
                bounds[index + 1],
                float(found[line, index]),
            )
            for of, found in shares.items()
            for line, column in enumerate(columns)
            for index in range(_BINS)
        ]
    return rows


def _on_scale(values: Tensor, performance: Performance) -> Tensor:
    return values.clamp(min=_SMALLEST_LOSS).log() if performance.metric == "loss" else values


def _shares(scaled: Tensor, weights: Tensor, edges: Tensor) -> Tensor:
    """Shares (K, bins) of weighted checkpoints (M, K) between edges."""
    columns = scaled.T.contiguous()
    bins = (torch.bucketize(columns, edges, right=True) - 1).clamp(0, _BINS - 1)
    counts = [torch.bincount(row, weights.double(), minlength=_BINS) for row in bins]
    return torch.stack(counts)


def _even_shares(prompts: Tensor, edges: Tensor) -> Tensor:
    """Shares (K, bins) between edges of what lies evenly between neighbouring prompts (K, prompts)."""
    passed = torch.linspace(0, 1, prompts.shape[1]).numpy()
    below = [np.interp(edges.numpy(), row.numpy(), passed) for row in prompts]
    return torch.from_numpy(np.diff(np.stack(below), axis=1))
