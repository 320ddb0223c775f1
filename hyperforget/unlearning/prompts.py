"""Prompts: the class losses, or other performance, that a hypernetwork is asked for."""

from itertools import product

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config import PromptConfig
from hyperforget.config.performance import Performance
from hyperforget.metrics.performance import performance_values
from hyperforget.unlearning.levels import LevelTable, fit_levels, forgotten_by, quantile_of


def prompt_grid(
    outcomes: CorpusOutcomes,
    forget: Tensor,
    config: PromptConfig,
    performance: Performance,
    levels: LevelTable | None = None,
) -> Tensor:
    """Wanted performance (Q, K) for the forgotten classes bool (C,), from what M checkpoints of the corpus do.

    Every pair of a ``forget`` and a ``retain`` quantile is a prompt. ``conditional`` prompts ask for what networks show
    that know all classes but these, see `LevelTable.ask`: so good as the ``retain`` quantile says, 0 the best, and what
    is told of forgotten classes as far from what is expected of these networks as the ``forget`` quantile says. Whoever
    asks for several sets gives the ``levels`` that `fit_levels` has fitted to the checkpoints.

    Else a forgotten class is asked for that quantile of its losses among the checkpoints that show how it is forgotten
    (`forgotten_by`), a retained class among those that know it, each on its own. A class that no checkpoint has
    forgotten, such as a pivot, is always asked for a quantile of its highest losses; hypernetworks answer reliably only
    inside the range of losses that the corpus holds.

    Of what is told beside losses, one minus the quantile is asked for: the higher the loss the lower the
    discriminability.
    """
    pairs = list(product(config.forget, config.retain))
    prompts = torch.full((len(pairs), len(performance.parts), len(forget)), torch.nan)
    if config.conditional:
        table = fit_levels(outcomes, performance) if levels is None else levels
        asked = [table.ask(forget.unsqueeze(0), departure, goodness) for departure, goodness in pairs]
        prompts = torch.cat(asked).unflatten(1, prompts.shape[1:])
    for label, forgets in enumerate(forget.tolist()):
        if prompts[:, :, label].isnan().any():
            for prompt, (high, low) in zip(prompts, pairs, strict=True):
                prompt[:, label] = _asked(outcomes, label, performance, high if forgets else low, forgets)
    return prompts.flatten(1)  # one part of all classes after the other


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
    """What one class is asked for on its own: its loss and, where it is told, its discriminability."""
    known = outcomes.known[:, label]
    alike = forgotten_by(outcomes, label, performance) if forgets else known
    if not alike.any():
        alike = torch.ones_like(alike)
        quantile = 0.95 + 0.05 * quantile if forgets else quantile
    asked = [quantile_of(outcomes.losses[alike, label], quantile)]
    for part in performance.parts[1:]:
        asked.append(quantile_of(performance_values(outcomes, part)[alike, label], 1 - quantile))
    return torch.stack(asked)
