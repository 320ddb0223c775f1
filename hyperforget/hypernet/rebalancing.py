"""Which values training asks for: as often as the corpus holds them, or evenly over their range.

A corpus holds some values far more often than others, while prompts are spaced evenly. The thesis (section 2.3.2,
figures 2.7 to 2.9) resamples the training set to cover the range of prompts alike; here the checkpoint that a pair
leads to is drawn with chances that do the same.
"""

from dataclasses import replace

import torch
from torch import Tensor

from hyperforget.corpus import Corpus

_LEVELS = 20
# Share of checkpoints at either end that joins the outermost level. Prompts hardly reach there, and the few highest
# losses of a corpus would have most levels for themselves.
_TAIL = 0.05


def rebalanced(corpus: Corpus) -> Corpus:
    """The corpus with chances that spread the later checkpoint of drawn pairs evenly over the range of what it tells.

    Where it tells several values, one of them is picked at random for each pair.
    """
    admitted = corpus.admitted()
    chances = torch.zeros(admitted.shape, dtype=torch.float64)
    chances[admitted] = target_chances(corpus.performance[admitted])
    cumulative = chances.flatten().cumsum(0)
    return replace(corpus, cumulative=cumulative / cumulative[-1])


def target_chances(values: Tensor) -> Tensor:
    """Chances (M,), float64, of M checkpoints with ``values`` (M, K): every level of a value is equally likely.

    Levels are as wide as each other, since prompts are evenly spaced; those without a checkpoint are left out. Of
    several values each has its way for an equal share of draws.
    """
    columns = []
    for column in values.unbind(dim=1):
        low, high = column.quantile(_TAIL), column.quantile(1 - _TAIL)
        width = (high - low).clamp(min=torch.finfo(column.dtype).tiny)
        level = ((column - low) / width * _LEVELS).clamp(0, _LEVELS - 1).long()
        chances = 1 / torch.bincount(level, minlength=_LEVELS)[level].double()
        columns.append(chances / chances.sum())
    return torch.stack(columns).mean(dim=0)
