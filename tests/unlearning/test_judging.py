"""Confusion against scikit-learn, candidate rows, and what evaluation is handed."""

from dataclasses import replace

import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix

from hyperforget.config import SelectionConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.gold_standard import SplitName
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.methods import CandidateRow
from hyperforget.unlearning.candidates import StoredCandidates, make_candidates
from hyperforget.unlearning.judging import (
    candidate_rows,
    confusion_rows,
    gold_standard_of,
    predictions_of,
    selected_retrained,
    usable_row,
)

LAYOUT = PerceptronLayout((6, 8, 4))
FORGET = torch.tensor([False, True, False, True])


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split(images: int, seed: int) -> Split:
    labels = torch.randint(4, (images,), generator=generator(seed))
    return Split(torch.randn(images, 6, generator=generator(seed + 10)), labels, 4)


LABELS = (3, 5, 9, 10)
DATA = TaskData(split(90, 0), split(50, 1), split(70, 2), 0.0, 1.0, LABELS)


def batch(count: int, seed: int, chosen: int) -> StoredCandidates:
    networks = Networks(3 * initialise(LAYOUT, count, generator(seed)).params, LAYOUT)
    prompt, start = torch.arange(count) // 2, torch.arange(count) % 2
    candidates = make_candidates(networks, DATA.validation, prompt, start)
    return StoredCandidates(candidates, chosen, list(range(count)))


RETRAINED = batch(3, 20, 0)
STORED = batch(5, 21, 3)


def test_predictions_are_the_logits_of_some_networks_on_a_split() -> None:
    predictions = predictions_of(STORED, DATA)
    assert (predictions.count, predictions.chosen) == (5, 3)
    splits: dict[SplitName, Split] = {"train": DATA.train, "test": DATA.test}
    for name, images_of in splits.items():
        expected = forward(STORED.candidates.networks, images_of.images)
        torch.testing.assert_close(predictions.logits(slice(1, 4), name), expected[1:4])


def test_only_the_population_is_evaluated() -> None:
    predictions = predictions_of(replace(STORED, population=[1, 3, 4]), DATA)
    assert (predictions.count, predictions.chosen) == (3, 1)
    expected = forward(STORED.candidates.networks, DATA.test.images)
    torch.testing.assert_close(predictions.logits(slice(0, 3), "test"), expected[[1, 3, 4]])


def test_of_retrained_networks_the_one_is_selected_that_the_rule_of_other_methods_takes() -> None:
    sizes, rule = DATA.validation.class_sizes, SelectionConfig(rule="lowest-forget")
    retrained = batch(6, 22, 0)
    rows = candidate_rows("retrained", retrained, sizes, FORGET)
    best = min(rows, key=lambda row: (row.forget_accuracy, -row.retain_accuracy))
    selected = selected_retrained(retrained, DATA.validation, FORGET, rule)
    assert (rows[selected].forget_accuracy, rows[selected].retain_accuracy) == (
        best.forget_accuracy,
        best.retain_accuracy,
    )
    predictions = predictions_of(retrained, DATA, selected)
    assert (predictions.chosen, predictions.selected) == (0, selected)


def test_the_gold_standard_holds_probabilities_of_all_retrained_networks() -> None:
    standard = gold_standard_of(RETRAINED, DATA, FORGET)
    assert standard.probabilities.shape == (3, 70, 4)
    torch.testing.assert_close(standard.probabilities.sum(-1), torch.ones(3, 70))
    logits = forward(RETRAINED.candidates.networks, DATA.test.images)
    assert torch.equal(standard.probabilities.argmax(-1), logits.argmax(-1))
    assert torch.equal(standard.labels["train"], DATA.train.labels)
    assert torch.equal(standard.labels["test"], DATA.test.labels)
    assert torch.equal(standard.forget, FORGET)


def test_confusion_equals_that_of_scikit_learn() -> None:
    standard = gold_standard_of(RETRAINED, DATA, FORGET)
    rows = confusion_rows("dihyfo-1", STORED, standard, DATA)
    assert {row.method for row in rows} == {"dihyfo-1"}
    predicted = forward(STORED.candidates.networks, DATA.test.images)[3].argmax(-1)
    retrained = forward(RETRAINED.candidates.networks, DATA.test.images)[0].argmax(-1)
    members = {"retain": ~FORGET[DATA.test.labels], "test": torch.ones(70, dtype=torch.bool)}
    assert [row.set for row in rows] == ["retain"] * 16 + ["test"] * 16
    for name, member in members.items():
        found = [row for row in rows if row.set == name]
        assert sum(row.count for row in found) == int(member.sum())
        expected = confusion_matrix(retrained[member], predicted[member], labels=range(4))
        assert expected.trace() < expected.sum()
        for row in found:
            assert row.count == expected[LABELS.index(row.retrained), LABELS.index(row.predicted)]


def test_the_retrained_network_is_not_confused_with_itself() -> None:
    rows = confusion_rows("retrained", RETRAINED, gold_standard_of(RETRAINED, DATA, FORGET), DATA)
    assert sum(row.count for row in rows if row.retrained == row.predicted) == sum(row.count for row in rows)


def test_candidate_rows_hold_accuracies_on_the_split_that_selects() -> None:
    sizes = DATA.validation.class_sizes
    rows = candidate_rows("dihyfo-1", STORED, sizes, FORGET)
    labels = DATA.validation.labels
    assert [row.candidate for row in rows] == list(range(5))
    assert [row.prompt for row in rows] == [0, 0, 1, 1, 2]
    assert [row.start for row in rows] == [0, 1, 0, 1, 0]
    assert [row.chosen for row in rows] == [False, False, False, True, False]
    predicted = forward(STORED.candidates.networks, DATA.validation.images).argmax(-1)
    for row in rows:
        assert row.method == "dihyfo-1"
        for value, member in ((row.forget_accuracy, FORGET[labels]), (row.retain_accuracy, ~FORGET[labels])):
            expected = accuracy_score(labels[member], predicted[row.candidate][member])
            assert value == pytest.approx(expected, abs=1e-12)


def test_networks_without_a_prompt_say_so() -> None:
    plain = make_candidates(RETRAINED.candidates.networks, DATA.validation)
    stored = StoredCandidates(plain, 0, [0, 1, 2])
    rows = candidate_rows("retrained", stored, DATA.validation.class_sizes, FORGET)
    assert [(row.prompt, row.start) for row in rows] == [(-1, 0), (-1, 1), (-1, 2)]


def offered(method: str, *networks: tuple[int, float, float], chosen: int = 0) -> list[CandidateRow]:
    """Candidates by prompt and accuracies on the forget and the retain set."""
    return [
        CandidateRow(method, index, index, prompt, forgotten, retained, index == chosen)
        for index, (prompt, forgotten, retained) in enumerate(networks)
    ]


# The median is 0.9, so that networks are of use from 0.85 on.
SEEDS = offered("retrained", (-1, 0.0, 0.8), (-1, 0.0, 0.9), (-1, 0.5, 0.95))


@pytest.mark.parametrize(
    ("forgotten", "retained", "share"),
    [(0.01, 0.85, 1), (0.0, 1.0, 1), (0.011, 0.9, 0.5), (0.0, 0.849, 0.5)],
)
def test_a_network_is_usable_that_forgets_and_retains(forgotten: float, retained: float, share: float) -> None:
    candidates = offered("dihyfo-1", (0, 0.0, 0.9), (0, forgotten, retained))
    row = usable_row(Subject("digits", "dihyfo-1", "2"), candidates, SEEDS)
    assert (row.task, row.method, row.forget) == ("digits", "dihyfo-1", "2")
    assert (row.selection, row.set, row.metric) == ("population", "choice", "usable_share")
    assert (row.value, row.low, row.high, row.n) == (share, None, None, 2)


def test_the_usable_share_is_that_of_the_prompt_of_the_chosen_network() -> None:
    candidates = offered(
        "dihyfo-1", (0, 0.9, 0.9), (1, 0.0, 0.2), (1, 0.0, 0.9), (2, 0.0, 0.9), (1, 0.0, 0.9), chosen=4
    )
    row = usable_row(Subject("digits", "dihyfo-1", "2"), candidates, SEEDS)
    assert row.value == pytest.approx(2 / 3)
    assert row.n == 3


def test_without_prompts_all_networks_count() -> None:
    row = usable_row(Subject("digits", "retrained", "2"), SEEDS, SEEDS)
    assert row.value == pytest.approx(1 / 3)
    assert row.n == 3
