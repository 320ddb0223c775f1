"""Seconds of a processor, of what is done again and again: what other processes do meanwhile does not count."""

import time
from collections.abc import Callable
from statistics import median

_MOST_TRIALS, _SECONDS = 20, 0.25


def median_seconds(work: Callable[[], object]) -> float:
    """Median over at most twenty trials, as many as go into a quarter of a second.

    A first one, in which caches are filled, does not count, unless it takes longer than all others may.
    """
    first = seconds_of(work)
    if first > _SECONDS:
        return first
    taken = [seconds_of(work)]
    while len(taken) < _MOST_TRIALS and sum(taken) < _SECONDS:
        taken.append(seconds_of(work))
    return median(taken)


def seconds_of(work: Callable[[], object]) -> float:
    """Of all threads of this process."""
    clock = time.process_time()
    work()
    return time.process_time() - clock


def rounded(seconds: float) -> float:
    """To four digits that count."""
    return float(f"{seconds:.4g}")
