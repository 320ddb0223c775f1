"""How well networks do, as hypernetworks are told."""

import torch
from torch import Tensor

from hyperforget.config.performance import Metric, Performance
from hyperforget.metrics.measuring import Outcomes


def performance_values(outcomes: Outcomes, performance: Performance) -> Tensor:
    """The numbers (..., K) that ``performance`` stands for: of each metric, one after the other, those that
    `Performance.labels` names.
    """
    parts = [_part(_values(outcomes, part.metric), part) for part in performance.parts]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def _values(outcomes: Outcomes, metric: Metric) -> Tensor:
    """A metric of every class (..., C)."""
    if metric == "loss":
        return outcomes.losses
    if metric == "discriminability":
        return outcomes.discriminability
    if metric == "separability":
        return outcomes.separability
    return outcomes.accuracies if metric == "accuracy" else (outcomes.sizes - outcomes.correct) / outcomes.sizes


def _part(values: Tensor, performance: Performance) -> Tensor:
    if performance.classes == "each":
        return values
    if performance.classes == "mean":
        return values.mean(dim=-1, keepdim=True)
    return values[..., performance.classes : performance.classes + 1]
