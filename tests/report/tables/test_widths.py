"""The table of one hypernetwork for several widths."""

import io
from pathlib import Path

import pandas as pd
import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.results import Metrics
from hyperforget.report.spec import table_names
from hyperforget.report.tables.formats import to_csv, to_html
from hyperforget.report.tables.widths import widths_table
from tests.report.synthetic_results import task_of

UNITS = {"digits": ((7,), False), "digits-4": ((9, 5), True)}


@pytest.fixture(scope="module")
def sharing(spec: FullSpec) -> FullSpec:
    tasks = tuple(
        task.model_copy(
            update={
                "sharing": tuple(UNITS) if task.name == "digits" else (),
                "units": UNITS[task.name][0],
                "width_never_seen": UNITS[task.name][1],
            }
        )
        for task in spec.tasks
    )
    return spec.model_copy(update={"tasks": tasks})


@pytest.fixture(scope="module")
def metrics(results: Path, sharing: FullSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of the file, and a usable share for every method and set."""
    rows = pd.read_csv(results / "metrics.csv", dtype={"forget": str})
    rows = rows[rows["metric"] != "usable_share"]
    shares = rows[["task", "method", "forget"]].drop_duplicates().reset_index(drop=True)
    shares = shares.assign(selection="population", set="choice", metric="usable_share", n=32)
    shares["value"] = shares.index / len(shares)
    path = tmp_path_factory.mktemp("widths") / "metrics.csv"
    every: list[pd.DataFrame] = [rows, shares]
    pd.concat(every).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def frame(metrics: Path, sharing: FullSpec) -> pd.DataFrame:
    table = widths_table(sharing, task_of(sharing, "digits"), Metrics(metrics))
    return pd.read_csv(io.StringIO(to_csv(table)), dtype={"hidden_units": str})


def test_every_task_and_method_that_asks_a_hypernetwork_has_its_means(
    frame: pd.DataFrame, metrics: Path, sharing: FullSpec
) -> None:
    assert set(frame["method"]) == set(sharing.generators)
    assert len(frame) == len(UNITS) * len(sharing.generators)
    rows = pd.read_csv(metrics, dtype={"forget": str})
    rows = rows[rows["selection"] == "population"]
    keys = ["task", "method", "forget"]
    usable = rows[rows["metric"] == "usable_share"].groupby(keys)["value"].mean()
    accuracy = rows[rows["metric"] == "accuracy"].groupby([*keys, "set"])["value"].mean()
    for row in frame.to_dict("records"):
        sets = task_of(sharing, row["task"]).forget_sets
        less = [
            accuracy[row["task"], row["method"], forget, "retain"]
            - accuracy[row["task"], "retrained", forget, "retain"]
            for forget in sets
        ]
        forgotten = [accuracy[row["task"], row["method"], forget, "forget"] for forget in sets]
        shares = [usable[row["task"], row["method"], forget] for forget in sets]
        found = [row[name] for name in frame.columns[4:]]
        assert found == pytest.approx([*(sum(each) / len(sets) for each in (shares, forgotten, less)), min(less)])


def test_it_says_which_width_was_never_seen(frame: pd.DataFrame, metrics: Path, sharing: FullSpec) -> None:
    told = {(row["task"], row["hidden_units"], row["width_never_seen"]) for row in frame.to_dict("records")}
    assert told == {("digits", "7", "no"), ("digits-4", "9, 5", "yes")}
    assert "Width never seen" in to_html(widths_table(sharing, task_of(sharing, "digits"), Metrics(metrics)))


def test_only_a_task_in_whose_folder_others_have_their_hypernetworks_has_one(spec: FullSpec, sharing: FullSpec) -> None:
    assert set(table_names(sharing)) - set(table_names(spec)) == {"digits-widths"}
