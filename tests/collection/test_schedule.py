"""What runs are shown, and when they are reviewed."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from hyperforget.collection.checkpoints import never_seen
from hyperforget.collection.schedule import (
    STRONGLY_UNDERSAMPLED,
    Runs,
    Schedule,
    deleted_classes,
    draw_schedule,
)
from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import Curriculum

HOLDOUT = [(0, 4), (1, 2, 3), (2,)]
PLANNED = CollectionConfig(steps=200, reviews=20, deoptimisation=0.5, never_seen=0.2, switch=(0.25, 0.75))
RUNS = 1500


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def classes_where(mask: Tensor) -> list[tuple[int, ...]]:
    return [tuple(torch.nonzero(row).flatten().tolist()) for row in mask]


def planned(holdout: list[tuple[int, ...]], config: CollectionConfig = PLANNED, seed: int = 0) -> Schedule:
    runs = Runs(PerceptronLayout((6, 3, 8)), RUNS, config, [RecipeConfig()], [5, 6, 7], holdout)
    return draw_schedule(runs, RUNS, seeded(seed))


def without(**changed: object) -> CollectionConfig:
    return PLANNED.model_copy(update=changed)


@pytest.fixture(scope="module")
def schedule() -> Schedule:
    return planned(HOLDOUT)


def test_pivots_are_never_undersampled(schedule: Schedule) -> None:
    assert schedule.curriculum.before[:, 5:].eq(1).all()
    assert schedule.curriculum.after[:, 5:].eq(1).all()


def test_three_kinds_of_runs(schedule: Schedule) -> None:
    before, after, switch = schedule.curriculum.before, schedule.curriculum.after, schedule.curriculum.switch
    deletes = switch > 0
    # Four standard deviations of a share of 1,500 draws.
    assert deletes.double().mean().item() == pytest.approx(0.5, abs=4 * (0.25 / RUNS) ** 0.5)
    assert before.eq(1).all()
    assert switch[deletes].min() >= 50
    assert switch[deletes].max() <= 150
    assert set(after[deletes].unique().tolist()) == {0.0, 1.0}
    assert after[deletes].eq(0).any(1).all()
    rates = [0.0, 0.02, 0.1, 0.3, 1.0]
    assert after[~deletes].unique().tolist() == pytest.approx(rates)


def test_runs_that_never_see_classes_leave_them_out_from_step_0_on_as_often_as_asked() -> None:
    """With rates above 0, whatever a run without a switch leaves out it was to leave out."""
    curriculum = planned(HOLDOUT, without(undersampling=[0.02, 0.3])).curriculum
    deletes = curriculum.switch > 0
    leaves_out = ~deletes & curriculum.after.eq(0).any(dim=1)
    assert leaves_out.double().mean().item() == pytest.approx(0.2, abs=4 * (0.16 / RUNS) ** 0.5)
    assert deletes.double().mean().item() == pytest.approx(0.5, abs=4 * (0.25 / RUNS) ** 0.5)
    assert set(curriculum.after[leaves_out].unique().tolist()) == {0.0, 1.0}
    assert curriculum.after[leaves_out, 5:].eq(1).all()
    left_out = set(classes_where(curriculum.after[leaves_out] == 0))
    assert not left_out & set(HOLDOUT)
    assert {(0,), (4,), (0, 1, 4), (0, 1, 2, 3, 4)} <= left_out
    segment = {
        "switch": curriculum.switch.numpy(),
        "rate_before": curriculum.before.numpy(),
        "rate_after": curriculum.after.numpy(),
    }
    assert np.array_equal(never_seen(segment).any(axis=1), leaves_out.numpy())


@pytest.mark.parametrize("seed", range(3))
def test_sets_that_are_never_seen_are_of_every_size_alike(seed: int) -> None:
    curriculum = planned([], without(deoptimisation=0.0, never_seen=1.0), seed).curriculum
    assert curriculum.switch.eq(0).all()
    unseen = curriculum.after[:, :5].eq(0)
    assert chisquare(torch.bincount(unseen.sum(1), minlength=6)[1:].numpy()).pvalue > 1e-3
    assert chisquare(unseen.sum(0).numpy()).pvalue > 1e-3
    assert not unseen.sum(1).eq(0).any()


def drawn_by_hand(runs: Runs, count: int, generator: torch.Generator) -> Curriculum:
    """What runs are shown where none leaves classes out: one that deletes them, or undersamples, after the other."""
    config, classes = runs.config, runs.layout.classes
    free = [label for label in range(classes) if label not in runs.pivots]
    kinds = torch.rand(count, generator=generator).tolist()
    places = torch.rand(count, generator=generator)
    switch, after = [], []
    for kind, place in zip(kinds, places, strict=True):
        deletes = kind < config.deoptimisation
        while True:
            smallest = 1 if deletes else 0
            size = int(torch.randint(smallest, len(free) + 1, (), generator=generator))
            chosen = sorted(free[place] for place in torch.randperm(len(free), generator=generator).tolist()[:size])
            if tuple(chosen) not in runs.holdout:
                break
        kept = [1.0] * classes
        if deletes:
            switch.append(int(config.steps * (config.switch[0] + (config.switch[1] - config.switch[0]) * place)))
            for label in chosen:
                kept[label] = 0.0
        else:
            switch.append(0)
            rates = torch.randint(len(config.undersampling), (size,), generator=generator).tolist()
            for label, rate in zip(chosen, rates, strict=True):
                kept[label] = config.undersampling[rate]
            strongly = tuple(label for label in free if kept[label] <= STRONGLY_UNDERSAMPLED)
            entirely = tuple(label for label in free if kept[label] == 0)
            if strongly in runs.holdout or entirely in runs.holdout:
                kept = [1.0] * classes
        after.append(kept)
    low, high = config.learning_rates
    learning_rates = low * (high / low) ** torch.rand(count, generator=generator)
    return Curriculum(torch.ones(count, classes), torch.tensor(after), torch.tensor(switch), learning_rates)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("holdout", [[], HOLDOUT])
def test_where_no_run_leaves_classes_out_nothing_is_drawn_for_it(holdout: list[tuple[int, ...]], seed: int) -> None:
    config = without(never_seen=0.0)
    runs = Runs(PerceptronLayout((6, 3, 8)), RUNS, config, [RecipeConfig()], [5, 6, 7], holdout)
    found, expected = planned(holdout, config, seed).curriculum, drawn_by_hand(runs, RUNS, seeded(seed))
    for name in ("before", "after", "switch"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name
    torch.testing.assert_close(found.learning_rates, expected.learning_rates)


def test_the_kinds_of_runs_that_delete_are_the_same_however_many_leave_classes_out() -> None:
    some, none = (planned(HOLDOUT, without(never_seen=share)).curriculum for share in (0.2, 0.0))
    assert torch.equal(some.switch, none.switch)


@pytest.mark.parametrize("seed", range(3))
def test_no_run_deletes_or_strongly_undersamples_exactly_a_held_out_set(seed: int) -> None:
    config = PLANNED.model_copy(update={"undersampling": [0.0, 0.02, STRONGLY_UNDERSAMPLED, 0.3]})
    after = planned(HOLDOUT, config, seed).curriculum.after
    assert not set(classes_where(after <= STRONGLY_UNDERSAMPLED)) & set(HOLDOUT)
    assert not set(classes_where(after == 0)) & set(HOLDOUT)


def test_deleted_classes_are_those_up_to_a_rate() -> None:
    rates = torch.tensor([0.3, 0.0, STRONGLY_UNDERSAMPLED, 1.0, 0.0])
    assert deleted_classes(rates) == (1, 4)
    assert deleted_classes(rates, STRONGLY_UNDERSAMPLED) == (1, 2, 4)
    assert deleted_classes(torch.ones(3)) == ()


def test_subsets_and_supersets_of_held_out_sets_occur(schedule: Schedule) -> None:
    deleted = set(classes_where(schedule.curriculum.after == 0))
    assert {(0,), (4,), (1,), (1, 2), (2, 3), (0, 1, 4), (0, 1, 2, 3), (1, 2, 3, 4), (2, 4)} <= deleted


def test_sizes_of_deleted_sets_are_uniform_and_so_are_their_members() -> None:
    curriculum = planned([]).curriculum
    deleted = (curriculum.after == 0)[curriculum.switch > 0][:, :5]
    assert chisquare(torch.bincount(deleted.sum(1))[1:].numpy()).pvalue > 1e-3
    assert chisquare(deleted.sum(0).numpy()).pvalue > 1e-3


def test_learning_rates_are_drawn_evenly_on_a_logarithmic_scale(schedule: Schedule) -> None:
    rates = schedule.curriculum.learning_rates.log2()
    assert rates.min() >= np.log2(0.7) - 1e-6
    assert rates.max() <= np.log2(1.4) + 1e-6
    counts = torch.histc(rates, 5, np.log2(0.7), np.log2(1.4))
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_runs_are_reviewed_at_their_end_and_just_before_a_deletion(schedule: Schedule) -> None:
    assert schedule.steps.tolist() == list(range(10, 201, 10))
    assert schedule.reviews.shape == (RUNS, 20)
    assert schedule.reviews[:, -1].all()
    for run in range(RUNS):
        earlier = torch.nonzero(schedule.steps <= schedule.curriculum.switch[run]).flatten()
        assert earlier.numel() == 0 or schedule.reviews[run, earlier[-1]]


@pytest.mark.parametrize("rule", ["uniform", "early", "ends"])
def test_reviews_fall_where_the_schedule_says(rule: str) -> None:
    config = PLANNED.model_copy(
        update={"review_schedule": rule, "deoptimisation": 0.0, "never_seen": 0.0, "reviews_per_run": 4.0}
    )
    density = planned([], config).reviews[:, :-1].double().mean(0)
    thirds = [density[:6].mean(), density[7:12].mean(), density[13:].mean()]
    if rule == "uniform":
        assert density.tolist() == pytest.approx([0.2] * 19, abs=4 * (0.16 / RUNS) ** 0.5)
    elif rule == "early":
        assert thirds[0] > 2 * thirds[1] > 4 * thirds[2]
    else:
        assert thirds[0] > 2 * thirds[1] < thirds[2]


def test_early_reviews_start_anew_after_a_deletion() -> None:
    config = PLANNED.model_copy(update={"deoptimisation": 1.0, "switch": (0.5, 0.5), "reviews_per_run": 4.0})
    density = planned([], config).reviews.double().mean(0)
    # Steps 10, 20, ... 200; the deletion follows step 100, and that one and the end are always reviewed.
    assert density[9] == density[19] == 1
    assert density[0] > density[6]
    assert density[10] > 2 * density[17]
    assert density[10] > 2 * density[7]


def test_where_there_are_groups_they_are_what_runs_are_shown_more_or_less_of() -> None:
    """Networks have eight outputs, and are shown five groups, of which one is a pivot and a pair is held out."""
    runs = Runs(PerceptronLayout((6, 3, 8)), RUNS, PLANNED, [RecipeConfig()], [4], [(0, 1)], groups=5)
    assert (runs.free, runs.of_groups) == ([0, 1, 2, 3], True)
    curriculum = draw_schedule(runs, RUNS, seeded(0)).curriculum
    assert curriculum.before.shape == curriculum.after.shape == (RUNS, 5)
    assert curriculum.after[:, 4].eq(1).all()
    assert (0, 1) not in classes_where(curriculum.after == 0)
