import csv
from pathlib import Path

import pytest

from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.config.methods import RETRAINED, Method
from hyperforget.provenance.lineage import Producers
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from tests.stages.tiny_pipeline import FORGET_SETS, SETTINGS, TASK, job, jobs, run

pytestmark = pytest.mark.pipeline


def gather(results: Path) -> list[dict[str, str]]:
    folder = results / TASK
    tokens = [folder / model / "hypernet.json" for model in SETTINGS.models]
    methods = [str(method) for method in SETTINGS.all_methods if method.base in (*SETTINGS.models, RETRAINED)]
    tokens += [folder / method / f"forget-{forget}.json" for method in methods for forget in FORGET_SETS]
    costs = results / "costs.csv"
    run(job("gather_costs", results, {}, tokens=tokens, costs=costs))
    with costs.open(newline="") as file:
        return list(csv.DictReader(file))


def seconds(results: Path, path: str) -> float:
    """What the one recipe of a file took."""
    file = results / TASK / path
    (made,) = Producers(Store(results / "store")).of(str(file), file_digest(file))
    return float(made.provenance["seconds"])


def test_every_hypernetwork_has_its_costs(copied: Path) -> None:
    rows = gather(copied)
    generators = {str(method) for method in SETTINGS.all_methods if method.base in SETTINGS.models}
    assert {row["task"] for row in rows} == {TASK}
    # Those that forget no class are asked by nobody.
    assert {row["method"] for row in rows} == generators | set(SETTINGS.models)
    assert len(rows) == len({row["method"] for row in rows})
    shards = [seconds(copied, f"{MAIN_CORPUS}/shard-{shard}.json") for shard in range(2)]
    for row in rows:
        assert Method.parse(row["method"]).base == row["model"]
        assert float(row["collection_seconds"]) == pytest.approx(sum(shards), abs=1e-3)
        assert float(row["training_seconds"]) == seconds(copied, f"{row['model']}/hypernet.json")
        assert float(row["retrain_seconds"]) > 0
        assert float(row["retrain_together_seconds"]) > 0
        assert row["networks_together"] == "3"
        if row["method"] not in generators:
            assert row["request_seconds"] == row["break_even_requests"] == ""
            continue
        whole = max(seconds(copied, f"{row['method']}/forget-{forget}.json") for forget in FORGET_SETS)
        assert 0 < float(row["request_seconds"]) <= whole
        assert float(row["break_even_requests"]) > 0


def test_a_result_that_is_restored_keeps_its_costs(copied: Path) -> None:
    before = gather(copied)
    for name in ("train_hypernet/dihyfo-1", "sample/dihyfo-1/2", "retrain/2"):
        run(jobs(copied)[name])
    assert gather(copied) == before
