"""A task that forgets groups of images goes through all stages that it has: whatever is told, deleted, masked and asked
for goes by groups, and networks answer classes.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from hyperforget.collection.checkpoints import load_outcomes
from hyperforget.collection.stored import find_corpus
from hyperforget.config import load_config
from hyperforget.config.slices import report_spec
from hyperforget.data.splits import load_task_data
from hyperforget.errors import UserError
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.networks.forward import forward
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.corpora import ClassSummary
from hyperforget.records.costs import CostRow
from hyperforget.records.files import read_rows, write_rows
from hyperforget.records.hypernets import AlignmentRow
from hyperforget.records.methods import CandidateRow, ConfusionRow, MetricRow
from hyperforget.report.figures import write_figures
from hyperforget.report.matrix import answer_matrix
from hyperforget.report.page import render_report
from hyperforget.report.results import Metrics
from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER
from hyperforget.report.tables.thesis import write_tables
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import load_candidates
from tests.made_once import made_once
from tests.stages.tiny_pipeline import TASK, TINY_MODEL, VALUES, job, run

pytestmark = pytest.mark.pipeline

# Labels are no places: the group 8 is the first, and 2, the pivot, the last.
GROUPS, CLASSES, FORGET = [8, 5, 2], [3, 0, 1], "8"


def of_sensors(path: Path) -> None:
    """Images of three classes, of which three sensors have own pixels, so that one says nothing of another."""
    generator = np.random.default_rng(0)
    labels, groups = np.tile([0, 1, 3], 240), np.repeat(GROUPS, 240)
    images = generator.normal(0, 0.3, (720, 3, 3)).astype(np.float32)
    rows = np.arange(720)
    images[rows, np.searchsorted([2, 5, 8], groups), np.searchsorted([0, 1, 3], labels)] += 3
    np.savez(path, images=images, labels=labels, groups=groups)


def configured(folder: Path) -> Any:
    task = VALUES["tasks"][TASK]
    return load_config(
        {
            **{key: VALUES[key] for key in ("prompts", "probe", "optimizers", "evaluation")},
            "tasks": {
                TASK: task
                | {
                    "dataset": {"source": "npz", "path": str(folder / "sensors.npz")},
                    "classes": CLASSES,
                    "groups": GROUPS,
                    "hidden": [9],
                    "pivots": [2],
                    "forget": [FORGET],
                    "holdout": ["5"],
                    "recipe": {"steps": 200, "learning_rate": 0.3},
                    "collection": task["collection"] | {"steps": 150, "admission": "relaxed", "shards": 1},
                    "strangers": {"count": 0},
                }
            },
            "models": {"dihyfo-1": TINY_MODEL | {"told": ["loss"]}},
            "rivals": ["nearest", "finetune", "cf-k"],
        }
    )


def run_all(results: Path) -> None:
    results.mkdir(exist_ok=True)
    of_sensors(results / "sensors.npz")
    config, folder = configured(results), results / TASK
    dataset, corpus, originals = folder / "dataset.json", folder / "corpus.json", folder / "original.json"

    def do(stage: str, names: dict[str, str], **files: Path | list[Path]) -> None:
        run(job(stage, results, {"task": TASK, **names}, config, **files))

    do("fetch_dataset", {}, token=dataset)
    shard = folder / "corpus" / "shard-0.json"
    do("collect_checkpoints", {"corpus": "corpus", "shard": "0"}, dataset=dataset, token=shard)
    tables = {name: folder / f"corpus-{name.replace('_', '-')}.csv" for name in ("classes", "forget_sets", "bins")}
    do("assemble_corpus", {"corpus": "corpus"}, dataset=dataset, segments=[shard], token=corpus, **tables)
    do("train_reference", {"method": "original"}, dataset=dataset, token=originals)
    token, history = folder / "dihyfo-1" / "hypernet.json", folder / "dihyfo-1" / "history.csv"
    do("train_hypernet", {"model": "dihyfo-1"}, dataset=dataset, corpora=[corpus], token=token, history=history)
    asked = {"dataset": dataset, "corpus": corpus, "hypernet": token}
    told = {name: folder / "dihyfo-1" / f"{name}.csv" for name in ("alignment", "prompts", "distribution")}
    do("probe_hypernet", {"model": "dihyfo-1"}, **asked, **told)
    curves = folder / "dihyfo-1" / "optimizers.csv"
    do("compare_optimizers", {"model": "dihyfo-1"}, **asked, curves=curves)
    inputs: dict[str, tuple[str, dict[str, Path]]] = {
        "retrained": ("train_reference", {"dataset": dataset}),
        "nearest": ("look_up_checkpoints", {"dataset": dataset, "corpus": corpus}),
        "finetune": ("edit_original", {"dataset": dataset, "originals": originals}),
        "cf-k": ("edit_original", {"dataset": dataset, "originals": originals}),
        "dihyfo-1": ("sample_unlearned", asked),
        "dihyfo-1-edit": ("sample_edited", {**asked, "originals": originals}),
    }
    for forget in (FORGET, "5"):
        for method, (stage, read) in inputs.items():
            place = folder / method / f"forget-{forget}"
            made = {"token": place.with_suffix(".json"), "network": place.with_suffix(".safetensors")}
            do(stage, {"method": method, "forget": forget}, **read, **made)
        do(
            "evaluate",
            {"forget": forget},
            dataset=dataset,
            networks=[folder / method / f"forget-{forget}.json" for method in inputs],
            metrics=folder / f"forget-{forget}.csv",
            candidates=folder / f"forget-{forget}-candidates.csv",
            confusion=folder / f"forget-{forget}-confusion.csv",
        )
    parts = [folder / f"forget-{forget}.csv" for forget in (FORGET, "5")]
    run(job("gather_metrics", results, {}, config, parts=parts, metrics=results / "metrics.csv"))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "groups", run_all)


def test_networks_answer_classes_and_are_told_groups(results: Path) -> None:
    store, folder = Store(results / "store"), results / TASK
    data = load_task_data(store, folder / "dataset.json")
    assert (data.labels, data.answered) == (tuple(GROUPS), tuple(CLASSES))
    corpus = find_corpus(folder)
    assert (corpus.layout, corpus.labels, corpus.answered) == (PerceptronLayout((9, 9, 3)), (8, 5, 2), (3, 0, 1))
    assert {row.class_ for row in read_rows(folder / "corpus-classes.csv", ClassSummary)} == set(GROUPS)
    model = load_hypernetwork(store, folder / "dihyfo-1" / "hypernet.json", data.labels).model
    assert model.told_of == 3
    assert {row.class_ for row in read_rows(folder / "dihyfo-1" / "alignment.csv", AlignmentRow)} == {"8", "5", "2"}
    with safe_open(folder / "dihyfo-1" / f"forget-{FORGET}.safetensors", "pt") as file:
        assert file.metadata()["labels"] == "3-0-1"


def test_retrained_networks_never_saw_the_group_and_know_all_others(results: Path) -> None:
    """Sensors share no pixels, so that who never saw one can but guess: far above nothing, far below those that did."""
    store, folder = Store(results / "store"), results / TASK
    test = load_task_data(store, folder / "dataset.json").test
    networks = load_candidates(store, folder / "retrained" / f"forget-{FORGET}.json").candidates.networks
    right = forward(networks, test.images).argmax(-1) == test.targets
    unseen, seen = (right[:, (test.labels == 0) == of].float().mean() for of in (True, False))
    assert unseen < 0.6
    assert seen > 0.9
    rows = read_rows(folder / f"forget-{FORGET}.csv", MetricRow)
    [row] = [
        row
        for row in rows
        if (row.method, row.selection, row.set, row.metric) == ("retrained", "population", "forget", "accuracy")
    ]
    assert row.value == pytest.approx(float(right[:, test.labels == 0].float().mean(dim=1).median()), abs=0.02)


def test_what_counts_as_forgotten_is_what_checkpoints_reach_that_never_saw_a_group(results: Path) -> None:
    store, folder = Store(results / "store"), results / TASK
    sizes = load_task_data(store, folder / "dataset.json").validation.class_sizes
    outcomes = load_outcomes(store, folder / "corpus.json", sizes)
    assert outcomes.bounds.of_groups
    for place in (0, 1):
        reached = outcomes.accuracies[outcomes.never_seen[:, place], place]
        expected = float(np.quantile(reached.double().numpy(), 0.975)) + 0.01
        assert outcomes.bounds.forgotten[place] == pytest.approx(expected, abs=1e-5)
        # Far above what counts as forgotten of a class.
        assert outcomes.bounds.forgotten[place] > 0.1
    stored = store.read_attributes(read_token(folder / "corpus.json").object_id, kind="corpus")
    assert stored["bounds"]["of_groups"]


def test_usable_are_networks_that_answer_no_more_than_retrained_ones(results: Path) -> None:
    rows = read_rows(results / TASK / f"forget-{FORGET}-candidates.csv", CandidateRow)
    of_retrained = [row for row in rows if row.method == "retrained"]
    [share] = [
        row.value
        for row in read_rows(results / TASK / f"forget-{FORGET}.csv", MetricRow)
        if (row.method, row.metric) == ("retrained", "usable_share")
    ]
    kept = np.median([row.retain_accuracy for row in of_retrained]) - 0.05
    assert share == pytest.approx(np.mean([row.retain_accuracy >= kept - 1e-9 for row in of_retrained]))
    assert share > 0


def test_what_has_no_output_is_not_measured_and_confusion_is_of_classes(results: Path) -> None:
    folder = results / TASK
    metrics = {row.metric for row in read_rows(folder / f"forget-{FORGET}.csv", MetricRow)}
    assert not metrics & {"shift", "auc", "probe"}
    assert metrics >= {"accuracy", "mia", "phi", "relearn_10", "relearn_50", "usable_share"}
    rows = read_rows(folder / f"forget-{FORGET}-confusion.csv", ConfusionRow)
    assert {row.retrained for row in rows} == {row.predicted for row in rows} == set(CLASSES)


def test_tables_figures_and_the_page_tell_of_groups(results: Path, tmp_path: Path) -> None:
    shown = tmp_path / "results"
    shutil.copytree(results, shown, ignore=shutil.ignore_patterns("store"))
    spec = report_spec(configured(results), {})
    write_tables(spec, Metrics(shown / "metrics.csv"), shown / TABLE_FOLDER)
    table = (shown / TABLE_FOLDER / f"{TASK}-comparison.html").read_text(encoding="utf-8")
    assert "which are of groups here" in table
    write_figures(spec, TASK, shown, shown / FIGURE_FOLDER)
    drawn = {path.stem for path in (shown / FIGURE_FOLDER).glob("*.svg")}
    assert f"{TASK}-dihyfo-1-candidates" in drawn
    assert f"{TASK}-trade-off" not in drawn
    write_rows(shown / "costs.csv", [CostRow(TASK, "dihyfo-1", "dihyfo-1", "", 1.0, 1.0, *[None] * 6)])
    page = render_report(spec, shown)
    assert "groups of images are forgotten here, of 8, 5, 2" in page
    matrix = answer_matrix(spec, spec.tasks[0], Metrics(shown / "metrics.csv"), [])
    assert matrix is not None
    of_finetune = next(row for row in matrix.rows if row.title == "Finetuned")
    # Recognised, kept and distance: nothing comes back where there is no output.
    assert [len(cell.parts) for cell in of_finetune.cells] == [3, 3]
    assert all("recognised" in column.bounds[0] for column in matrix.columns)


@pytest.mark.parametrize("stage", ["sweep_unlearned", "export_generator", "measure_requests"])
def test_stages_that_need_an_output_say_so(results: Path, tmp_path: Path, stage: str) -> None:
    folder, config = results / TASK, configured(results)
    dataset, corpus, hypernet = (folder / f"{name}.json" for name in ("dataset", "corpus", "dihyfo-1/hypernet"))
    asked: dict[str, Path | list[Path]] = {"dataset": dataset, "corpus": corpus}
    names, made = {"task": TASK, "method": "dihyfo-1"}, {"trade_off": tmp_path / "trade-off.csv"}
    if stage == "export_generator":
        names = {"task": TASK, "model": "dihyfo-1"}
        made = {name: tmp_path / "generator" / name for name in ("description", "weights", "card")}
        asked["metrics"] = [folder / f"forget-{FORGET}.csv"]
    if stage == "measure_requests":
        names, made = {"task": TASK}, {"requests": tmp_path / "requests.csv"}
        asked |= {"originals": folder / "original.json", "corpora": [corpus], "hypernets": [hypernet]}
    else:
        asked["hypernet"] = hypernet
    with pytest.raises(UserError, match="of a task that forgets groups cannot be had, as groups have no output"):
        run(job(stage, results, names, config, **asked, **made))


def test_masks_are_of_groups(results: Path) -> None:
    """Finetuning on all groups but one keeps these, and does not make networks know that one better."""
    store, folder = Store(results / "store"), results / TASK
    test = load_task_data(store, folder / "dataset.json").test
    before = load_candidates(store, folder / "original.json").candidates.networks
    after = load_candidates(store, folder / "finetune" / f"forget-{FORGET}.json").candidates.networks

    def known(networks: Any, group: int) -> torch.Tensor:
        right = forward(networks, test.images).argmax(-1) == test.targets
        return right[:, test.labels == group].float().mean()

    assert known(after, 0) <= known(before, 0)
    assert known(after, 2) > 0.9
