"""How the values that training sees are distributed, and those that prompts ask for (thesis, figures 2.7 and 2.8)."""

import numpy as np
import torch
from torch import Tensor

from hyperforget.config import ProbeConfig
from hyperforget.config.performance import Performance
from hyperforget.corpus.checkpoints import Corpus
from hyperforget.hypernet.batches import target_chances
from hyperforget.probing.alignment import prompt_values
from hyperforget.records.hypernets import DistributionRow, Role, Values

# Losses below this, in nats, count alike; their logarithms would fill most of the range.
_SMALLEST_LOSS = 1e-3
_BINS = 24


def distribution_rows(
    seen: Corpus,
    performance: Performance,
    probe: ProbeConfig,
    prompted: list[tuple[str, Role]],
    is_rebalanced: bool,
) -> list[DistributionRow]:
    """How training values, rebalanced ones and prompts are distributed, in bins that are evenly spaced, of losses on
    a logarithmic scale.

    ``seen`` holds the runs that are trained on, ``prompted`` class and role of each value that they tell.
    """
    values = seen.performance[seen.admitted()]
    scaled = _on_scale(values, performance)
    edges = torch.linspace(float(scaled.min()), float(scaled.max()), _BINS + 1)
    shares: dict[Values, Tensor] = {"train": _shares(scaled, torch.full(values.shape[:1], 1 / values.shape[0]), edges)}
    if is_rebalanced:
        shares["rebalanced"] = _shares(scaled, target_chances(values), edges)
    shares["prompts"] = _even_shares(_on_scale(prompt_values(seen, probe), performance), edges)
    bounds = (edges.exp() if performance.metric == "loss" else edges).tolist()
    return [
        DistributionRow(class_, role, of, bounds[index], bounds[index + 1], float(columns[column, index]))
        for of, columns in shares.items()
        for column, (class_, role) in enumerate(prompted)
        for index in range(_BINS)
    ]


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
