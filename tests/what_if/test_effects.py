"""What forgetting a class does to another, against the definitions by sets and by orders."""

from itertools import chain, combinations, permutations
from statistics import fmean

import pytest
import torch

from hyperforget.what_if.effects import mean_changes, shapley_values

# Of five classes, whose places are not in order, some may be forgotten.
PLACES = [[3, 0], [4, 0, 2], [1, 3, 2, 0]]


def game(count: int) -> torch.Tensor:
    return torch.rand(2**count, 5, generator=torch.Generator().manual_seed(count))


def accuracy(accuracies: torch.Tensor, places: list[int], forgotten: tuple[int, ...], of: int) -> float:
    return float(accuracies[sum(1 << places.index(place) for place in forgotten), of])


@pytest.mark.parametrize("places", PLACES, ids=len)
def test_shapley_values_are_means_over_orders(places: list[int]) -> None:
    accuracies = game(len(places))
    found = shapley_values(accuracies, places)
    for i, player in enumerate(places):
        for other in set(range(5)) - {player}:
            changes = [
                accuracy(accuracies, places, (*before, player), other) - accuracy(accuracies, places, before, other)
                for order in permutations(set(places) - {other})
                for before in [order[: order.index(player)]]
            ]
            assert found[i, other].item() == pytest.approx(fmean(changes), abs=1e-6)


@pytest.mark.parametrize("places", PLACES, ids=len)
def test_mean_changes_are_means_over_sets(places: list[int]) -> None:
    accuracies = game(len(places))
    found = mean_changes(accuracies, places)
    for i, player in enumerate(places):
        for other in set(range(5)) - {player}:
            rest = sorted(set(places) - {player, other})
            sets = chain.from_iterable(combinations(rest, size) for size in range(len(rest) + 1))
            changes = [
                accuracy(accuracies, places, (*before, player), other) - accuracy(accuracies, places, before, other)
                for before in sets
            ]
            assert found[i, other].item() == pytest.approx(fmean(changes), abs=1e-6)


@pytest.mark.parametrize("places", PLACES, ids=len)
def test_shapley_values_add_up_to_what_forgetting_all_changes(places: list[int]) -> None:
    accuracies = game(len(places))
    found = shapley_values(accuracies, places)
    for other in range(5):
        players = [i for i, place in enumerate(places) if place != other]
        every = sum(1 << i for i in players)
        change = accuracies[every, other] - accuracies[0, other]
        assert found[players, other].sum().item() == pytest.approx(change.item(), abs=1e-6)


def test_what_adds_up_over_classes_is_found_by_both() -> None:
    places, own = [2, 0, 1], torch.tensor([0.1, -0.3, 0.05])
    bits = (torch.arange(8).unsqueeze(1) >> torch.arange(3)) % 2
    accuracies = (0.5 + (bits * own).sum(dim=1, keepdim=True)).repeat(1, 5)
    for found in (shapley_values(accuracies, places), mean_changes(accuracies, places)):
        for i, place in enumerate(places):
            others = [column for column in range(5) if column != place]
            torch.testing.assert_close(found[i, others], own[i].double().expand(4), atol=1e-6, rtol=0)
            assert found[i, place].isnan()


def test_one_class_alone() -> None:
    accuracies = torch.tensor([[0.5, 0.6], [0.0, 0.9]])
    for found in (shapley_values(accuracies, [0]), mean_changes(accuracies, [0])):
        assert found[0, 1].item() == pytest.approx(0.3, abs=1e-6)
        assert found[0, 0].isnan()
