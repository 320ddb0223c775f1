"""The benchmark of all sets draws sets that were not collected, and compares them with retrained networks."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch

from hyperforget.what_if.sets import masks_of, sizes_of


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("what_if")


def test_sets_are_new_and_of_all_sizes(benchmark: ModuleType) -> None:
    collected = set(range(0, 64, 2))
    drawn = benchmark.drawn_sets(6, 20, collected, torch.Generator().manual_seed(0))
    assert len(set(drawn.tolist())) == 20
    assert not collected & set(drawn.tolist())
    assert sizes_of(drawn).unique().numel() >= 5


def test_changes_that_add_up_are_found_by_regression(benchmark: ModuleType) -> None:
    places, changes = [3, 0, 1], torch.tensor([[0.1, 0, -0.2, 0], [0, 0, 0.05, 0.2], [0.3, 0, 0, -0.1]])
    masks = masks_of(torch.arange(8), places, 4)
    accuracies = torch.where(masks, 0.0, 0.5 + masks[:, places].float() @ changes)
    found = benchmark.regressed_changes(accuracies, masks, places)
    for row, place in enumerate(places):
        for column in range(4):
            if column == place:
                assert found[row, column].isnan()
            else:
                assert found[row, column].item() == pytest.approx(changes[row, column].item(), abs=1e-6)


def test_values_beyond_their_limits_are_marked(benchmark: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    masks = torch.tensor([[True, False, False], [False, True, False]])
    retrained = torch.where(masks, 0.0, 0.9).unsqueeze(1)
    level = benchmark.Compared(torch.where(masks, 0.01, 0.89), retrained, masks)
    assert list(benchmark.print_levels(level)) == [True, True]
    assert "!" not in capsys.readouterr().out
    worse = benchmark.Compared(torch.where(masks, 0.03, 0.87), retrained, masks)
    assert list(benchmark.print_levels(worse)) == [False, False]
    assert "D_f, median 0.030!\nD_r - retrained, median -0.030!\n" in capsys.readouterr().out


def test_the_means_of_shapley_values_leave_out_the_class_itself(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    values = torch.tensor([[torch.nan, 0.1, 0.3], [-0.2, torch.nan, 0.0]])
    benchmark.print_values(values, [0, 1], ["A", "B", "C"])
    assert "A +0.2000, B -0.1000" in capsys.readouterr().out
    benchmark.print_changes(values, [0, 1], ["A", "B", "C"])
    printed = capsys.readouterr().out
    assert "falls most, mean over all sets: A without B -0.200" in printed
    assert "rises most, mean over all sets: C without A +0.300" in printed
