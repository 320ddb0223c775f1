"""The table of what changes with the seed."""

import io
from pathlib import Path

import pandas as pd
import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.results import Metrics
from hyperforget.report.spec import table_names
from hyperforget.report.tables.formats import to_csv
from hyperforget.report.tables.seeds import seeds_table
from tests.report.synthetic_results import task_of

RUNS = ("digits", "digits-seed-1", "digits-seed-2")


@pytest.fixture(scope="module")
def repeated(spec: FullSpec) -> FullSpec:
    tasks = tuple(
        task.model_copy(update={"repetitions": RUNS[1:]} if task.name == "digits" else {}) for task in spec.tasks
    )
    return spec.model_copy(update={"tasks": tasks})


@pytest.fixture(scope="module")
def rows(results: Path) -> pd.DataFrame:
    """Those of the file, and the same for two more seeds, each a little higher."""
    rows = pd.read_csv(results / "metrics.csv", dtype={"forget": str})
    own = rows[rows["task"] == "digits"]
    more = [own.assign(task=run, value=own["value"] + 0.01 * index) for index, run in enumerate(RUNS[1:], start=1)]
    return pd.concat([rows, *more])


@pytest.fixture(scope="module")
def frame(rows: pd.DataFrame, repeated: FullSpec, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("seeds") / "metrics.csv"
    rows.to_csv(path, index=False)
    table = seeds_table(repeated, task_of(repeated, "digits"), Metrics(path))
    return pd.read_csv(io.StringIO(to_csv(table)), dtype={"forget": str})


def test_every_method_has_the_mean_and_the_range_over_seeds(frame: pd.DataFrame, rows: pd.DataFrame) -> None:
    medians = rows[(rows["selection"] == "population") & rows["task"].isin(RUNS)]
    grouped = medians.groupby(["forget", "method", "metric", "set"])["value"].agg(["mean", "min", "max"])
    assert len(frame) == 5 * frame["method"].nunique()
    for row in frame.to_dict("records"):
        for metric, set_ in (("accuracy", "forget"), ("accuracy", "retain"), ("shift", "forget"), ("auc", "forget")):
            expected = grouped.loc[[(row["forget"], row["method"], metric, set_)]].iloc[0]
            column = f"{metric}_{set_}"
            found = [row[column], row[f"{column}_lowest"], row[f"{column}_highest"]]
            assert found == pytest.approx(expected.tolist())
    assert list(frame["method"][:1]) == ["retrained"]


def test_only_tasks_that_were_repeated_have_one(spec: FullSpec, repeated: FullSpec) -> None:
    assert set(table_names(repeated)) - set(table_names(spec)) == {"digits-seeds"}
