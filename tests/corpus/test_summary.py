"""What a corpus holds, counted by plain loops, and when it is refused."""

import numpy as np
import pytest

from hyperforget.config.specs import Requirements
from hyperforget.corpus.admission import AdmissionCounts
from hyperforget.corpus.summary import check_forgetting, check_runs, summarise_classes, summarise_forget_sets
from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet
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
        "correct": correct,
    }


def counted(arrays: dict[str, np.ndarray], classes: tuple[int, ...]) -> tuple[int, int]:
    checkpoints = forgotten = 0
    for run in range(RUNS):
        if {c for c in range(CLASSES) if arrays["rate_after"][run, c] == 0} != set(classes):
            continue
        for slot in range(1, arrays["saved"][run]):
            if arrays["step"][run, slot] > arrays["switch"][run]:
                checkpoints += 1
                accuracies = [arrays["correct"][run, slot, c] / SIZES[c] for c in classes]
                forgotten += all(accuracy <= 0.01 for accuracy in accuracies)
    return checkpoints, forgotten


@pytest.mark.parametrize("seed", range(4))
def test_forget_sets_are_counted_as_a_plain_loop_counts_them(seed: int) -> None:
    arrays = random_arrays(seed)
    forget, holdout = [ForgetSet((2,)), ForgetSet((0, 1))], [ForgetSet((1, 3))]
    rows = summarise_forget_sets(arrays, SIZES, forget, holdout)
    for row in rows:
        classes = tuple(int(label) for label in row.forget.split("-"))
        assert (row.checkpoints, row.forgotten) == counted(arrays, classes)
        assert row.holdout == (row.forget == "1-3")
    assert sum(row.checkpoints for row in rows) > 40
    assert any(0 < row.forgotten < row.checkpoints for row in rows)


def test_a_checkpoint_at_the_very_step_of_the_deletion_has_still_seen_everything() -> None:
    arrays = {
        "saved": np.array([4]),
        "switch": np.array([100]),
        "step": np.array([[0, 90, 100, 110]]),
        "rate_after": np.array([[1.0, 0.0, 1.0, 1.0]]),
        "correct": np.zeros((1, 4, CLASSES), np.int32),
    }
    assert summarise_forget_sets(arrays, SIZES, [ForgetSet((1,))], []) == [ForgetSummary("1", False, 1, 1)]


def test_sets_of_the_tables_come_first_then_the_held_out_ones_then_others_by_size() -> None:
    arrays = random_arrays(0)
    found = [row.forget for row in summarise_forget_sets(arrays, SIZES, [ForgetSet((0, 1))], [ForgetSet((1, 3))])]
    assert found == ["0-1", "1-3", "1", "2", "3", "1-2", "2-3", "1-2-3"]


def test_a_set_that_no_run_deleted_has_its_row_of_zeros() -> None:
    rows = summarise_forget_sets(random_arrays(0), SIZES, [ForgetSet((0, 1))], [])
    assert rows[0] == ForgetSummary("0-1", False, 0, 0)


def test_classes_are_summarised_by_role_accuracy_and_loss() -> None:
    losses = np.array([[0.1, 3.0], [0.3, 5.0], [0.2, 1.0], [0.4, 2.0]], np.float32)
    accuracies = np.array([[1.0, 0.01], [0.9, 0.0], [0.8, 0.5], [0.0, 0.011]])
    first, second = summarise_classes(losses, accuracies, pivots=[0])
    assert (first.class_, first.role, first.checkpoints, first.forgotten) == (0, "pivot", 4, 1)
    assert [first.lowest, first.median, first.highest] == pytest.approx([0.1, 0.25, 0.4])
    assert second == ClassSummary(1, "free", 4, 2, 1.0, 2.5, 5.0)
    assert all(type(value) is float for value in (first.lowest, first.median, first.highest))


NEEDED = Requirements(
    key="tasks.digits-4.collection", runs=1000, minimum_runs=200, minimum_forgotten=20, pivot_accuracy=0.8
)
COUNTS = AdmissionCounts(reviewed=5000, pivots_rejected=4800, levels=[])
GOOD = [ClassSummary(0, "pivot", 900, 0, 0, 0, 1), ClassSummary(1, "free", 900, 20, 0, 1, 9)]


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


def test_a_free_class_that_too_few_have_forgotten_is_told() -> None:
    weak = ClassSummary(3, "free", 900, 19, 0, 1, 9)
    message = refusal_of([*GOOD, weak], 500)
    assert message.startswith("tasks.digits-4.collection: only 19 of 900 admitted checkpoints have forgotten class 3")
    assert "fewer than minimum_forgotten = 20" in message
    assert "raise runs, steps or the task's recipe.weight_decay" in message
