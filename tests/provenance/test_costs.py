"""Costs from the durations of recipes, on a hand-made store, and from timed requests."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hyperforget.errors import UserError
from hyperforget.provenance.costs import break_even, cost_rows
from hyperforget.records.costs import CostRow, RequestRow
from hyperforget.store.computations import Computation, FileRef
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store

TASK = {"task": "toy"}


class Run:
    """Stages whose outputs are files with a text of their own, each with the seconds that it took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.minutes = 0

    def made(
        self,
        stage: str,
        seconds: float | None,
        path: str,
        inputs: dict[str, Path] | None = None,
        count: int = 1,
        code: str = "a",
        timed: dict[str, float] | None = None,
        **arguments: str,
    ) -> Path:
        output = self.folder / path
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(path)
        read = {name: FileRef(str(file), file_digest(file)) for name, file in (inputs or {}).items()}
        self.minutes += 1
        provenance: dict[str, Any] = {"time": f"2026-01-01T00:{self.minutes:02}:00+00:00"}
        provenance |= {} if seconds is None else {"seconds": seconds}
        provenance |= {} if timed is None else {"timed": timed}
        recipe = Computation(stage, TASK | arguments, {"count": count}, code, read)
        Store(self.folder / "store").record(recipe, {"token": output}, provenance)
        return output


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def hypernetwork(run: Run, model: str = "dihyfo-1") -> Path:
    """Collected in 30 + 50 seconds and trained in 120."""
    shards = [
        run.made("collect_checkpoints", seconds, f"toy/checkpoints/shard-{shard}.json", shard=str(shard))
        for shard, seconds in enumerate((30, 50))
    ]
    segments = {f"segments.{index}": path for index, path in enumerate(shards)}
    corpus = run.made("assemble_corpus", 7, "toy/corpus.json", segments)
    return run.made("train_hypernet", 120, f"toy/{model}/hypernet.json", {"corpora.0": corpus}, model=model)


GENERATED = "none; validation to choose"
RETRAINED = RequestRow("toy", "retrained", 4.0, None, 50.0, 0.25)


def costs(run: Run, tokens: list[Path], *requests: RequestRow) -> list[CostRow]:
    return cost_rows(Store(run.folder / "store"), tokens, requests)


def test_each_way_to_ask_a_hypernetwork_has_a_row(run: Run) -> None:
    asked = RequestRow("toy", "dihyfo-1", 1.5, None, 10.0, None)
    edited = RequestRow("toy", "dihyfo-1-edit", 4.5, 5.5, 60.0, None)
    # 200 seconds in all; 2.5 are saved at each request, 0.4 at each of a hundred.
    assert costs(run, [hypernetwork(run)], RETRAINED, asked, edited) == [
        CostRow("toy", "retrained", "retrained", "retained", 0, 0, 4.0, None, 50.0, 0.25, None, None),
        CostRow("toy", "dihyfo-1", "dihyfo-1", GENERATED, 80, 120, 1.5, None, 10.0, None, 80, 500),
        CostRow("toy", "dihyfo-1", "dihyfo-1-edit", GENERATED, 80, 120, 4.5, 5.5, 60.0, None, math.inf, math.inf),
    ]


def test_tasks_that_share_a_hypernetwork_have_paid_for_all_that_it_learned_from(run: Run) -> None:
    corpora = {}
    for index, (task, seconds) in enumerate((("toy", 30), ("wide", 50))):
        shard = run.made("collect_checkpoints", seconds, f"{task}/checkpoints/shard-0.json", shard="0", task=task)
        corpus = run.made("assemble_corpus", 7, f"{task}/corpus.json", {"segments.0": shard}, task=task)
        corpora[f"corpora.{index}"] = corpus
    hypernet = run.made("train_hypernet", 120, "toy/dihyfo-1/hypernet.json", corpora, model="dihyfo-1")
    requests = [
        row
        for task in ("toy", "wide", "between")
        for row in (replace(RETRAINED, task=task), RequestRow(task, "dihyfo-1", 1.5, None, None, None))
    ]
    homes = dict.fromkeys(("wide", "between"), "toy")
    rows = cost_rows(Store(run.folder / "store"), [hypernet], requests, homes)
    asked = [(row.task, row.collection_seconds, row.training_seconds) for row in rows if row.method == "dihyfo-1"]
    assert asked == [("toy", 80, 120), ("wide", 80, 120), ("between", 80, 120)]


def test_rivals_train_nothing_and_only_looking_up_needs_a_collection(run: Run) -> None:
    hypernet, corpus = hypernetwork(run), run.folder / "toy/corpus.json"
    rivals = [
        RequestRow("toy", "finetune", 6.0, None, None, 0.25),
        RequestRow("toy", "bias", 0.25, None, 1.0, None),
        RequestRow("toy", "nearest", 2.0, None, None, None),
    ]
    rows = costs(run, [hypernet, corpus], RETRAINED, *rivals)
    assert rows[1:4] == [
        CostRow(
            "toy", "finetune", "finetune", "retained; validation to choose", 0, 0, 6.0, None, None, 0.25, math.inf, None
        ),
        CostRow("toy", "bias", "bias", "training", 0, 0, 0.25, None, 1.0, None, 0, 0),
        CostRow("toy", "nearest", "nearest", "corpus", 80, 0, 2.0, None, None, None, 40, None),
    ]
    assert [row.method for row in rows[4:]] == ["dihyfo-1"]


def test_a_hypernetwork_that_nobody_asked_has_a_row_too(run: Run) -> None:
    assert costs(run, [hypernetwork(run, "gpt")], RETRAINED)[1:] == [
        CostRow("toy", "gpt", "gpt", "", 80, 120, None, None, None, None, None, None)
    ]


def test_hypernetworks_and_tasks_are_not_mixed_up(run: Run) -> None:
    tokens = [hypernetwork(run, model) for model in ("dihyfo-1", "dihyfo-1-small")]
    asked = [RequestRow("toy", method, 1.0, None, None, None) for method in ("dihyfo-1", "dihyfo-1-small-edit")]
    other = [RequestRow("other", method, 2.0, None, None, None) for method in ("retrained", "bias")]
    rows = costs(run, tokens, *asked, *other)
    assert [(row.task, row.model, row.training_seconds) for row in rows] == [
        ("toy", "dihyfo-1", 120),
        ("toy", "dihyfo-1-small", 120),
        ("other", "retrained", 0),
        ("other", "bias", 0),
    ]
    # Nothing is known of retraining on the first.
    assert [row.break_even_requests for row in rows] == [None, None, None, math.inf]


def test_a_method_that_was_timed_only_as_it_was_run_counts_with_that(run: Run) -> None:
    tokens = [
        run.made(
            "edit_original", 9, f"toy/mine/forget-{forget}.json",
            timed={"request": seconds}, method="mine", forget=forget,
        )
        for forget, seconds in (("2", 1.0), ("3", 3.0))
    ]  # fmt: skip
    assert costs(run, tokens, RETRAINED)[1:] == [
        CostRow("toy", "mine", "mine", "training; validation", 0, 0, 2.0, None, None, None, 0, None)
    ]


def test_of_equal_results_the_last_one_that_was_made_counts(run: Run) -> None:
    hypernet = hypernetwork(run)
    corpus = run.folder / "toy/corpus.json"
    run.made("train_hypernet", 7, "toy/dihyfo-1/hypernet.json", {"corpora.0": corpus}, code="b", model="dihyfo-1")
    (row,) = costs(run, [hypernet])
    assert row.training_seconds == 7


def test_a_token_that_no_recipe_made_is_named(run: Run) -> None:
    token = hypernetwork(run)
    token.write_text("changed")
    with pytest.raises(UserError, match=r"made .*hypernet\.json"):
        costs(run, [token])


@pytest.mark.parametrize(
    ("spent", "request_seconds", "retrain", "requests"),
    [(100, 1, 2, 100), (100, 1, 4, 34), (100, 2, 2, math.inf), (100, 3, 2, math.inf)],
)
def test_a_hypernetwork_pays_by_what_each_request_saves(
    spent: float, request_seconds: float, retrain: float, requests: float
) -> None:
    assert break_even(spent, request_seconds, retrain) == requests


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, r"record of stage collect_checkpoints, [0-9a-f]{64}, tells no seconds, .* delete the record"),
        (-1, "is not a number of seconds"),
    ],
)
def test_a_record_without_its_seconds_is_named(run: Run, seconds: float | None, told: str) -> None:
    shard = run.made("collect_checkpoints", seconds, "toy/checkpoints/shard-0.json", shard="0")
    corpus = run.made("assemble_corpus", 7, "toy/corpus.json", {"segments.0": shard})
    hypernet = run.made("train_hypernet", 120, "toy/dihyfo-1/hypernet.json", {"corpora.0": corpus}, model="dihyfo-1")
    with pytest.raises(UserError, match=told):
        cost_rows(Store(run.folder / "store"), [hypernet], [])
