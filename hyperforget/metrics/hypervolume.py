"""What a method can reach with its knob: how much of all trade-offs it does at least as well."""

from collections.abc import Iterable


def hypervolume(points: Iterable[tuple[float, float]]) -> float:
    """The area, in [0, 1], of the square that some of the ``points`` dominate, each two values in [0, 1] that are to be
    high; what is beyond counts as the bound.

    Zitzler and Thiele (1999), with the reference point (0, 0); for trade-offs of unlearning arXiv:2510.19226. A single
    point has the product of its values, and a point that another dominates adds nothing.
    """
    ordered = sorted(((_bounded(first), _bounded(second)) for first, second in points), reverse=True)
    area, reached = 0.0, 0.0
    for first, second in ordered:
        if second > reached:
            area += first * (second - reached)
            reached = second
    return area


def _bounded(value: float) -> float:
    return min(1.0, max(0.0, value))
