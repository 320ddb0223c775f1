"""What networks know of forgotten classes: whether they answer them, hide them or have forgotten them."""

import math
from collections.abc import Sequence
from typing import Literal

from hyperforget.forget_set import FORGOTTEN_ACCURACY

# What decides whether a class is hidden; features of other classes tell probes and relearning some of it.
DECISIVE = ("shift", "auc")
Knowledge = Literal["hides", "forgets", "answers"]


def knowledge(accuracy: float, recovered: Sequence[float], bounds: Sequence[float]) -> Knowledge | None:
    """Networks with some ``accuracy`` on the forgotten classes ``answer`` them above `FORGOTTEN_ACCURACY`; they
    ``hide`` them, where a value ``recovered`` of a `DECISIVE` metric lies above the central 95 % of retrained networks,
    the upper ``bounds`` of which are in the same order; or they have forgotten them.

    None where a value, or the bound, is not known.
    """
    if accuracy > FORGOTTEN_ACCURACY:
        return "answers"
    if any(map(math.isnan, (*recovered, *bounds))):
        return None
    return "hides" if any(map(is_above, recovered, bounds)) else "forgets"


def is_above(value: float, bound: float) -> bool:
    """Whether a value lies above a bound, by more than the last binary digits."""
    return value > bound + 1e-9
