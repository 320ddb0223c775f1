"""Further metrics of a run, and the table that they are joined into."""

import csv
import shutil
from pathlib import Path

import pytest

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.metrics.audit_registry import AUDIT
from tests.stages.tiny_pipeline import METHODS, TASK, audit, job, run

pytestmark = pytest.mark.pipeline
METRICS = ("zrf", "tow", "layer_distance", "idi")


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
        for metric in METRICS[:3]
        for name in AUDIT[metric].sets
        for selection in ("chosen", "population")
    }


def test_values_are_in_their_ranges_and_of_all_networks(rows: list[dict[str, str]]) -> None:
    counts = {}
    for row in rows:
        if row["metric"] in ("zrf", "tow"):
            assert 0 <= float(row["value"]) <= 1
        if row["selection"] == "population":
            counts[row["method"]] = row["n"]
    assert (counts[ORIGINAL], counts[RETRAINED]) == ("2", "3")
