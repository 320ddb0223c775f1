"""Means and variances of more checkpoints than memory holds."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.corpus import Rows

_VALUES_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Moments:
    """Of ``count`` vectors (K,): the ``mean`` and the unbiased ``variance`` of each entry, float64 (K,)."""

    count: int
    mean: Tensor
    variance: Tensor


def moments(params: Rows, transform: Callable[[Tensor], Tensor] | None = None) -> Moments:
    """Moments of the checkpoints ``params`` (M, P), or of what ``transform`` makes of them, (B, P) to (B, K).

    A few megabytes of them are in memory at a time.
    """
    count, parameters = params.shape
    total = squares = torch.zeros(1, dtype=torch.float64)
    for rows in torch.arange(count).split(max(1, _VALUES_AT_ONCE // parameters)):
        taken = params[rows]
        values = (taken if transform is None else transform(taken)).double()
        total = total + values.sum(dim=0)
        squares = squares + values.square().sum(dim=0)
    mean = total / count
    return Moments(count, mean, (squares - count * mean.square()).clamp(min=0) / (count - 1))


def pooled_deviation(count: int, mean: Tensor, variance: Tensor, centre: Tensor) -> Tensor:
    """Standard deviation of all entries together, ``count`` values each with a ``mean`` and a ``variance``, around
    the ``centre``, which is the mean of all of them or of each part of them; a scalar.
    """
    squares = (count - 1) * variance + count * (mean - centre).square()
    return (squares.sum() / (count * squares.numel() - 1)).sqrt()
