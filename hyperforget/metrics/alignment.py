"""Whether sampled networks reach the losses that they were prompted for, over a sweep of prompts.

``observed`` are losses (..., prompts) and ``target`` broadcasts to them; results are (...).
"""

import torch
from torch import Tensor


def prompt_alignment(observed: Tensor, target: Tensor, eps: float = 1e-8) -> Tensor:
    """R² of observed against prompted losses, at most 1 (thesis, equation 2.22, as (observed - target)²).

    The total sum of squares is that of the targets, so networks stuck at their mean have 0 and worse ones less. ``eps``
    keeps equal targets from dividing by zero; what then results means nothing.
    """
    target = target.expand_as(observed)
    residual = (observed - target).square().sum(-1)
    total = (target - target.mean(-1, keepdim=True)).square().sum(-1)
    return 1 - residual / (total + eps)


def prompt_correlation(observed: Tensor, target: Tensor) -> Tensor:
    """Pearson correlation of observed and prompted losses, in [-1, 1]: direction without magnitude.

    NaN where either side does not vary, for which it is undefined (thesis, section 3.2).
    """
    target = target.expand_as(observed)
    product = (_standardised(observed) * _standardised(target)).sum(-1).clamp(-1, 1)
    varies = (observed.amax(-1) > observed.amin(-1)) & (target.amax(-1) > target.amin(-1))
    return torch.where(varies, product, torch.nan)


def _standardised(losses: Tensor) -> Tensor:
    centred = losses - losses.mean(-1, keepdim=True)
    return centred / centred.square().sum(-1, keepdim=True).sqrt()
