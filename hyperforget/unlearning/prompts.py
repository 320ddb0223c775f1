"""Prompts: the class losses, or other performance, that a hypernetwork is asked for."""

from itertools import product

import torch
from torch import Tensor

from hyperforget.config import PromptConfig
from hyperforget.forget_set import FORGOTTEN_ACCURACY

# A checkpoint counts as knowing a class from this accuracy on.
KNOWN_ACCURACY = 0.5


def prompt_grid(losses: Tensor, accuracies: Tensor, forget: Tensor, config: PromptConfig) -> Tensor:
    """Wanted losses (K, C) in nats for a forget set, from losses (M, C) and accuracies (M, C) of checkpoints.

    Every pair of a ``forget`` and a ``retain`` quantile is a prompt: a forgotten class is asked for that quantile of
    its losses among the checkpoints that have forgotten it, a retained class among those that know it. A class that no
    checkpoint has forgotten, such as a pivot, is asked for a quantile of its highest losses instead; hypernetworks
    answer reliably only inside the range of losses that the corpus holds.
    """
    prompts = []
    for high, low in product(config.forget, config.retain):
        prompts.append(
            torch.stack(
                [
                    _forgotten_loss(losses[:, label], accuracies[:, label], high)
                    if forget[label]
                    else _known_loss(losses[:, label], accuracies[:, label], low)
                    for label in range(losses.shape[1])
                ]
            )
        )
    return torch.stack(prompts)


def best_prompt(losses: Tensor, performance: Tensor, share: float) -> Tensor:
    """The prompt (K,) for a network as good as the best of M checkpoints, of class losses (M, C).

    It is the median of ``performance`` (M, K), as a hypernetwork is told it, over that ``share`` of checkpoints, one at
    least, whose mean losses are the lowest. They have been that good at all classes at once; quantiles of each class on
    its own ask for more than any network can do, since a class fares better where others were deleted.
    """
    count = max(1, round(share * losses.shape[0]))
    best = losses.mean(dim=1).topk(count, largest=False).indices
    return performance[best].quantile(0.5, dim=0)


def _forgotten_loss(losses: Tensor, accuracies: Tensor, quantile: float) -> Tensor:
    forgotten = losses[accuracies <= FORGOTTEN_ACCURACY]
    return _quantile(forgotten, quantile) if forgotten.numel() else _quantile(losses, 0.95 + 0.05 * quantile)


def _known_loss(losses: Tensor, accuracies: Tensor, quantile: float) -> Tensor:
    known = losses[accuracies >= KNOWN_ACCURACY]
    return _quantile(known if known.numel() else losses, quantile)


def _quantile(values: Tensor, quantile: float) -> Tensor:
    """Linear between order statistics; `torch.quantile` refuses more than 16 million values."""
    ordered = values.sort().values
    place = quantile * (ordered.numel() - 1)
    lower = int(place)
    upper = min(lower + 1, ordered.numel() - 1)
    return torch.lerp(ordered[lower], ordered[upper], place - lower)
