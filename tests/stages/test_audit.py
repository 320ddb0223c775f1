"""Further metrics of a run, and the table that they are joined into."""

import csv
import shutil
from pathlib import Path

import pytest

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.metrics.audit_registry import AUDIT
from tests.stages.tiny_pipeline import METHODS, TASK, audit, job, run

pytestmark = pytest.mark.pipeline
METRICS = ("zrf", "tow", "layer_distance", "hypervolume", "idi")


@pytest.fixture(scope="module")
def rows(results: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    again = tmp_path_factory.mktemp("audit") / "results"
    shutil.copytree(results, again)
    run(audit(again, "2"))
    parts = [again / TASK / name for name in ("forget-2.csv", "audit-2.csv")]
    run(job("gather_metrics", again, {}, parts=parts, metrics=again / "audited.csv"))
    with (again / "audited.csv").open(encoding="utf-8") as table:
        return [row for row in csv.DictReader(table) if row["metric"] in METRICS]


def test_every_method_and_the_originals_have_what_is_asked_for(rows: list[dict[str, str]]) -> None:
    found = {(row["method"], row["metric"], row["set"], row["selection"]) for row in rows}
    assert len(found) == len(rows)
    # What originals tell no more of than retrained networks do has no index.
    assert {each for each in found if each[1] != "idi"} == {
        (method, metric, name, selection)
        for method in (ORIGINAL, *METHODS)
        for metric in METRICS[:4]
        for name in AUDIT[metric].sets
        for selection in ("chosen", "population")
    }


def test_values_are_in_their_ranges_and_of_all_networks(rows: list[dict[str, str]]) -> None:
    counts = {}
    for row in rows:
        if row["metric"] in ("zrf", "tow", "hypervolume"):
            assert 0 <= float(row["value"]) <= 1
        if row["selection"] == "population":
            counts[row["method"]] = row["n"]
    assert (counts[ORIGINAL], counts[RETRAINED]) == ("2", "3")


def test_a_method_with_a_knob_reaches_what_its_settings_do(rows: list[dict[str, str]], results: Path) -> None:
    def area(method: str) -> float:
        (row,) = [
            row
            for row in rows
            if (row["method"], row["metric"], row["selection"]) == (method, "hypervolume", "population")
        ]
        return float(row["value"])

    level: dict[str, float] = {}
    with (results / TASK / "forget-2.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if (row["method"], row["selection"]) == (RETRAINED, "population") and row["set"] in ("retain", "forget"):
                level[f"{row['metric']} {row['set']}"] = float(row["value"])
    with (results / TASK / "dihyfo-2" / "trade-off.csv").open(encoding="utf-8") as table:
        points = [
            min(1, float(row["retain_accuracy"]) / level["accuracy retain"])
            * (1 - max(0, float(row["shift"]) - level["shift forget"]))
            for row in csv.DictReader(table)
            if row["forget"] == "2"
        ]
    assert len(points) > 1
    assert area("dihyfo-2") >= max(points) - 1e-9
