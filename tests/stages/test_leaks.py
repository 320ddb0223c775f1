"""No stage looks at what it must not see: test images, classes that are to be forgotten, runs that are kept back.

Each test puts something else in place of that, and finds what is made beside it unchanged.
"""

import csv
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hyperforget.collection.checkpoints import never_seen
from hyperforget.config import Config
from hyperforget.config.methods import RETRAINED
from hyperforget.data.splits import load_task_data
from hyperforget.errors import UserError
from hyperforget.networks import training
from hyperforget.networks.batch import Networks
from hyperforget.probing import optimizer_curves
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import HistoryPoint
from hyperforget.records.methods import MetricRow
from hyperforget.stages.interfaces import STAGES
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning import trade_off
from hyperforget.unlearning.candidates import load_candidates, make_candidates
from hyperforget.unlearning.request import request_of
from hyperforget.unlearning.selection import Wanted, choose
from tests.made_once import made_once
from tests.stages.changed import change_dataset, change_runs, divided_corpus, hide_classes, mislead
from tests.stages.tiny_pipeline import FORGET_SETS, SETTINGS, TASK, collect, jobs, run, settings

pytestmark = pytest.mark.pipeline

FORGET = "3"
# One whose pairs are drawn uniformly, and one that draws them evenly over what they tell.
MODELS = ("dihyfo-1", "gpt")
# Stages that measure on test images, those that tell what they found, and the one that takes times.
MEASURING = ("sweep", "compare_optimizers", "evaluate", "export_generator", "gather_metrics", "measure_requests")


def made_of(config: Config = SETTINGS) -> list[str]:
    """Names of the jobs that make something for one forget set, in order: the dataset is there, nothing is measured."""
    others = tuple(f"/{forget}" for forget in FORGET_SETS if forget != FORGET)
    every = jobs(Path("results"), config)
    return [name for name in every if not name.startswith(("fetch_dataset", *MEASURING)) and not name.endswith(others)]


@pytest.fixture(scope="module")
def unlike(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run again, for one forget set, with the same images but for those of the test split, which mislead."""

    def make(folder: Path) -> None:
        change_dataset(results, folder, mislead)
        try:
            for name in (*made_of(), f"evaluate/{FORGET}"):
                run(jobs(folder)[name])
        except UserError as error:
            # Nobody can learn from what misleads; what was made until then shows where it was looked at.
            print(f"{name}: {error}")

    return made_once(tmp_path_factory, "tiny-pipeline-unlike", make)


def outputs_of(folder: Path, name: str) -> dict[str, bytes]:
    """What a job has written, by argument, if it came so far."""
    stage, arguments = jobs(folder)[name]
    places = dict(pairwise(arguments))
    options = [f"--{output.rstrip('?').replace('_', '-')}" for output in STAGES[stage].outputs]
    written = {option: Path(places[option]) for option in options if option in places}
    return {option: path.read_bytes() for option, path in written.items() if path.is_file()}


@pytest.mark.parametrize("name", made_of())
def test_what_a_stage_makes_is_the_same_whatever_the_test_images(results: Path, unlike: Path, name: str) -> None:
    # Tokens name objects by their content, the parameters of every network and all that is chosen by.
    made = outputs_of(results, name)
    assert made
    assert outputs_of(unlike, name) == made


def test_what_is_chosen_in_an_evaluation_does_not_rest_on_test_images(results: Path, unlike: Path) -> None:
    place = f"{TASK}/forget-{FORGET}"
    candidates, again = ((folder / f"{place}-candidates.csv").read_bytes() for folder in (results, unlike))
    assert again == candidates
    rows, others = (read_rows(folder / f"{place}.csv", MetricRow) for folder in (results, unlike))
    # Of the chosen and the selected network, and of all, on images that are no test images.
    untested, unlike_untested = (
        [row for row in found if row.metric == "usable_share" or (row.metric, row.set[-6:]) == ("accuracy", "-train")]
        for found in (rows, others)
    )
    assert {"chosen", "selected", "population"} <= {row.selection for row in untested}
    assert unlike_untested == untested
    # What is measured on test images does rest on them.
    tested = [row for row in rows if (row.metric, row.set) == ("accuracy", "retain")]
    assert tested
    assert not set(tested) & set(others)


@pytest.mark.parametrize("method", ["dihyfo-1", "dihyfo-1-edit", "dihyfo-2", RETRAINED])
def test_whoever_chose_by_test_images_would_have_been_misled(results: Path, unlike: Path, method: str) -> None:
    networks = load_candidates(Store(results / "store"), results / TASK / method / f"forget-{FORGET}.json").candidates
    chosen = set()
    for folder in (results, unlike):
        data = load_task_data(Store(folder / "store"), folder / TASK / "dataset.json")
        request = request_of(data, FORGET, "thesis")
        candidates = make_candidates(networks.networks, request.split)
        wanted = Wanted.of_retrained(candidates, request.split.class_sizes, request.forget)
        chosen.add(choose(candidates, wanted, SETTINGS.selection))
    assert len(chosen) == 2


@contextmanager
def measured() -> Iterator[list[Tensor]]:
    """The parameters of all networks that are measured on test images by sweeps and comparisons of optimisers."""
    found: list[Tensor] = []
    swept, compared = trade_off.trade_off_rows, optimizer_curves.optimizer_rows

    def sweep(forget: str, request: object, offered: Mapping[float, Networks]) -> object:
        found.extend(networks.params for networks in offered.values())
        return swept(forget, request, offered)  # type: ignore[arg-type]

    def compare(optimizer: object, rate: object, networks: Mapping[int, Networks], split: object) -> object:
        found.extend(after.params for after in networks.values())
        return compared(optimizer, rate, networks, split)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trade_off, "trade_off_rows", sweep)
        patch.setattr(optimizer_curves, "optimizer_rows", compare)
        yield found


@pytest.mark.parametrize("name", ["sweep/dihyfo-1", "sweep/dihyfo-1-edit", "sweep/dihyfo-2", "compare_optimizers/gpt"])
def test_networks_that_are_measured_on_test_images_do_not_rest_on_them(copied: Path, name: str) -> None:
    # Unknown to the store, so that the stages run.
    job = jobs(copied, settings(trade_off={"networks": 2}, optimizers={"networks": 2}))[name]
    with measured() as before:
        run(job)
    change_dataset(copied, copied, mislead)
    with measured() as after:
        run(job)
    assert len(after) == len(before) > 0
    assert all(map(torch.equal, after, before))


def params_of(folder: Path, method: str, forget: str) -> Tensor:
    token = folder / TASK / method / f"forget-{forget}.json"
    return load_candidates(Store(folder / "store"), token).candidates.networks.params


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_retrained_networks_never_see_what_they_are_to_have_forgotten(
    copied: Path, forget: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = {int(label) for label in forget.split("-")}
    before = {each: params_of(copied, RETRAINED, each) for each in FORGET_SETS}
    weigh, shown = training.example_weights, dict.fromkeys(range(4), 0.0)

    def count(labels: Tensor, rates: Tensor, share: float, generator: torch.Generator) -> Tensor:
        weights = weigh(labels, rates, share, generator)
        for label in shown:
            shown[label] += float(weights[:, labels == label].sum())
        return weights

    change_dataset(copied, copied, hide_classes(forgotten))
    with monkeypatch.context() as patch:
        patch.setattr(training, "example_weights", count)
        run(jobs(copied)[f"retrain/{forget}"])
    assert torch.equal(params_of(copied, RETRAINED, forget), before[forget])
    assert {label for label, weight in shown.items() if weight == 0} == forgotten
    # Those that may see these images do.
    other = FORGET_SETS[FORGET_SETS.index(forget) - 1]
    run(jobs(copied)[f"retrain/{other}"])
    assert not torch.equal(params_of(copied, RETRAINED, other), before[other])


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_finetuned_networks_are_trained_on_retained_images_alone(copied: Path, forget: str) -> None:
    before = params_of(copied, "finetune", forget)
    # How long is decided by validation images, of forgotten classes too.
    change_dataset(copied, copied, hide_classes({int(label) for label in forget.split("-")}, ("train",)))
    run(jobs(copied)[f"finetune/{forget}"])
    assert torch.equal(params_of(copied, "finetune", forget), before)


def test_runs_that_never_saw_a_class_by_their_record_never_did(copied: Path) -> None:
    def segment() -> dict[str, np.ndarray]:
        token = read_token(copied / TASK / "corpus" / "shard-0.json")
        return Store(copied / "store").read(token.object_id, kind="segment").arrays

    before = segment()
    change_dataset(copied, copied, hide_classes({2}, ("train",)))
    run(collect(copied, 0))
    after = segment()
    unseen = never_seen(before)[:, 2]
    assert np.array_equal(before["rate_after"], after["rate_after"])
    same = {True: 0, False: 0}
    for run_ in range(len(unseen)):
        # What others admit can fill a bin, so a run may keep other checkpoints; those at one step are equal.
        steps = [
            dict(zip(each["step"][run_, 1:].tolist(), each["theta"][run_, 1:], strict=True)) for each in (before, after)
        ]
        common = (set(steps[0]) & set(steps[1])) - {0}
        equal = [bool(np.array_equal(steps[0][step], steps[1][step])) for step in common]
        assert all(equal) or not unseen[run_]
        same[bool(unseen[run_])] += len(equal) if unseen[run_] else sum(equal)
    assert same[True] > 5 * same[False]


@pytest.fixture(scope="module")
def changed_unseen(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything in which the runs that are kept back have other parameters and outcomes."""
    folder = tmp_path_factory.mktemp("changed-unseen") / "results"
    shutil.copytree(results, folder)
    seen, unseen = divided_corpus(folder)
    assert seen.rows is not None
    assert unseen.rows is not None
    assert not set(seen.rows.tolist()) & set(unseen.rows.tolist())
    change_runs(folder, unseen.rows.numpy())
    return folder


@pytest.mark.parametrize("model", MODELS)
def test_hypernetworks_are_trained_on_seen_runs_alone(results: Path, changed_unseen: Path, model: str) -> None:
    run(jobs(changed_unseen)[f"train_hypernet/{model}"])
    folders = [folder / TASK / model for folder in (results, changed_unseen)]
    # Weights, and the mean and scale of parameters, after every snapshot.
    before, after = (read_token(folder / "hypernet.json").object_id for folder in folders)
    assert after == before
    errors, others = (read_rows(folder / "history.csv", HistoryPoint) for folder in folders)
    assert [each.train_mse for each in errors] == [each.train_mse for each in others]
    assert not {each.test_mse for each in errors} & {each.test_mse for each in others}


def by_starts(table: Path) -> dict[str, list[str]]:
    """The lines about seen and about unseen runs; as text, in which undefined correlations are equal."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {starts: [str(row) for row in rows if row["starts"] == starts] for starts in ("seen", "unseen")}


@pytest.mark.parametrize("model", MODELS)
def test_probes_from_unseen_runs_start_where_training_never_did(
    results: Path, changed_unseen: Path, model: str
) -> None:
    run(jobs(changed_unseen)[f"probe_hypernet/{model}"])
    folders = [folder / TASK / model for folder in (results, changed_unseen)]
    for table in ("alignment", "prompts"):
        before, after = (by_starts(folder / f"{table}.csv") for folder in folders)
        assert after["seen"] == before["seen"]
        assert after["unseen"]
        assert not set(after["unseen"]) & set(before["unseen"])
    # What training values are shown beside prompts is of seen runs too.
    trained, again = ((folder / "distribution.csv").read_bytes() for folder in folders)
    assert again == trained
