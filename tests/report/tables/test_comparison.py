import io
from pathlib import Path

import pandas as pd
import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.results import Metrics
from hyperforget.report.tables.comparison import activation_distance, comparison_table, distance_floor
from hyperforget.report.tables.formats import to_csv, to_html
from tests.report.synthetic_results import METHODS, TASKS, task_of


@pytest.fixture(scope="module")
def metrics(results: Path) -> Metrics:
    return Metrics(results / "metrics.csv")


@pytest.fixture(scope="module")
def frame(metrics: Metrics, spec: FullSpec) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO(to_csv(comparison_table(spec, task_of(spec, "digits"), metrics))),
        dtype={"forget": str},
    ).query("method != 'retrained-selected'")


def test_one_row_for_each_method_and_forget_set(frame: pd.DataFrame) -> None:
    task = TASKS["digits"]
    assert len(frame) == len(METHODS) * len(task["forget"] + task["holdout"])
    assert list(frame["method"][:2]) == ["retrained", "dihyfo-1"]
    assert set(frame["forget"][frame["holdout"]]) == set(task["holdout"])


def test_the_chosen_retrained_network_has_a_row_below_all_of_them(metrics: Metrics, spec: FullSpec) -> None:
    table = comparison_table(spec, task_of(spec, "digits"), metrics)
    rows = pd.read_csv(io.StringIO(to_csv(table)), dtype={"forget": str})
    selected = rows[rows["method"] == "retrained-selected"]
    assert list(rows["method"][:2]) == ["retrained", "retrained-selected"]
    assert list(selected["forget"]) == list(task_of(spec, "digits").forget_sets)
    for row in selected.to_dict("records"):
        found = metrics.need("digits", "retrained", row["forget"], "selected", "accuracy", "retain").value
        assert row["retain_accuracy"] == found
    # A single network has no median and no share.
    assert selected[["retain_accuracy_median", "usable_share"]].isna().all().all()
    assert table.blocks[0].rows[1].label.plain == "Retrained, chosen"


def test_a_metrics_file_of_before_has_no_row_of_it(results: Path, spec: FullSpec, tmp_path: Path) -> None:
    lines = (results / "metrics.csv").read_text().splitlines(keepends=True)
    (tmp_path / "metrics.csv").write_text("".join(line for line in lines if ",selected," not in line))
    table = comparison_table(spec, task_of(spec, "digits"), Metrics(tmp_path / "metrics.csv"))
    assert len(table.blocks[0].rows) == len(METHODS)


def test_numbers_are_those_of_the_metrics_file(frame: pd.DataFrame, metrics: Metrics) -> None:
    for row in frame.to_dict("records"):
        for set_ in ("forget", "retain"):
            chosen = metrics.need("digits", row["method"], row["forget"], "chosen", "accuracy", set_)
            everyone = metrics.need("digits", row["method"], row["forget"], "population", "accuracy", set_)
            assert row[f"{set_}_accuracy"] == chosen.value
            assert row[f"{set_}_accuracy_median"] == everyone.value


def test_intervals_of_accuracies_stand_beside_them(frame: pd.DataFrame, metrics: Metrics, spec: FullSpec) -> None:
    row = frame[frame["method"] == "dihyfo-1"].iloc[0]
    chosen, everyone = (
        metrics.need("digits", "dihyfo-1", row["forget"], selection, "accuracy", "retain")
        for selection in ("chosen", "population")
    )
    assert row["retain_accuracy_interval_low"] == chosen.median_low == chosen.value - 0.018
    assert row["retain_accuracy_median_interval_high"] == everyone.median_high
    page = to_html(comparison_table(spec, task_of(spec, "digits"), metrics))
    interval = f'<span class="interval">[{everyone.low:.4f}, {everyone.high:.4f}]</span>'
    assert f"<td>{interval}</td>" in page


def test_distances_are_relative_to_two_retrained_networks(frame: pd.DataFrame, metrics: Metrics) -> None:
    for row in frame.to_dict("records"):
        floor = metrics.need("digits", "retrained", row["forget"], "population", "activation_distance", "test").value
        assert distance_floor(metrics, "digits", row["forget"]) == floor
        assert row["activation_distance"] == activation_distance(metrics, "digits", row["method"], row["forget"])
        assert row["relative_activation_distance"] == pytest.approx(row["activation_distance"] / floor)


def test_usable_shares_are_those_of_the_metrics_file(frame: pd.DataFrame, metrics: Metrics) -> None:
    for row in frame.to_dict("records"):
        share = metrics.need("digits", row["method"], row["forget"], "population", "usable_share", "choice")
        assert row["usable_share"] == share.value


def test_held_out_sets_are_marked(metrics: Metrics, spec: FullSpec) -> None:
    page = to_html(comparison_table(spec, task_of(spec, "digits-4"), metrics))
    assert page.count("kept out of collection</span></th>") == 1
    assert "{3}, kept out of collection" in page


def test_a_network_that_stands_alone_has_no_interval(frame: pd.DataFrame) -> None:
    alone = frame[frame["method"] == "bias"]
    assert alone["retain_accuracy_low"].isna().all()
    assert not alone["retain_accuracy_median"].isna().any()
