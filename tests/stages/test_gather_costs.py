import csv
from pathlib import Path

import pytest

from hyperforget.config import EDIT, MAIN_CORPUS, RETRAINED
from hyperforget.provenance.lineage import Producers
from hyperforget.stages import gather_costs
from hyperforget.store import Store
from hyperforget.store.files import file_digest
from tests.stages.tiny_pipeline import FORGET_SETS, SETTINGS, TASK, jobs, run


def gather(results: Path) -> list[dict[str, str]]:
    folder = results / TASK
    tokens = [folder / model / "hypernet.json" for model in SETTINGS.models]
    methods = [method for method in SETTINGS.methods if method not in SETTINGS.rivals]
    tokens += [folder / method / f"forget-{forget}.json" for method in methods for forget in FORGET_SETS]
    costs = results / "costs.csv"
    gather_costs.main(
        ["--store", str(results / "store"), "--tokens", *map(str, tokens), "--costs", str(costs)]
    )
    with costs.open(newline="") as file:
        return list(csv.DictReader(file))


def seconds(results: Path, path: str) -> float:
    """What the one recipe of a file took."""
    file = results / TASK / path
    (made,) = Producers(Store(results / "store")).of(str(file), file_digest(file))
    return float(made.provenance["seconds"])


def test_every_hypernetwork_has_its_costs(copied):
    rows = gather(copied)
    generators = {method for method in SETTINGS.methods if method not in (RETRAINED, *SETTINGS.rivals)}
    assert {row["task"] for row in rows} == {TASK}
    # Those that forget no class are asked by nobody.
    assert {row["method"] for row in rows} == generators | set(SETTINGS.models)
    assert len(rows) == len({row["method"] for row in rows})
    shards = [seconds(copied, f"{MAIN_CORPUS}/shard-{shard}.json") for shard in range(2)]
    for row in rows:
        assert row["method"].removesuffix(EDIT) == row["model"]
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


def test_a_result_that_is_restored_keeps_its_costs(copied):
    before = gather(copied)
    for name in ("train_hypernet/dihyfo-1", "sample/dihyfo-1/2", "retrain/2"):
        run(jobs(copied)[name])
    assert gather(copied) == before
