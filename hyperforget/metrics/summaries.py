"""What is told of many networks' values: their median, and between which bounds most of them lie."""

from torch import Tensor


def summarise(values: Tensor) -> tuple[float, float | None, float | None, int]:
    """Median, 2.5 and 97.5 percentiles and number of ``values`` float64 (N,); one alone has no bounds."""
    ordered = values.sort().values.tolist()
    if len(ordered) == 1:
        return ordered[0], None, None, 1
    median, low, high = (_percentile(ordered, share) for share in (0.5, 0.025, 0.975))
    return median, low, high, len(ordered)


def _percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between order statistics, as in numpy, but without turning phi's -inf into NaN."""
    position = share * (len(ordered) - 1)
    below = int(position)
    weight = position - below
    if weight == 0 or ordered[below] == ordered[below + 1]:
        return ordered[below]
    return (1 - weight) * ordered[below] + weight * ordered[below + 1]
