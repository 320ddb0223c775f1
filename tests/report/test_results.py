"""Picking rows of the results, and numbers over them."""

import math
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.records.files import columns_of
from hyperforget.records.methods import ConfusionRow, MetricRow
from hyperforget.report.results import Metrics, final_alignment, mean, quantile, rows_by, rows_with

HEADER = ",".join(columns_of(MetricRow))


def write(folder: Path, text: str) -> Path:
    path = folder / "file.csv"
    path.write_text(text)
    return path


def test_rows_are_picked_by_their_fields(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    rows = [ConfusionRow("bias", set_, 0, 1, count) for set_, count in (("retain", 1), ("test", 2))]
    assert rows_with(rows, path, method="bias", set="test") == rows[1:]
    with pytest.raises(UserError, match=r"file\.csv has no row with method 'scrub', set 'test'"):
        rows_with(rows, path, method="scrub", set="test")


def test_groups_keep_the_order_of_the_rows() -> None:
    rows = [(3, "a"), (1, "b"), (3, "c")]
    assert list(rows_by(rows, lambda row: row[0]).items()) == [(3, [(3, "a"), (3, "c")]), (1, [(1, "b")])]


def test_what_is_not_a_number_counts_for_nothing() -> None:
    values = [4.0, math.nan, 1.0, 2.0]
    assert mean(values) == pytest.approx(7 / 3)
    assert [quantile(values, share) for share in (0.25, 0.5, 0.75)] == [1.5, 2.0, 3.0]
    assert math.isnan(mean([math.nan]))
    assert math.isnan(quantile([], 0.5))


def test_metrics_are_found_by_all_their_names(tmp_path: Path) -> None:
    rows = "t,m,2,chosen,retain,accuracy,0.5,,,1,,\nt,m,2,population,retain,accuracy,0.4,0.1,0.9,32,0.3,0.45\n"
    metrics = Metrics(write(tmp_path, f"{HEADER}\n{rows}"))
    chosen = metrics.need("t", "m", "2", "chosen", "accuracy", "retain")
    assert (chosen.value, math.isnan(chosen.low), math.isnan(chosen.high), chosen.n) == (0.5, True, True, 1)
    population = metrics.need("t", "m", "2", "population", "accuracy", "retain")
    assert (population.low, population.high, population.n) == (0.1, 0.9, 32)
    assert (population.median_low, population.median_high) == (0.3, 0.45)
    assert population.error == pytest.approx(0.075)
    assert metrics.find("t", "m", "2", "chosen", "accuracy", "forget") is None
    with pytest.raises(UserError, match=r"file\.csv has no row with task 't', method 'm', forget '2-3'"):
        metrics.need("t", "m", "2-3", "chosen", "accuracy", "retain")


def test_two_rows_for_one_value_are_refused(tmp_path: Path) -> None:
    row = "t,m,2,chosen,retain,accuracy,0.5,,,1,,\n"
    with pytest.raises(UserError, match="two rows for t / m / 2 / chosen / accuracy / retain"):
        Metrics(write(tmp_path, f"{HEADER}\n{row}{row}"))


def test_the_final_alignment_is_that_of_the_first_metric_of_free_classes_and_unseen_starts_at_the_last_step(
    tmp_path: Path,
) -> None:
    path = write(
        tmp_path,
        "step,starts,metric,class,role,r_squared,correlation\n"
        "10,unseen,loss,2,free,0.1,0.1\n"
        "20,unseen,loss,0,pivot,0.2,0.2\n"
        "20,seen,loss,2,free,0.3,0.3\n"
        "20,unseen,loss,2,free,0.4,0.5\n"
        "20,unseen,loss,3,free,0.6,0.7\n"
        "20,unseen,discriminability,2,free,0.8,0.9\n",
    )
    found = final_alignment(path)
    assert [(row.metric, row.class_, row.r_squared, row.correlation) for row in found] == [
        ("loss", "2", 0.4, 0.5),
        ("loss", "3", 0.6, 0.7),
    ]
