"""What a corpus holds, counted by plain loops, and when it is refused."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from hyperforget.collection.admission import AdmissionCounts
from hyperforget.collection.summary import (
    check_forgetting,
    check_runs,
    forgetting_of,
    summarise_classes,
    summarise_forget_sets,
)
from hyperforget.config.specs import Requirements
from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet, format_classes
from hyperforget.records.corpora import ClassSummary, ForgetSummary

RUNS, SLOTS, CLASSES = 60, 5, 4
SIZES = np.array([10, 20, 100, 200])


def random_arrays(seed: int) -> dict[str, np.ndarray]:
    """Runs that delete sets of the classes 1 to 3, with accuracies that are often 0 or just above."""
    rng = np.random.default_rng(seed)
    rates = rng.choice([0.0, 0.02, 1.0], size=(RUNS, CLASSES), p=[0.4, 0.1, 0.5]).astype(np.float32)
    rates[:, 0] = 1.0
    correct = rng.choice([0, 1, 2, 9], size=(RUNS, SLOTS, CLASSES), p=[0.6, 0.2, 0.1, 0.1])
    return {
        "saved": rng.integers(1, SLOTS + 1, size=RUNS),
        "switch": 10 * rng.integers(0, 5, size=RUNS),
        "step": 5 + 10 * np.sort(rng.integers(0, 10, size=(RUNS, SLOTS)), axis=1),
        "rate_after": rates,
        "rate_before": np.ones((RUNS, CLASSES), np.float32),
        "correct": np.where(rng.random(size=correct.shape) < 0.5, correct, SIZES),
        "discriminability": rng.exponential(size=correct.shape).astype(np.float32),
    }


def levels_by_hand(arrays: dict[str, np.ndarray]) -> list[float | None]:
    """The 97.5 percentile of the discriminability of each class where it is forgotten and was never seen."""
    levels: list[float | None] = []
    for label in range(CLASSES):
        values = [
            arrays["discriminability"][run, slot, label]
            for run in range(RUNS)
            for slot in range(1, arrays["saved"][run])
            if arrays["switch"][run] == 0
            and arrays["rate_after"][run, label] == 0
            and arrays["correct"][run, slot, label] / SIZES[label] <= 0.01
        ]
        levels.append(float(np.percentile(values, 97.5)) if values else None)
    return levels


def counted(arrays: dict[str, np.ndarray], classes: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Checkpoints of runs that deleted these, how many of them forgot them all, and how many of those hide one; and
    checkpoints that know all but these, of any run.
    """
    levels = levels_by_hand(arrays)
    checkpoints = forgotten = hidden = in_state = 0
    for run in range(RUNS):
        of_set = {c for c in range(CLASSES) if arrays["rate_after"][run, c] == 0} == set(classes)
        for slot in range(1, arrays["saved"][run]):
            accuracies = [arrays["correct"][run, slot, c] / SIZES[c] for c in range(CLASSES)]
            in_state += {c for c in range(CLASSES) if accuracies[c] < 0.5} == set(classes)
            if of_set and arrays["step"][run, slot] > arrays["switch"][run]:
                checkpoints += 1
                if all(accuracies[c] <= 0.01 for c in classes):
                    forgotten += 1
                    tells = [arrays["discriminability"][run, slot, c] for c in classes]
                    limits = [levels[c] for c in classes]
                    hidden += any(
                        level is not None and value > level for value, level in zip(tells, limits, strict=True)
                    )
    return checkpoints, forgotten, hidden, in_state


def summarised(arrays: dict[str, np.ndarray], forget: list[ForgetSet], holdout: list[ForgetSet]) -> list[ForgetSummary]:
    return summarise_forget_sets(forgetting_of(arrays, SIZES), arrays, range(CLASSES), forget, holdout)


@pytest.mark.parametrize("seed", range(4))
def test_forget_sets_are_counted_as_a_plain_loop_counts_them(seed: int) -> None:
    arrays = random_arrays(seed)
    forget, holdout = [ForgetSet((2,)), ForgetSet((0, 1))], [ForgetSet((1, 3))]
    rows = summarised(arrays, forget, holdout)
    for row in rows:
        classes = tuple(int(label) for label in row.forget.split("-"))
        assert (row.checkpoints, row.forgotten, row.hidden, row.in_state) == counted(arrays, classes)
        assert row.holdout == (row.forget == "1-3")
    assert sum(row.checkpoints for row in rows) > 40
    assert any(0 < row.forgotten < row.checkpoints for row in rows)
    assert any(0 < row.hidden < row.forgotten for row in rows)
    assert any(row.in_state > 0 for row in rows)


def test_sets_go_by_the_labels_of_the_dataset() -> None:
    arrays, found = random_arrays(0), forgetting_of(random_arrays(0), SIZES)
    plain = summarise_forget_sets(found, arrays, range(CLASSES), [ForgetSet((2,))], [ForgetSet((1, 3))])
    # The labels are not in the order of the outputs, and sets are sorted by label all the same.
    labels = [10, 7, 3, 5]
    rows = summarise_forget_sets(found, arrays, labels, [ForgetSet((3,))], [ForgetSet((5, 7))])
    assert {row.forget for row in rows} == {"3", "5-7", "3-5", "3-7", "3-5-7", "5", "7"}
    named = {row.forget: replace(row, forget="") for row in rows}
    for row in plain:
        forget = format_classes(labels[int(place)] for place in row.forget.split("-"))
        assert named[forget] == replace(row, forget="")


def test_a_checkpoint_at_the_very_step_of_the_deletion_has_still_seen_everything() -> None:
    arrays = {
        "saved": np.array([4]),
        "switch": np.array([100]),
        "step": np.array([[0, 90, 100, 110]]),
        "rate_before": np.ones((1, CLASSES)),
        "rate_after": np.array([[1.0, 0.0, 1.0, 1.0]]),
        "correct": np.zeros((1, 4, CLASSES), np.int32),
        "discriminability": np.ones((1, 4, CLASSES)),
    }
    assert summarised(arrays, [ForgetSet((1,))], []) == [ForgetSummary("1", False, 1, 1, 0, 0)]


def test_sets_of_the_tables_come_first_then_the_held_out_ones_then_others_by_size() -> None:
    arrays = random_arrays(0)
    found = [row.forget for row in summarised(arrays, [ForgetSet((0, 1))], [ForgetSet((1, 3))])]
    assert found == ["0-1", "1-3", "1", "2", "3", "1-2", "2-3", "1-2-3"]


def test_a_set_that_no_run_deleted_has_its_row_of_zeros() -> None:
    arrays = random_arrays(0)
    arrays["correct"][..., 0] = SIZES[0]
    rows = summarised(arrays, [ForgetSet((0, 1))], [])
    assert rows[0] == ForgetSummary("0-1", False, 0, 0, 0, 0)


def test_classes_are_summarised_by_role_accuracy_and_loss() -> None:
    """Two runs of two checkpoints each, after their starts; the first never saw class 1."""
    losses = np.array([[[9, 9], [0.1, 3.0], [0.3, 5.0]], [[9, 9], [0.2, 1.0], [0.4, 2.0]]], np.float32)
    arrays: dict[str, np.ndarray] = {
        "correct": np.array([[[0, 0], [1000, 10], [900, 0]], [[0, 0], [800, 500], [0, 11]]]),
        "discriminability": np.array([[[5, 5], [2.0, 0.5], [2.0, 0.25]], [[5, 5], [2.0, 3.0], [0.1, 4.0]]]),
        "saved": np.array([3, 3]),
        "switch": np.array([0, 5]),
        "rate_before": np.ones((2, 2)),
        "rate_after": np.array([[1.0, 0.0], [1.0, 0.0]]),
    }
    first, second = summarise_classes(forgetting_of(arrays, np.array([1000, 1000])), losses, [4, 7], pivots=[4])
    assert (first.class_, first.role, first.checkpoints, first.forgotten) == (4, "pivot", 4, 1)
    assert (first.never_seen, first.hidden, first.level) == (0, 0, None)
    assert [first.lowest, first.median, first.highest] == pytest.approx([0.1, 0.25, 0.4])
    assert second.level == pytest.approx(0.25 + 0.975 * 0.25)
    # Of two values, the higher one is above their 97.5 percentile.
    assert replace(second, level=0.5) == ClassSummary(7, "free", 4, 2, 2, 1, 0.5, 1.0, 2.5, 5.0)
    assert all(type(value) is float for value in (first.lowest, first.median, first.highest, second.level))


def test_a_class_is_hidden_where_it_is_forgotten_and_told_better_than_by_what_never_saw_it() -> None:
    """Class 0 was never seen by run 0 and deleted by run 1; runs 2 and 3 say nothing of it, and class 1 is known."""
    discriminability = np.zeros((4, 5, 2))
    discriminability[0, :, 0] = [9.0, 0.0, 1.0, 2.0, 3.0]  # the start says nothing
    discriminability[1, :, 0] = [9.0, 2.9, 2.92, 2.93, 7.0]
    discriminability[2, :, 0] = [9.0, 8.0, 8.0, 8.0, 8.0]
    discriminability[3, :, 0] = [9.0, 8.0, 9.0, 9.0, 9.0]
    correct = np.zeros((4, 5, 2), np.int32)
    correct[..., 1] = 100
    correct[1, 4, 0] = 2  # above what counts as forgotten
    correct[2, 1:, 0] = 100
    arrays: dict[str, np.ndarray] = {
        "correct": correct,
        "discriminability": discriminability,
        "saved": np.array([5, 5, 5, 2]),
        "switch": np.array([0, 30, 30, 30]),
        "rate_before": np.ones((4, 2)),
        "rate_after": np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]),
    }
    found = forgetting_of(arrays, np.array([100, 100]))
    assert found.levels[0] == pytest.approx(2 + 0.975 * 3 - 2)  # of 0, 1, 2 and 3, at place 2.925
    assert found.levels[1] == np.inf
    assert found.admitted.tolist() == [[False, True, True, True, True]] * 3 + [[False, True, False, False, False]]
    assert found.accuracies[2, 1].tolist() == [1.0, 1.0]
    assert found.forgotten[..., 0].sum(axis=1).tolist() == [4, 3, 0, 1]
    assert found.never_seen[..., 0].sum(axis=1).tolist() == [4, 0, 0, 0]
    assert found.hides[..., 0].tolist() == [
        [False, False, False, False, True],
        [False, False, False, True, False],
        [False] * 5,
        [False, True, False, False, False],
    ]
    assert not found.hides[..., 1].any()
    assert not found.forgotten[..., 1].any()


@pytest.mark.parametrize("seed", range(4))
def test_levels_and_counts_of_classes_are_those_of_a_plain_loop(seed: int) -> None:
    arrays = random_arrays(seed)
    rows = summarise_classes(forgetting_of(arrays, SIZES), np.ones((RUNS, SLOTS, CLASSES)), range(CLASSES), pivots=[0])
    for row, level in zip(rows, levels_by_hand(arrays), strict=True):
        forgotten = [
            (run, slot)
            for run in range(RUNS)
            for slot in range(1, arrays["saved"][run])
            if arrays["correct"][run, slot, row.class_] / SIZES[row.class_] <= 0.01
        ]
        unseen = [
            run for run, _ in forgotten if arrays["switch"][run] == 0 and arrays["rate_after"][run, row.class_] == 0
        ]
        tells = [arrays["discriminability"][run, slot, row.class_] for run, slot in forgotten]
        assert row.level == (None if level is None else pytest.approx(level))
        assert (row.forgotten, row.never_seen) == (len(forgotten), len(unseen))
        assert row.hidden == sum(level is not None and value > level for value in tells)
    assert rows[0].level is None
    assert any(row.hidden > 0 for row in rows[1:])


NEEDED = Requirements(
    key="tasks.digits-4.collection",
    runs=1000,
    minimum_runs=200,
    minimum_forgotten=20,
    never_seen=0.25,
    pivot_accuracy=0.8,
)
COUNTS = AdmissionCounts(reviewed=5000, diverged=0, pivots_rejected=4800, holdout_rejected=0, levels=[])


def summary_of(label: int, role: Literal["free", "pivot"], forgotten: int, never_seen: int) -> ClassSummary:
    return ClassSummary(label, role, 900, forgotten, never_seen, 0, 0.5, 0, 1, 9)


GOOD = [summary_of(0, "pivot", 0, 0), summary_of(1, "free", 20, 20)]


def check(classes: list[ClassSummary], runs: int) -> None:
    check_runs(runs, NEEDED, COUNTS)
    check_forgetting(classes, NEEDED)


def refusal_of(classes: list[ClassSummary], runs: int) -> str:
    with pytest.raises(UserError) as refusal:
        check(classes, runs)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_corpus_that_has_enough_of_everything_passes() -> None:
    check(GOOD, 200)


def test_too_few_runs_are_told_with_the_reason_and_what_to_change() -> None:
    message = refusal_of(GOOD, 199)
    assert message.startswith("tasks.digits-4.collection: only 199 of 1000 runs have an admitted checkpoint")
    assert "fewer than minimum_runs = 200" in message
    assert "4800 of 5000 reviewed checkpoints failed pivot_accuracy = 0.8: lower it" in message
    assert message.endswith("or raise runs or steps")


def test_too_few_runs_since_many_diverged_are_told_so() -> None:
    with pytest.raises(UserError, match="; 300 of 5000 reviewed checkpoints diverged, 4800 of 5000 "):
        check_runs(199, NEEDED, replace(COUNTS, diverged=300))


def test_a_free_class_that_too_few_have_forgotten_is_told() -> None:
    weak = summary_of(3, "free", 19, 19)
    message = refusal_of([*GOOD, weak], 500)
    assert message.startswith("tasks.digits-4.collection: only 19 of 900 admitted checkpoints have forgotten class 3")
    assert "fewer than minimum_forgotten = 20" in message
    assert "raise runs, steps or the task's recipe.weight_decay" in message


def test_a_free_class_that_too_few_have_never_seen_is_told_where_runs_were_to_leave_classes_out() -> None:
    hidden = summary_of(3, "free", 300, 19)
    message = refusal_of([*GOOD, hidden], 500)
    assert message.startswith(
        "tasks.digits-4.collection: only 19 of 300 admitted checkpoints that do not answer class 3"
    )
    assert "fewer than minimum_forgotten = 20" in message
    assert message.endswith("raise runs or never_seen, which is 0.25")
    check_forgetting([*GOOD, hidden], NEEDED.model_copy(update={"never_seen": 0.0}))
    check_forgetting([*GOOD, summary_of(3, "free", 300, 20)], NEEDED)
    check_forgetting([*GOOD, summary_of(3, "pivot", 0, 0)], NEEDED)


def test_too_few_that_have_forgotten_a_class_are_told_before_too_few_that_never_saw_it() -> None:
    assert "only 5 of 900 admitted checkpoints have forgotten" in refusal_of([summary_of(3, "free", 5, 0)], 500)
