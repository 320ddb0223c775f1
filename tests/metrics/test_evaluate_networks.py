"""Rows of every metric against scikit-learn, scipy and plain numpy."""

import dataclasses
import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

from hyperforget.errors import UserError
from hyperforget.metrics.bootstrap import median_intervals
from hyperforget.metrics.evaluate import Predictions, Subject, evaluate_networks
from hyperforget.metrics.gold_standard import GoldStandard, SplitName
from hyperforget.metrics.registry import METRICS
from hyperforget.records.methods import MetricRow

NETWORKS, SEEDS, CLASSES = 7, 5, 4
SAMPLES: dict[SplitName, int] = {"train": 80, "test": 60}
Logits = dict[SplitName, torch.Tensor]
LABELS = {split: torch.arange(samples) % CLASSES for split, samples in SAMPLES.items()}
FORGET = torch.tensor([False, False, True, True])


def about(method: str) -> Subject:
    return Subject("toy", method, "2-3")


def random_logits(networks: int, split: SplitName, seed: int) -> torch.Tensor:
    """Networks that answer the true class more often than not, each with its own errors."""
    generator = torch.Generator().manual_seed(1000 * seed + SAMPLES[split])
    noise = torch.randn(networks, SAMPLES[split], CLASSES, generator=generator)
    return 2 * noise + 2.5 * torch.nn.functional.one_hot(LABELS[split], CLASSES)


LOGITS = {split: random_logits(NETWORKS, split, 1) for split in SAMPLES}
RETRAINED_LOGITS = {split: random_logits(SEEDS, split, 2) for split in SAMPLES}
STANDARD = GoldStandard(LABELS, FORGET, RETRAINED_LOGITS["test"].softmax(-1))


def predictions_of(logits: Logits, chosen: int) -> Predictions:
    return Predictions(lambda networks, split: logits[split][networks], len(logits["test"]), chosen)


def rows_of_method(**options: int) -> list[MetricRow]:
    return evaluate_networks(predictions_of(LOGITS, chosen=5), STANDARD, about("dihyfo-1"), **options)


def rows_of_retrained() -> list[MetricRow]:
    return evaluate_networks(predictions_of(RETRAINED_LOGITS, chosen=0), STANDARD, about("retrained"))


def find(rows: list[MetricRow], selection: str, name: str, metric: str) -> MetricRow:
    (row,) = [row for row in rows if (row.selection, row.set, row.metric) == (selection, name, metric)]
    return row


def assert_summarises(row: MetricRow, values: list[float]) -> None:
    assert row.value == pytest.approx(np.median(values), abs=1e-6)
    assert [row.low, row.high] == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-6)
    assert row.n == len(values)


def softmax(logits: torch.Tensor) -> np.ndarray:
    exponential = np.exp(logits.double().numpy())
    return np.asarray(exponential / exponential.sum(-1, keepdims=True))


def attack(logits: Logits, network: int) -> tuple[float, float]:
    probabilities = {split: softmax(logits[split][network]) for split in SAMPLES}
    entropy = {split: -(p * np.log(p)).sum(-1) for split, p in probabilities.items()}
    forgotten = {split: FORGET[labels].numpy() for split, labels in LABELS.items()}
    members = entropy["train"][~forgotten["train"]]
    x = np.concatenate([members, entropy["test"]])[:, None]
    y = np.concatenate([np.ones(len(members)), np.zeros(len(entropy["test"]))])
    predict = LogisticRegression(class_weight="balanced").fit(x, y).predict
    return tuple(predict(entropy[split][forgotten[split]][:, None]).mean() for split in ("train", "test"))


def divergence(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean([jensenshannon(x, y, base=2) ** 2 for x, y in zip(a, b, strict=True)]))


@pytest.mark.parametrize("rows", [rows_of_method(), rows_of_retrained()], ids=["method", "retrained"])
def test_rows_cover_exactly_the_registered_metrics_and_sets(rows: list[MetricRow]) -> None:
    # The usable share is no metric of outputs, it follows from the candidates; what is brought back is measured apart.
    apart = {"usable_share", "shift", "auc", "probe", "relearn_10", "relearn_50"}
    measured = [metric for metric in METRICS.values() if metric.name not in apart]
    expected = [(metric.name, name) for metric in measured for name in metric.sets]
    for selection in ("chosen", "population"):
        assert [(row.metric, row.set) for row in rows if row.selection == selection] == expected
    # The first retrained network is compared with all others anyway.
    paired = [key for key in expected if METRICS[key[0]].paired and rows[0].method != "retrained"]
    assert [(row.metric, row.set) for row in rows if row.selection == "chosen-to-all"] == paired
    assert len(rows) == 2 * len(expected) + len(paired)


def test_fields_are_the_columns_and_hold_plain_numbers() -> None:
    columns = ["task", "method", "forget", "selection", "set", "metric", "value", "low", "high", "n"]
    columns += ["median_low", "median_high"]
    assert [field.name for field in dataclasses.fields(MetricRow)] == columns
    for row in rows_of_method() + rows_of_retrained():
        assert (row.task, row.forget) == ("toy", "2-3")
        assert type(row.value) is float
        assert type(row.n) is int
        assert all(type(bound) is (float if row.n > 1 else type(None)) for bound in (row.low, row.high))
        known = row.metric == "accuracy" and row.set in ("retain", "forget")
        bounds = (row.median_low, row.median_high)
        assert all(type(bound) is (float if known else type(None)) for bound in bounds)


@pytest.mark.parametrize(
    ("name", "split", "classes"),
    [
        ("retain", "test", (0, 1)),
        ("forget", "test", (2, 3)),
        ("test", "test", (0, 1, 2, 3)),
        ("retain-train", "train", (0, 1)),
        ("forget-train", "train", (2, 3)),
    ],
)
def test_accuracy_equals_scikit_learn(name: str, split: SplitName, classes: tuple[int, ...]) -> None:
    keep = torch.isin(LABELS[split], torch.tensor(classes))
    predictions = LOGITS[split].argmax(-1)
    values = [accuracy_score(LABELS[split][keep], predicted[keep]) for predicted in predictions]
    rows = rows_of_method()
    assert find(rows, "chosen", name, "accuracy").value == values[5]
    assert_summarises(find(rows, "population", name, "accuracy"), values)


@pytest.mark.parametrize(("name", "forgotten"), [("retain", False), ("forget", True)])
def test_intervals_of_accuracies_are_over_the_images_of_the_set(name: str, forgotten: bool) -> None:
    correct = (LOGITS["test"].argmax(-1) == LABELS["test"])[:, FORGET[LABELS["test"]] == forgotten]
    alone, everyone = median_intervals(correct, [[5], range(NETWORKS)])
    rows = rows_of_method(chunk=2)
    for selection, expected in (("chosen", alone), ("population", everyone)):
        row = find(rows, selection, name, "accuracy")
        assert (row.median_low, row.median_high) == expected
        assert expected[0] < row.value < expected[1]


@pytest.mark.parametrize("name", ["retain", "forget", "test"])
def test_paired_metrics_compare_with_retrained_seed_0(name: str) -> None:
    forgotten = FORGET[LABELS["test"]].numpy()
    keep = {"retain": ~forgotten, "forget": forgotten, "test": forgotten | True}[name]
    p, q = softmax(LOGITS["test"]), softmax(RETRAINED_LOGITS["test"])[0]
    divergences = [divergence(network[keep], q[keep]) for network in p]
    overlaps = [float((network[keep].argmax(-1) == q[keep].argmax(-1)).mean()) for network in p]
    rows = rows_of_method()
    for metric, values in (("jsd", divergences), ("overlap", overlaps)):
        assert_summarises(find(rows, "population", name, metric), values)
        chosen = find(rows, "chosen", name, metric)
        assert chosen.value == pytest.approx(values[5], abs=1e-6)
        assert (chosen.low, chosen.high, chosen.n) == (None, None, 1)


@pytest.mark.parametrize("chunk", [1, 2, 16])
def test_the_chosen_network_is_compared_with_every_retrained_seed_too(chunk: int) -> None:
    chosen, seeds = softmax(LOGITS["test"])[5], softmax(RETRAINED_LOGITS["test"])
    rows = rows_of_method(chunk=chunk)
    for metric, compare in (
        ("jsd", divergence),
        ("overlap", lambda p, q: float((p.argmax(-1) == q.argmax(-1)).mean())),
        ("activation_distance", lambda p, q: float(np.linalg.norm(p - q, axis=-1).mean())),
    ):
        values = [compare(chosen, seed) for seed in seeds]
        assert_summarises(find(rows, "chosen-to-all", "test", metric), values)


def test_retrained_rows_are_the_noise_floor() -> None:
    p = softmax(RETRAINED_LOGITS["test"])
    rows = rows_of_retrained()
    with_seed_0 = [divergence(p[0], p[seed]) for seed in range(1, SEEDS)]
    assert_summarises(find(rows, "chosen", "test", "jsd"), with_seed_0)
    pairs = [divergence(p[i], p[j]) for i, j in combinations(range(SEEDS), 2)]
    assert_summarises(find(rows, "population", "test", "jsd"), pairs)
    assert find(rows, "chosen", "test", "accuracy").n == 1
    assert find(rows, "population", "test", "accuracy").n == SEEDS


def test_the_selected_retrained_network_is_compared_with_all_others() -> None:
    predictions = dataclasses.replace(predictions_of(RETRAINED_LOGITS, chosen=0), selected=3)
    rows = evaluate_networks(predictions, STANDARD, about("retrained"), membership_networks=2)
    p = softmax(RETRAINED_LOGITS["test"])
    assert_summarises(
        find(rows, "selected", "test", "jsd"), [divergence(p[3], p[seed]) for seed in range(SEEDS) if seed != 3]
    )
    assert find(rows, "selected", "forget-train", "mia").value == pytest.approx(attack(RETRAINED_LOGITS, 3)[0])
    right = (RETRAINED_LOGITS["test"][3].argmax(-1) == LABELS["test"]) & ~FORGET[LABELS["test"]]
    expected = float(right.sum() / (~FORGET[LABELS["test"]]).sum())
    assert find(rows, "selected", "retain", "accuracy").value == pytest.approx(expected)
    # The rows of seed 0 and of all, which the thesis' tables show, stay as they are.
    others = [row for row in rows if row.selection != "selected"]
    assert others == evaluate_networks(
        predictions_of(RETRAINED_LOGITS, chosen=0), STANDARD, about("retrained"), membership_networks=2
    )


def test_membership_inference_and_its_control() -> None:
    values = [attack(LOGITS, network) for network in range(NETWORKS)]
    rows = rows_of_method()
    for column, (metric, name) in enumerate((("mia", "forget-train"), ("mia_test", "forget"))):
        assert find(rows, "chosen", name, metric).value == pytest.approx(values[5][column])
        assert_summarises(find(rows, "population", name, metric), [value[column] for value in values])


def test_membership_networks_limits_the_population_and_keeps_the_chosen_one() -> None:
    values = [attack(LOGITS, network)[0] for network in range(NETWORKS)]
    rows = rows_of_method(membership_networks=3)
    assert_summarises(find(rows, "population", "forget-train", "mia"), values[:3])
    assert find(rows, "chosen", "forget-train", "mia").value == pytest.approx(values[5])
    others = [[row for row in some if "mia" not in row.metric] for some in (rows, rows_of_method())]
    assert others[0] == others[1]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_chunks_change_nothing_and_no_more_is_asked_for(chunk: int) -> None:
    asked: list[int] = []

    def logits(networks: slice, split: SplitName) -> torch.Tensor:
        asked.append(networks.stop - networks.start)
        return LOGITS[split][networks]

    predictions = Predictions(logits, NETWORKS, chosen=5)
    rows = evaluate_networks(predictions, STANDARD, about("dihyfo-1"), chunk=chunk)
    assert rows == rows_of_method(chunk=NETWORKS)
    assert max(asked) <= chunk
    # The chosen one is asked once more, to be compared with all retrained networks.
    assert sum(asked) == 2 * NETWORKS + 1


def test_chunks_leave_the_noise_floor_alone() -> None:
    predictions = predictions_of(RETRAINED_LOGITS, chosen=0)
    assert evaluate_networks(predictions, STANDARD, about("retrained"), chunk=2) == rows_of_retrained()


def test_inputs_are_left_alone() -> None:
    before = LOGITS["train"].clone(), LOGITS["test"].clone(), STANDARD.probabilities.clone()
    rows_of_method()
    after = LOGITS["train"], LOGITS["test"], STANDARD.probabilities
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_one_retrained_seed_has_no_noise_floor() -> None:
    standard = dataclasses.replace(STANDARD, probabilities=STANDARD.probabilities[:1])
    predictions = predictions_of({split: logits[:1] for split, logits in RETRAINED_LOGITS.items()}, chosen=0)
    rows = evaluate_networks(predictions, standard, about("retrained"))
    assert {row.metric for row in rows} == {"accuracy", "mia", "mia_test"}
    assert all((row.n, row.low, row.high) == (1, None, None) for row in rows)


def test_an_infinite_phi_stays_infinite_and_never_becomes_undefined() -> None:
    logits = {split: values.clone() for split, values in LOGITS.items()}
    logits["test"][0] *= 200
    rows = evaluate_networks(predictions_of(logits, chosen=0), STANDARD, about("bias"))
    chosen, population = (find(rows, selection, "test", "phi") for selection in ("chosen", "population"))
    assert chosen.value == population.low == -math.inf
    assert math.isfinite(population.value)
    assert population.high is not None
    assert math.isfinite(population.high)


def test_broken_network_is_named() -> None:
    logits = {split: values.clone() for split, values in LOGITS.items()}
    logits["test"][4, 3, 2] = torch.nan
    message = "network 4 of finetune on toy, forget set 2-3, .* test outputs are not all finite"
    with pytest.raises(UserError, match=message):
        evaluate_networks(predictions_of(logits, chosen=0), STANDARD, about("finetune"), chunk=3)


def test_set_without_images_is_named() -> None:
    standard = dataclasses.replace(STANDARD, labels=LABELS | {"train": LABELS["train"] % 2})
    with pytest.raises(UserError, match="'forget-train': there are no training images of the forgotten"):
        evaluate_networks(predictions_of(LOGITS, chosen=0), standard, about("bias"))


@pytest.mark.parametrize(
    ("change", "method", "message"),
    [
        ({"chosen": 7}, "bias", "chosen network 7"),
        ({"chosen": 5}, "retrained", "seed 0 chosen"),
        ({"selected": 7}, "retrained", "chosen network 7"),
        ({"chunk": 0}, "bias", "at least 1"),
        ({"forget": FORGET.long()}, "bias", "must be boolean"),
        ({"probabilities": STANDARD.probabilities[0]}, "bias", "retrained probabilities must be"),
        ({"probabilities": STANDARD.probabilities[:0]}, "bias", "retrained probabilities must be"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(change: dict[str, Any], method: str, message: str) -> None:
    fields = {key: value for key, value in change.items() if key in ("forget", "probabilities")}
    predictions = Predictions(lambda *_: LOGITS["test"], NETWORKS, change.get("chosen", 0), change.get("selected"))
    standard = dataclasses.replace(STANDARD, **fields)
    with pytest.raises(ValueError, match=message):
        evaluate_networks(predictions, standard, about(method), chunk=change.get("chunk", 16))
