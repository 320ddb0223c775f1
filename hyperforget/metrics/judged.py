"""Whether a metric tells networks that know a class from networks that never saw it."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hyperforget.metrics.trust import Trust, trust

_RESAMPLES = 2000

Better = Literal["higher", "lower", "retrained"]


@dataclass(frozen=True)
class Area:
    """An area under the ROC curve with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def further(better: Better, values: Tensor, level: float) -> Tensor:
    """How much worse values are than ``level``, that of retrained networks; of one shape with ``values``."""
    if better == "retrained":
        return (values - level).abs()
    return values if better == "lower" else -values


def area(within: Tensor, without: Tensor) -> Area:
    """The chance that one of K values (K,) is above one of U others (U,), ties counting half (Mann and Whitney, 1947),
    and its 95 % interval: both sides drawn anew with replacement, the same draws at every call.
    """
    generator = torch.Generator().manual_seed(0)
    above = (within.unsqueeze(1) > without).double() + (within.unsqueeze(1) == without).double() / 2  # (K, U)
    rows, columns = (
        torch.randint(len(side), (_RESAMPLES, len(side)), generator=generator) for side in (within, without)
    )
    # How often each value is drawn, so that a product of matrices sums over all pairs.
    counts = [
        torch.zeros(_RESAMPLES, len(side), dtype=torch.float64).scatter_add_(1, drawn, torch.ones(drawn.shape).double())
        for side, drawn in ((within, rows), (without, columns))
    ]
    means = ((counts[0] @ above) * counts[1]).sum(dim=1) / above.numel()
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Area(float(above.mean()), low, high)


def verdict(originals: Area, hidden: Area) -> Trust:
    """What to make of a metric by its areas."""
    return trust(originals.low, hidden.low)
