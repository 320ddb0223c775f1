"""Tasks of several widths through the stages: taught together, asked for a width that no corpus of training holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import hyperforget
from hyperforget.config import Config, load_config
from hyperforget.config.families import prompted_by
from hyperforget.data.splits import load_task_data
from hyperforget.errors import UserError
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.files import read_rows, write_rows
from hyperforget.records.hypernets import HistoryPoint
from hyperforget.records.methods import MetricRow
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import load_candidates
from tests.stages.tiny_pipeline import TASK, VALUES, job, run

pytestmark = pytest.mark.pipeline

MODEL = "dihyfo-1"
WIDTHS = {"narrow": 2, "wide": 4, "between": 3}
TAUGHT = ["narrow", "wide"]


def settings() -> Config:
    own: dict[str, Any] = VALUES["tasks"][TASK]
    collection = {**own["collection"], "shards": 1}
    tasks = {
        name: {**own, "hidden": [width], "trained_on": TAUGHT, "collection": collection}
        for name, width in WIDTHS.items()
    }
    return load_config({**VALUES, "tasks": tasks, "models": {MODEL: VALUES["models"][MODEL]}})


CONFIG = settings()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("widths") / "results"

    def do(stage: str, task: str, names: dict[str, str], **files: Path | Sequence[Path]) -> None:
        run(job(stage, results, {"task": task, **names}, CONFIG, **files))

    for task in WIDTHS:
        folder = results / task
        dataset, shard = folder / "dataset.json", folder / "corpus" / "shard-0.json"
        tables = {name: folder / f"corpus-{name.replace('_', '-')}.csv" for name in ("classes", "forget_sets", "bins")}
        do("fetch_dataset", task, {}, token=dataset)
        do("collect_checkpoints", task, {"corpus": "corpus", "shard": "0"}, dataset=dataset, token=shard)
        corpus = folder / "corpus.json"
        do("assemble_corpus", task, {"corpus": "corpus"}, dataset=dataset, segments=[shard], token=corpus, **tables)
        do("train_reference", task, {"method": "original"}, dataset=dataset, token=folder / "original.json")
    home = results / "narrow"
    hypernet = home / MODEL / "hypernet.json"
    corpora = [results / task / "corpus.json" for task in TAUGHT]
    history = home / MODEL / "history.csv"
    dataset = home / "dataset.json"
    do("train_hypernet", "narrow", {"model": MODEL}, dataset=dataset, corpora=corpora, token=hypernet, history=history)
    # Of these tasks nothing was measured.
    metrics = results / "metrics.csv"
    write_rows(metrics, [MetricRow("other", MODEL, "2", "population", "retain", "accuracy", 0.9, None, None, 2)])
    for task in WIDTHS:
        folder = results / task
        # Of the narrow, the wide and, of the width never seen, the wide, of which it is three quarters.
        asked = {"dataset": folder / "dataset.json", "hypernet": hypernet}
        asked["corpus"] = results / prompted_by(CONFIG, task) / "corpus.json"
        originals, edits = folder / "original.json", folder / f"{MODEL}-edit" / "forget-2.json"
        network = edits.with_suffix(".safetensors")
        names = {"method": f"{MODEL}-edit", "forget": "2"}
        do("sample_edited", task, names, **asked, originals=originals, token=edits, network=network)
        own = folder / MODEL
        kinds = {kind: own / f"{kind}.csv" for kind in ("alignment", "prompts", "distribution")}
        do("probe_hypernet", task, {"model": MODEL}, **{**asked, "corpus": folder / "corpus.json"}, **kinds)
        exported = own / "generator"
        files = {"description": "config.json", "weights": "model.safetensors", "card": "README.md"}
        files_made = {name: exported / file for name, file in files.items()}
        do("export_generator", task, {"model": MODEL}, **asked, metrics=[metrics], **files_made)
    return results


@pytest.fixture(scope="module")
def store(made: Path) -> Store:
    return Store(made / "store")


def test_tasks_that_share_hypernetworks_share_a_split_of_images(made: Path) -> None:
    objects = {read_token(made / task / "dataset.json").object_id for task in WIDTHS}
    assert len(objects) == 1


def test_the_object_says_what_it_learned_from(made: Path, store: Store) -> None:
    token = read_token(made / "narrow" / MODEL / "hypernet.json")
    attributes = store.read_attributes(token.object_id)
    assert attributes["networks"] == [{"sizes": [64, 2, 4]}, {"sizes": [64, 4, 4]}]
    assert "sizes" not in attributes
    points = read_rows(made / "narrow" / MODEL / "history.csv", HistoryPoint)
    assert points[-1].train_mse < points[0].train_mse


@pytest.mark.parametrize("task", WIDTHS)
def test_one_hypernetwork_edits_networks_of_every_width(made: Path, store: Store, task: str) -> None:
    layout = PerceptronLayout((64, WIDTHS[task], 4))
    data = load_task_data(store, made / task / "dataset.json")
    hypernet = load_hypernetwork(store, made / "narrow" / MODEL / "hypernet.json", data.labels, layout)
    assert hypernet.model.layout == layout
    edited = load_candidates(store, made / task / f"{MODEL}-edit" / "forget-2.json").candidates.networks
    originals = load_candidates(store, made / task / "original.json").candidates.networks
    assert edited.layout == originals.layout == layout
    assert edited.params.isfinite().all()
    assert (edited.params[: len(originals)] != originals.params).any()


@pytest.mark.parametrize("task", WIDTHS)
def test_what_is_exported_is_for_the_width_of_the_task_and_needs_nothing_else(
    made: Path, store: Store, task: str
) -> None:
    folder = made / task / MODEL / "generator"
    generator = hyperforget.load(folder)
    layout = PerceptronLayout((64, WIDTHS[task], 4))
    assert generator.layout == layout
    assert generator.description.learned_from == [[64, 2, 4], [64, 4, 4]]
    assert "It learned from networks of several widths, MLP 64-2-4, MLP 64-4-4." in (folder / "README.md").read_text()
    labels = load_task_data(store, made / task / "dataset.json").labels
    expected = load_hypernetwork(store, made / "narrow" / MODEL / "hypernet.json", labels, layout).model
    noised, performance = torch.randn(2, layout.size), torch.rand(2, expected.performance.count(4))
    with torch.no_grad():
        asked = (noised, torch.tensor([0.2, 0.9]), performance, noised, performance)
        assert torch.equal(generator.hypernet.model(*asked), expected(*asked))
    originals = load_candidates(store, made / task / "original.json").candidates.networks
    forgotten = generator.forget(layout.state_dict(originals.params[0]), classes=[2])
    assert forgotten.keys() == layout.state_dict(originals.params[0]).keys()


def test_networks_that_differ_in_more_are_refused(made: Path, store: Store) -> None:
    labels = load_task_data(store, made / "narrow" / "dataset.json").labels
    with pytest.raises(UserError, match="differ from these in the widths of hidden layers only"):
        load_hypernetwork(store, made / "narrow" / MODEL / "hypernet.json", labels, PerceptronLayout((64, 3, 3, 4)))
