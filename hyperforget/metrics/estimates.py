"""How a method stands by a metric: its value, how sure that is, and how far it lies from that of retrained networks."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from hyperforget.metrics.judged import Better
from hyperforget.metrics.summaries import summarise

_RESAMPLES = 1000
_BOUNDS = torch.tensor([0.025, 0.975], dtype=torch.float64)
# Half of the length of the 95 % interval of a normal distribution, in standard errors.
_ERRORS = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A ``value`` of ``count`` networks, with the ``bounds`` of its 95 % interval, what it would have been with other
    networks, ``draws`` float64 (R,), and the central 95 % of networks, None of what only all of them together have.
    """

    value: float
    bounds: tuple[float, float]
    draws: Tensor
    count: int
    spread: tuple[float, float] | None = None


def estimate_of_networks(values: Tensor, seed: int) -> Estimate:
    """The median over networks of ``values`` float64 (N,), by a percentile bootstrap over networks.

    With one ``seed`` populations of one size are drawn by the same places, so that networks which edit the same
    originals stay beside each other; that of retrained networks has another.
    """
    value, low, high, count = summarise(values)
    draws = values[_places(count, seed)].quantile(0.5, dim=1)
    return Estimate(value, interval(draws), draws, count, None if low is None or high is None else (low, high))


def estimate_of_population(value: float, bounds: tuple[float, float], count: int, seed: int) -> Estimate:
    """What only all networks together have, as a normal distribution that has these ``bounds`` of 95 %."""
    generator = torch.Generator().manual_seed(seed)
    error = (bounds[1] - bounds[0]) / 2 / _ERRORS
    draws = value + error * torch.randn(_RESAMPLES, generator=generator, dtype=torch.float64)
    return Estimate(value, bounds, draws, count)


def interval(draws: Tensor) -> tuple[float, float]:
    """The central 95 % of draws (R,)."""
    low, high = draws.quantile(_BOUNDS).tolist()
    return low, high


def distance(of: Estimate, retrained: Estimate, better: Better) -> tuple[float, Tensor]:
    """How much worse than retrained networks, float and draws (R,): the distance to their value where good values are
    like it, else the side on which worse ones lie, so that it is below 0 of what is better.
    """
    value, draws = of.value - retrained.value, of.draws - retrained.draws
    if better == "retrained":
        return abs(value), draws.abs()
    return (value, draws) if better == "lower" else (-value, -draws)


def jackknife_bounds(value: float, left_out: Tensor) -> tuple[float, float]:
    """The 95 % interval of a ``value`` that is at least 0 from those without each of G groups of networks, ``left_out``
    (G,): the jackknife (Efron and Stein, 1981).
    """
    groups = len(left_out)
    error = float(((left_out - left_out.mean()).square().sum() * (groups - 1) / groups).sqrt())
    return max(0.0, value - _ERRORS * error), value + _ERRORS * error


@cache
def _places(count: int, seed: int) -> Tensor:
    return torch.randint(count, (_RESAMPLES, count), generator=torch.Generator().manual_seed(seed))
