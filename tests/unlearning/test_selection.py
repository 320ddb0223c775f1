"""Choosing a network by hand-made counts."""

from dataclasses import replace

import pytest
import torch

from hyperforget.collection.bounds import Bounds
from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config import SelectionConfig
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.candidates import Candidates, class_accuracies
from hyperforget.unlearning.selection import Wanted, choose, choose_each, forgotten_up_to
from tests.unlearning.conftest import LAYOUT

SIZES = torch.tensor([10, 10, 20])
FORGET = torch.tensor([False, False, True])
WANTED = Wanted(FORGET, SIZES, torch.full((3,), torch.nan))
LOWEST = SelectionConfig(rule="lowest-forget")


def counted(
    *rows: tuple[int, int, int],
    start: list[int] | None = None,
    losses: list[tuple[float, float, float]] | None = None,
    tells: list[float] | None = None,
) -> Candidates:
    """Candidates with these correct counts, of 10, 10 and 20 images; the third class is to be forgotten."""
    count = len(rows)
    return Candidates(
        Networks(torch.zeros(count, LAYOUT.size), LAYOUT),
        torch.zeros(count, 3) if losses is None else torch.tensor(losses),
        torch.tensor(rows),
        torch.zeros(count, 3) if tells is None else torch.tensor([[9.0, 9.0, told] for told in tells]),
        torch.zeros(count, dtype=torch.int64),
        torch.arange(count) if start is None else torch.tensor(start),
    )


def highest(tolerance: float) -> SelectionConfig:
    return SelectionConfig(rule="highest-retain", tolerance=tolerance)


def test_class_accuracies_are_over_all_images_of_the_classes() -> None:
    forgotten, retained = class_accuracies(counted((10, 5, 4), (0, 0, 20)), SIZES, FORGET)
    assert forgotten.tolist() == [0.2, 1.0]
    assert retained.tolist() == [0.75, 0.0]


def test_lowest_forget_takes_the_best_retained_of_the_least_remembered() -> None:
    assert choose(counted((10, 10, 1), (5, 5, 0), (6, 5, 0), (10, 10, 20)), WANTED, LOWEST) == 2
    assert choose(counted((10, 10, 3), (1, 1, 2)), WANTED, LOWEST) == 1


def test_highest_retain_takes_the_best_within_the_tolerance() -> None:
    batch = counted((9, 9, 2), (10, 10, 3), (8, 8, 0), (10, 8, 1))
    assert choose(batch, WANTED, highest(0.0)) == 2
    assert choose(batch, WANTED, highest(0.05)) == 3
    assert choose(batch, WANTED, highest(0.1)) == 0
    assert choose(batch, WANTED, highest(0.15)) == 1
    assert choose(batch, WANTED, LOWEST) == 2


def test_of_groups_networks_have_forgotten_that_answer_no_more_than_those_that_never_saw_them() -> None:
    """Up to 5 of 20 images: answering fewer is no better, as the best on the rest is to be had."""
    wanted = replace(WANTED, forgotten_up_to=0.25)
    batch = counted((9, 9, 5), (5, 5, 0), (10, 10, 6), (8, 8, 4))
    assert choose(batch, wanted, LOWEST) == 0
    assert choose(batch, wanted, highest(0.05)) == 2
    assert choose(batch, wanted.of_groups(), LOWEST) == 2
    assert choose(batch, WANTED, LOWEST) == 1


def test_what_counts_as_forgotten_of_a_set_of_groups_is_that_of_its_images() -> None:
    nothing, sizes = torch.zeros(1, 3), torch.tensor([10, 30, 20])
    bounds = Bounds((0.4, 0.2, 0.01), (0.41, 0.21, 0.5), of_groups=True)
    of_groups = CorpusOutcomes(nothing, nothing, nothing, nothing, sizes, nothing.bool(), bounds)
    assert forgotten_up_to(of_groups, torch.tensor([True, True, False])) == pytest.approx((4 + 6) / 40)
    assert forgotten_up_to(of_groups, torch.tensor([True, False, False])) == pytest.approx(0.4)
    of_classes = CorpusOutcomes(nothing, nothing, nothing, nothing, sizes, nothing.bool())
    assert forgotten_up_to(of_classes, torch.tensor([True, True, False])) == 0.0


def test_retrained_level_takes_the_one_that_tells_the_class_as_networks_that_never_saw_it() -> None:
    config = SelectionConfig(rule="retrained-level", tolerance=0.1, margin=0.1)
    wanted = Wanted(FORGET, SIZES, torch.tensor([0.0, 0.0, 1.0]))
    rows = [(10, 10, 0), (10, 10, 2), (9, 9, 0), (9, 8, 0), (10, 10, 3)]
    assert choose(counted(*rows, tells=[4.0, 0.2, 1.2, 1.0, 1.0]), wanted, config) == 2
    assert choose(counted(*rows, tells=[4.0, 0.9, 1.2, 1.0, 1.0]), wanted, config) == 1
    # On a logarithmic scale, 2 is nearer to 1 than 0.2 is.
    assert choose(counted(*rows, tells=[1.8, 0.2, 9.0, 1.0, 1.0]), wanted, config) == 0


def test_the_level_of_retrained_networks_is_their_own_median() -> None:
    config = SelectionConfig(rule="retrained-level", tolerance=0.1, margin=0.1)
    networks = counted((10, 10, 0), (10, 9, 0), (9, 9, 0), (9, 9, 9), tells=[4.0, 0.2, 0.5, 0.4])
    wanted = Wanted.of_retrained(networks, SIZES, FORGET)
    assert wanted.level[2] == torch.tensor([4.0, 0.2, 0.5, 0.4]).median()
    assert choose(networks, wanted, config) == 2


def test_highest_retain_falls_back_on_the_least_remembered() -> None:
    assert choose(counted((10, 10, 9), (3, 3, 5), (4, 3, 5)), WANTED, highest(0.1)) == 2


@pytest.mark.parametrize("config", [LOWEST, highest(0.2)], ids=["lowest-forget", "highest-retain"])
def test_of_level_networks_the_widest_gap_of_losses_is_taken_and_then_the_first(
    config: SelectionConfig,
) -> None:
    # The classes' own counts differ, the accuracy on all retained ones does not; the first is worse on these.
    rows = [(1, 1, 0), (9, 7, 0), (8, 8, 0), (7, 9, 0)]
    losses = [(0.0, 0.0, 9.0), (1.0, 2.0, 5.0), (0.5, 0.5, 5.0), (0.1, 0.1, 4.0)]
    assert choose(counted(*rows, losses=losses), WANTED, config) == 2
    losses[3] = (0.3, 0.1, 4.8)
    assert choose(counted(*rows, losses=losses), WANTED, config) == 3
    assert choose(counted(*rows), WANTED, config) == 1


@pytest.mark.parametrize("config", [LOWEST, highest(0.0)], ids=["lowest-forget", "highest-retain"])
def test_a_start_restricts_the_choice_even_to_worse_ones(config: SelectionConfig) -> None:
    batch = counted((10, 10, 0), (5, 5, 3), (6, 5, 3), (9, 9, 4), start=[1, 0, 0, 0])
    assert choose(batch, WANTED, config) == 0
    assert choose(batch, WANTED, config, batch.start == 0) == 2
    assert choose(batch, WANTED, config, batch.start == 1) == 0


@pytest.mark.parametrize("config", [LOWEST, highest(0.2)], ids=["lowest-forget", "highest-retain"])
def test_each_start_has_a_chosen_network_of_its_own(config: SelectionConfig) -> None:
    batch = counted((10, 10, 0), (5, 5, 3), (6, 5, 3), (9, 9, 4), (1, 1, 0), start=[1, 0, 0, 4, 1])
    found = choose_each(batch, WANTED, config)
    assert found == [choose(batch, WANTED, config, batch.start == start) for start in (0, 1, 4)]
    assert batch.start[found].tolist() == [0, 1, 4]
