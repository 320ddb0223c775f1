"""Costs of a run: what its records say of collections and trainings, and its own requests, timed."""

from pathlib import Path

import pytest

from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.config.methods import RETRAINED, Method
from hyperforget.provenance.lineage import Producers
from hyperforget.records.costs import CostRow, RequestRow
from hyperforget.records.files import read_rows
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from tests.stages.tiny_pipeline import FORGET_SETS, SETTINGS, TASK, job, jobs, run

pytestmark = pytest.mark.pipeline


def gather(results: Path) -> list[CostRow]:
    folder = results / TASK
    tokens = [*(folder / model / "hypernet.json" for model in SETTINGS.models), folder / f"{MAIN_CORPUS}.json"]
    tokens += [folder / method / f"forget-{forget}.json" for method in SETTINGS.methods for forget in FORGET_SETS]
    costs = results / "costs.csv"
    run(job("gather_costs", results, {}, tokens=tokens, requests=[folder / "requests.csv"], costs=costs))
    return read_rows(costs, CostRow)


def seconds(results: Path, path: str) -> float:
    """What the one recipe of a file took."""
    file = results / TASK / path
    (made,) = Producers(Store(results / "store")).of(str(file), file_digest(file))
    return float(made.provenance["seconds"])


def test_requests_to_every_method_are_timed(results: Path) -> None:
    rows = {row.method: row for row in read_rows(results / TASK / "requests.csv", RequestRow)}
    assert set(rows) == set(map(str, SETTINGS.all_methods)) - set(SETTINGS.methods)
    assert all(row.task == TASK and row.request_seconds > 0 for row in rows.values())
    # Only an edit can be chosen by data, and only what trains has epochs.
    assert {method for method, row in rows.items() if row.with_data_seconds} == {"dihyfo-1-edit"}
    assert {method for method, row in rows.items() if row.epoch_seconds} == {RETRAINED, "finetune"}
    together = {method for method, row in rows.items() if row.hundred_seconds}
    assert {RETRAINED, *(str(method) for method in SETTINGS.all_methods if method.base in SETTINGS.models)} <= together


def test_every_hypernetwork_has_its_costs_beside_its_rivals(copied: Path) -> None:
    rows, asked = gather(copied), read_rows(copied / TASK / "requests.csv", RequestRow)
    # Those that forget no class are asked by nobody.
    assert {row.method for row in rows} == {*map(str, SETTINGS.all_methods), *SETTINGS.models}
    assert [row.request_seconds for row in rows[: len(asked)]] == [row.request_seconds for row in asked]
    shards = [seconds(copied, f"{MAIN_CORPUS}/shard-{shard}.json") for shard in range(2)]
    for row in rows:
        assert Method.parse(row.method).base == row.model
        collects = row.model in (*SETTINGS.models, "nearest")
        assert row.collection_seconds == pytest.approx(sum(shards) if collects else 0, abs=1e-3)
        assert row.training_seconds == (
            seconds(copied, f"{row.model}/hypernet.json") if row.model in SETTINGS.models else 0
        )
        assert (row.break_even_requests is None) == (row.method in (RETRAINED, "gpt"))


def test_a_result_that_is_restored_keeps_its_costs(copied: Path) -> None:
    before = gather(copied)
    for name in ("train_hypernet/dihyfo-1", "collect_checkpoints/0"):
        run(jobs(copied)[name])
    assert gather(copied) == before
