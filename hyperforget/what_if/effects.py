"""What forgetting one class does to another, over all sets of classes that may be forgotten beside it.

``accuracies`` are those of C classes for each of the 2 ** n sets of n free ones, (2 ** n, C), the row of a set being
its number in `hyperforget.what_if.sets`; free classes have ``places`` (n,) among the C. Sets that have a class do not
count for its own accuracy. Both functions give (n, C), float64: what forgetting the i-th free class changes in the
accuracy of class j; NaN for its own.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from hyperforget.what_if.sets import every_set, sizes_of


def mean_changes(accuracies: Tensor, places: Sequence[int]) -> Tensor:
    """The mean change of accuracy over all sets that have neither class (the Banzhaf value)."""
    count = len(places)
    return _weighted(accuracies, places, [1.0] * count, [1.0] * max(count - 1, 1))


def shapley_values(accuracies: Tensor, places: Sequence[int]) -> Tensor:
    """The Shapley value of forgetting a class for the accuracy of another: the mean change over all orders in which the
    free classes, without that other one, may be forgotten one after the other. Over the classes that may be forgotten
    it adds up to what forgetting them all changes.
    """
    count = len(places)
    return _weighted(accuracies, places, _of_orders(count), _of_orders(count - 1))


def _of_orders(players: int) -> list[float]:
    """By how many of the others came before it: the share of orders of n players in which just these did."""
    factorial = math.factorial
    return [factorial(size) * factorial(players - size - 1) / factorial(players) for size in range(players)] or [1.0]


def _weighted(
    accuracies: Tensor, places: Sequence[int], of_pivots: Sequence[float], of_free: Sequence[float]
) -> Tensor:
    """The mean change, weighted by the size of the set before it, for classes that are never forgotten, and for the
    others, over sets without them.
    """
    count, classes = len(places), accuracies.shape[1]
    numbers, values = every_set(count), accuracies.double()
    sizes = sizes_of(numbers)
    found = torch.full((count, classes), torch.nan, dtype=torch.float64)
    for player, place in enumerate(places):
        before = numbers[(numbers >> player) % 2 == 0]
        change = values[before | (1 << player)] - values[before]  # (2 ** (n - 1), C)
        weights = torch.tensor(of_pivots, dtype=torch.float64)[sizes[before]].unsqueeze(1).repeat(1, classes)
        for other, its_place in enumerate(places):
            without = (before >> other) % 2 == 0
            among = torch.tensor([*of_free, 0.0], dtype=torch.float64)[sizes[before]]
            weights[:, its_place] = torch.where(without, among, 0.0)
        found[player] = (weights * change).sum(dim=0) / weights.sum(dim=0)
        found[player, place] = torch.nan
    return found
