"""A task whose classes are some labels of its dataset, not the first ones and in another order: whatever is asked for,
written and handed over goes by these labels.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from sklearn.datasets import load_digits
from torch import nn

from hyperforget.config.slices import report_spec
from hyperforget.records.corpora import ClassSummary, ForgetSummary, LevelCount
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import AlignmentRow, DistributionRow, PromptRow
from hyperforget.records.methods import ConfusionRow, MetricRow
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from tests.made_once import made_once
from tests.stages.tiny_pipeline import TASK, job, run, settings

pytestmark = pytest.mark.pipeline

# Neither is a class known by its place: that of 9 is 0, and that of 3 is 1.
LABELS, PIVOTS, FREE = [9, 3, 5, 7], [3, 5], [9, 7]
CONFIG = settings(
    tasks={
        TASK: {
            "classes": LABELS,
            "hidden": [8],
            "pivots": PIVOTS,
            "forget": ["9"],
            "holdout": ["7"],
            "collection": {"pivot_accuracy": 0.3, "minimum_forgotten": 1},
            "recipe": {"steps": 200},
        }
    },
    models={"gpt": {"metric_class": 9}},
)
CODE = [Path(metric.file or "") for metric in CONFIG.metrics.values()]
HANDED_OVER = ("retrained", "bias", "mask", "nearest", "dihyfo-1")


def run_all(results: Path) -> None:
    folder = results / TASK
    dataset, corpus, originals = folder / "dataset.json", folder / "corpus.json", folder / "original.json"

    def do(stage: str, names: dict[str, str], **files: Path | list[Path]) -> None:
        run(job(stage, results, {"task": TASK, **names}, CONFIG, **files))

    do("fetch_dataset", {}, token=dataset)
    shards = [folder / "corpus" / f"shard-{shard}.json" for shard in range(2)]
    for shard, token in enumerate(shards):
        do("collect_checkpoints", {"corpus": "corpus", "shard": str(shard)}, dataset=dataset, token=token)
    tables = {name: folder / f"corpus-{name.replace('_', '-')}.csv" for name in ("classes", "forget_sets", "bins")}
    do("assemble_corpus", {"corpus": "corpus"}, dataset=dataset, segments=shards, token=corpus, **tables)
    do("train_reference", {"method": "original"}, dataset=dataset, token=originals)
    for model in ("dihyfo-1", "gpt"):
        token, history = folder / model / "hypernet.json", folder / model / "history.csv"
        do("train_hypernet", {"model": model}, dataset=dataset, corpora=[corpus], token=token, history=history)
        told = {name: folder / model / f"{name}.csv" for name in ("alignment", "prompts", "distribution")}
        do("probe_hypernet", {"model": model}, dataset=dataset, corpus=corpus, hypernet=token, **told)
    told = {"dataset": dataset, "corpus": corpus, "hypernet": folder / "dihyfo-1" / "hypernet.json"}
    do("sweep_unlearned", {"method": "dihyfo-1"}, **told, trade_off=folder / "dihyfo-1" / "trade-off.csv")
    read = {
        "retrained": ("train_reference", {}),
        "bias": ("edit_original", {"originals": originals}),
        "mask": ("edit_original", {"originals": originals}),
        "nearest": ("look_up_checkpoints", {"corpus": corpus}),
        "dihyfo-1": ("sample_unlearned", {"corpus": corpus, "hypernet": folder / "dihyfo-1" / "hypernet.json"}),
    }
    for forget in ("9", "7-9"):
        tokens = []
        for method, (stage, inputs) in read.items():
            place = folder / method / f"forget-{forget}"
            made = {"token": place.with_suffix(".json"), "network": place.with_suffix(".safetensors")}
            do(stage, {"method": method, "forget": forget}, dataset=dataset, **inputs, **made)
            tokens.append(made["token"])
        found = {kind: folder / f"forget-{forget}-{kind}.csv" for kind in ("candidates", "confusion")}
        metrics = folder / f"forget-{forget}.csv"
        do("evaluate", {"forget": forget}, dataset=dataset, networks=tokens, code=CODE, metrics=metrics, **found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stages write about the task."""
    return made_once(tmp_path_factory, "class-labels", run_all) / TASK


def answers(path: Path) -> tuple[dict[int, float], dict[int, float]]:
    """Of a network that was handed over, by the digit of scikit-learn's images and by nothing else of ours: accuracy on
    the images of each digit, and the share of all images that it takes for the digit.
    """
    with safe_open(path, "pt") as file:
        about = file.metadata()
    inputs, hidden, outputs = map(int, about["sizes"].split("-"))
    network = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
    network.load_state_dict(load_file(path))
    images, digits = load_digits(return_X_y=True)
    pixels = torch.from_numpy(images[np.isin(digits, LABELS)]).float()
    digit = torch.from_numpy(digits[np.isin(digits, LABELS)])
    labels = torch.tensor([int(label) for label in about["labels"].split("-")])
    answered = labels[network((pixels - float(about["mean"])) / float(about["std"])).argmax(-1)]
    accuracy = {label: float((answered == label)[digit == label].float().mean()) for label in LABELS}
    return accuracy, {label: float((answered == label).float().mean()) for label in LABELS}


@pytest.mark.parametrize("method", ["retrained", "bias", "mask"])
@pytest.mark.parametrize("forget", ["9", "7-9"])
def test_the_digit_that_was_asked_for_is_forgotten_and_all_others_are_known(
    folder: Path, method: str, forget: str
) -> None:
    accuracy, share = answers(folder / method / f"forget-{forget}.safetensors")
    forgotten = {int(label) for label in forget.split("-")}
    for label in LABELS:
        if label in forgotten:
            # No training image is given to a lowered bias, and hardly another one.
            assert share[label] <= 0.005
        else:
            assert accuracy[label] > 0.6


@pytest.mark.parametrize("method", HANDED_OVER)
def test_a_network_that_is_handed_over_says_which_output_is_which_digit(folder: Path, method: str) -> None:
    with safe_open(folder / method / "forget-7-9.safetensors", "pt") as file:
        about = file.metadata()
    assert (about["labels"], about["forget"], about["sizes"]) == ("9-3-5-7", "7-9", "64-8-4")


def test_a_checkpoint_that_is_looked_up_does_not_answer_the_digit(folder: Path) -> None:
    accuracy, share = answers(folder / "nearest" / "forget-9.safetensors")
    assert share[9] <= 0.02
    assert accuracy[3] > 0.3
    assert accuracy[5] > 0.3


def test_metrics_are_of_the_digit(folder: Path) -> None:
    rows = read_rows(folder / "forget-9.csv", MetricRow)
    assert {row.forget for row in rows} == {"9"}
    names = ("accuracy", "chosen", "bias")
    found = {row.set: row.value for row in rows if (row.metric, row.selection, row.method) == names}
    assert found["forget"] <= 0.01
    assert found["retain"] > 0.75


def test_confusion_is_between_digits(folder: Path) -> None:
    rows = read_rows(folder / "forget-9-confusion.csv", ConfusionRow)
    of_bias = [row for row in rows if (row.method, row.set) == ("bias", "test")]
    assert [(row.retrained, row.predicted) for row in of_bias] == [(row, other) for row in LABELS for other in LABELS]
    assert {label: sum(row.count for row in of_bias if row.predicted == label) for label in LABELS}[9] <= 1
    assert all(sum(row.count for row in of_bias if row.predicted == label) > 20 for label in (3, 5, 7))


def test_tables_of_the_corpus_name_digits(folder: Path) -> None:
    classes = read_rows(folder / "corpus-classes.csv", ClassSummary)
    roles = {row.class_: row.role for row in classes}
    assert roles == {9: "free", 3: "pivot", 5: "pivot", 7: "free"}
    assert all(row.forgotten == 0 for row in classes if row.role == "pivot")
    assert all(row.forgotten > 0 for row in classes if row.role == "free")
    levels = read_rows(folder / "corpus-bins.csv", LevelCount)
    assert list(dict.fromkeys(row.class_ for row in levels)) == FREE
    sets = {row.forget: row for row in read_rows(folder / "corpus-forget-sets.csv", ForgetSummary)}
    assert list(sets) == ["9", "7", "7-9"]
    assert (sets["7"].holdout, sets["7"].checkpoints, sets["9"].holdout) == (True, 0, False)
    assert sets["9"].forgotten > 0


def test_what_was_probed_is_named_by_digit(folder: Path) -> None:
    each = [("9", "free"), ("3", "pivot"), ("5", "pivot"), ("7", "free")]
    for model, expected in (("dihyfo-1", each), ("gpt", [("9", "free")])):
        for file, kind in (("alignment", AlignmentRow), ("prompts", PromptRow), ("distribution", DistributionRow)):
            rows: list[Any] = read_rows(folder / model / f"{file}.csv", kind)
            assert list(dict.fromkeys((row.class_, row.role) for row in rows)) == expected
    assert report_spec(CONFIG, {}).performances["gpt"].classes == 9


def test_sweeps_are_of_the_sets_of_the_configuration(folder: Path) -> None:
    rows = read_rows(folder / "dihyfo-1" / "trade-off.csv", TradeOffRow)
    assert [row.forget for row in rows] == ["9", "9", "7", "7"]


def test_what_is_stored_names_digits(folder: Path) -> None:
    store = Store(folder.parent / "store")

    def stored(token: str) -> dict[str, Any]:
        return store.read_attributes(read_token(folder / token).object_id)

    assert stored("dataset.json")["labels"] == LABELS
    assert stored("gpt/hypernet.json")["performance"] == {"metric": "error", "classes": 9}
    segment = stored("corpus/shard-0.json")
    assert (segment["spec"]["pivots"], segment["spec"]["holdout"]) == (PIVOTS, [[7]])
    assert list(dict.fromkeys(row["class_"] for row in segment["admission"]["levels"])) == FREE
    assert stored("bias/forget-7-9.json")["forget"] == "7-9"
