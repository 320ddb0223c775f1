"""Prompts: the class losses, or other performance, that a hypernetwork is asked for."""

from itertools import product

import torch
from torch import Tensor

from hyperforget.config import PromptConfig
from hyperforget.config.performance import Performance
from hyperforget.corpus.checkpoints import KNOWN_ACCURACY, CorpusOutcomes
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.metrics.performance import performance_values


def prompt_grid(outcomes: CorpusOutcomes, forget: Tensor, config: PromptConfig, performance: Performance) -> Tensor:
    """Wanted performance (Q, K) for the forgotten classes bool (C,), from what M checkpoints of the corpus do.

    Every pair of a ``forget`` and a ``retain`` quantile is a prompt: a forgotten class is asked for that quantile of
    its losses among the checkpoints that have forgotten it, a retained class among those that know it. A class that no
    checkpoint has forgotten, such as a pivot, is asked for a quantile of its highest losses instead; hypernetworks
    answer reliably only inside the range of losses that the corpus holds.

    Where a model is told discriminability, checkpoints count as having forgotten a class only if their runs never saw
    it: what these still tell of it is what retrained networks would. Of losses and discriminability both are then
    asked for, the higher the loss the lower the discriminability.
    """
    columns = [
        [
            _asked(outcomes, label, performance, (high if forget[label] else low), bool(forget[label]))
            for label in range(len(forget))
        ]
        for high, low in product(config.forget, config.retain)
    ]
    return torch.stack([torch.stack(column).T.flatten() for column in columns])


def best_prompt(losses: Tensor, performance: Tensor, share: float) -> Tensor:
    """The prompt (K,) for a network as good as the best of M checkpoints, of class losses (M, C).

    It is the median of ``performance`` (M, K), as a hypernetwork is told it, over that ``share`` of checkpoints, one at
    least, whose mean losses are the lowest. They have been that good at all classes at once; quantiles of each class on
    its own ask for more than any network can do, since a class fares better where others were deleted.
    """
    count = max(1, round(share * losses.shape[0]))
    best = losses.mean(dim=1).topk(count, largest=False).indices
    return performance[best].quantile(0.5, dim=0)


def _asked(outcomes: CorpusOutcomes, label: int, performance: Performance, quantile: float, forgets: bool) -> Tensor:
    """What one class is asked for: its loss and, where it is told, its discriminability."""
    accuracies, losses = outcomes.accuracies[:, label], outcomes.losses[:, label]
    alike = accuracies <= FORGOTTEN_ACCURACY if forgets else accuracies >= KNOWN_ACCURACY
    if forgets and performance.also and outcomes.forgotten(label).any():
        alike = outcomes.forgotten(label)
    if not alike.any():
        alike = torch.ones_like(alike)
        quantile = 0.95 + 0.05 * quantile if forgets else quantile
    asked = [_quantile(losses[alike], quantile)]
    for part in performance.parts[1:]:
        asked.append(_quantile(performance_values(outcomes, part)[alike, label], 1 - quantile))
    return torch.stack(asked)


def _quantile(values: Tensor, quantile: float) -> Tensor:
    """Linear between order statistics; `torch.quantile` refuses more than 16 million values."""
    ordered = values.sort().values
    place = quantile * (ordered.numel() - 1)
    lower = int(place)
    upper = min(lower + 1, ordered.numel() - 1)
    return torch.lerp(ordered[lower], ordered[upper], place - lower)
