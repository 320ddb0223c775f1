"""Costs from the durations of recipes, on a hand-made store."""

import math
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.provenance.costs import break_even, cost_rows
from hyperforget.records.methods import CostRow
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
        seconds: float,
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
        provenance = {"time": f"2026-01-01T00:{self.minutes:02}:00+00:00", "seconds": seconds}
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
    return run.made("train_hypernet", 120, f"toy/{model}/hypernet.json", {"corpus": corpus}, model=model)


def sampled(run: Run, hypernet: Path, forget: str, request: float, method: str = "dihyfo-1") -> Path:
    return run.made(
        "sample_unlearned", 5, f"toy/{method}/forget-{forget}.json", {"hypernet": hypernet},
        timed={"request": request}, method=method, forget=forget,
    )  # fmt: skip


def retrained(run: Run, forget: str, alone: float, count: int = 4) -> Path:
    timed = {"network_alone": alone, "network_together": 0.5}
    path = f"toy/retrained/forget-{forget}.json"
    return run.made("train_reference", 6, path, count=count, timed=timed, forget=forget)


def test_each_way_to_ask_a_hypernetwork_has_a_row(run: Run) -> None:
    hypernet = hypernetwork(run)
    times = (("2", 1.0), ("3", 1.5), ("2-3", 9.0))
    tokens = [hypernet, *(sampled(run, hypernet, forget, seconds) for forget, seconds in times)]
    tokens += [sampled(run, hypernet, "2", 4.5, "dihyfo-1-edit")]
    tokens += [retrained(run, "2", 3.0), retrained(run, "3", 5.0)]
    # 200 seconds in all; 2.5 are saved at each request.
    assert cost_rows(Store(run.folder / "store"), tokens) == [
        CostRow("toy", "dihyfo-1", "dihyfo-1", 80, 120, 1.5, 4.0, 0.5, 4, 80),
        CostRow("toy", "dihyfo-1", "dihyfo-1-edit", 80, 120, 4.5, 4.0, 0.5, 4, math.inf),
    ]


def test_rivals_have_rows_of_their_own_after_the_hypernetworks(run: Run) -> None:
    hypernet = hypernetwork(run)
    corpus = run.folder / "toy/corpus.json"

    def rival(stage: str, method: str, forget: str, request: float, **inputs: Path) -> Path:
        path = f"toy/{method}/forget-{forget}.json"
        return run.made(stage, 9, path, inputs, timed={"request": request}, method=method, forget=forget)

    tokens = [rival("edit_original", "finetune", forget, seconds) for forget, seconds in (("2", 5.0), ("3", 7.0))]
    tokens += [
        rival("edit_original", "bias", "2", 0.25),
        rival("look_up_checkpoints", "nearest", "2", 2.0, corpus=corpus),
    ]
    tokens += [hypernet, sampled(run, hypernet, "2", 1.0), retrained(run, "2", 4.0)]
    assert cost_rows(Store(run.folder / "store"), tokens) == [
        CostRow("toy", "dihyfo-1", "dihyfo-1", 80, 120, 1.0, 4.0, 0.5, 4, 67),
        CostRow("toy", "finetune", "finetune", 0, 0, 6.0, 4.0, 0.5, 4, math.inf),
        CostRow("toy", "bias", "bias", 0, 0, 0.25, 4.0, 0.5, 4, 0),
        CostRow("toy", "nearest", "nearest", 80, 0, 2.0, 4.0, 0.5, 4, 40),
    ]


def test_a_hypernetwork_that_nobody_asked_has_a_row_too(run: Run) -> None:
    tokens = [hypernetwork(run, "gpt"), retrained(run, "2", 3.0)]
    assert cost_rows(Store(run.folder / "store"), tokens) == [
        CostRow("toy", "gpt", "gpt", 80, 120, None, 3.0, 0.5, 4, None)
    ]


def test_hypernetworks_are_not_mixed_up(run: Run) -> None:
    large, small = (hypernetwork(run, model) for model in ("dihyfo-1", "dihyfo-1-small"))
    tokens = [large, small, retrained(run, "2", 3.0)]
    tokens += [sampled(run, large, "2", 1.0), sampled(run, small, "2", 2.0, "dihyfo-1-small")]
    rows = cost_rows(Store(run.folder / "store"), tokens)
    assert [(row.method, row.request_seconds) for row in rows] == [("dihyfo-1", 1), ("dihyfo-1-small", 2)]


def test_of_equal_results_the_last_one_that_was_made_counts(run: Run) -> None:
    hypernet = hypernetwork(run)
    tokens = [hypernet, sampled(run, hypernet, "2", 1.0), retrained(run, "2", 3.0)]
    run.made(
        "sample_unlearned", 5, "toy/dihyfo-1/forget-2.json", {"hypernet": hypernet}, code="b",
        timed={"request": 2.0}, method="dihyfo-1", forget="2",
    )  # fmt: skip
    (row,) = cost_rows(Store(run.folder / "store"), tokens)
    assert row.request_seconds == 2


def test_a_token_that_no_recipe_made_is_named(run: Run) -> None:
    token = hypernetwork(run)
    token.write_text("changed")
    with pytest.raises(UserError, match=r"made .*hypernet\.json"):
        cost_rows(Store(run.folder / "store"), [token])


@pytest.mark.parametrize(
    ("spent", "request_seconds", "retrain", "requests"),
    [(100, 1, 2, 100), (100, 1, 4, 34), (100, 2, 2, math.inf), (100, 3, 2, math.inf)],
)
def test_a_hypernetwork_pays_by_what_each_request_saves(
    spent: float, request_seconds: float, retrain: float, requests: float
) -> None:
    assert break_even(spent, request_seconds, retrain) == requests
