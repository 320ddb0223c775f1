import io
from pathlib import Path

import pandas as pd
import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.errors import UserError
from hyperforget.report.results import Metrics
from hyperforget.report.spec import table_names
from hyperforget.report.tables.formats import to_csv, to_html
from hyperforget.report.tables.model import Table
from hyperforget.report.tables.strangers import strangers_table
from hyperforget.report.tables.thesis import build_tables
from tests.report.synthetic_results import STRANGER_METHODS, TASKS, task_of


@pytest.fixture(scope="module")
def metrics(results: Path) -> Metrics:
    return Metrics(results / "metrics.csv")


@pytest.fixture(scope="module")
def table(metrics: Metrics, spec: FullSpec) -> Table:
    return strangers_table(task_of(spec, "digits"), metrics)


@pytest.fixture(scope="module")
def frame(table: Table) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(to_csv(table)), dtype={"forget": str})


def test_every_forget_set_has_the_methods_below_the_retrained_networks(frame: pd.DataFrame) -> None:
    task = TASKS["digits"]
    forget_sets = task["forget"] + task["holdout"]
    methods = ["retrained", *STRANGER_METHODS]
    assert list(zip(frame["forget"], frame["method"], strict=True)) == [
        (forget, method) for forget in forget_sets for method in methods
    ]
    assert set(frame["forget"][frame["holdout"]]) == set(task["holdout"])


def test_numbers_are_those_of_the_first_stranger_and_of_all(frame: pd.DataFrame, metrics: Metrics) -> None:
    for row in frame.to_dict("records"):
        for set_ in ("forget", "retain"):
            first, everyone = (
                metrics.need("digits", row["method"], row["forget"], selection, "accuracy", set_)
                for selection in ("chosen", "population")
            )
            assert row[f"{set_}_accuracy"] == first.value
            for part, value in (("median", everyone.value), ("low", everyone.low), ("high", everyone.high)):
                assert row[f"{set_}_accuracy_{part}"] == value


def test_the_page_says_how_strangers_were_trained_and_calls_methods_by_their_titles(table: Table) -> None:
    page = to_html(table)
    assert "kaiming initialisation, 9 steps of adam" in page
    assert page.count('<th scope="row">DiHyFo-1 (editing)</th>') == 5
    assert page.count("kept out of collection</span></th>") == 2
    assert "-strangers</th>" not in page


def test_no_other_table_shows_strangers(spec: FullSpec, metrics: Metrics, table: Table) -> None:
    for other in build_tables(spec, metrics):
        assert ("strangers" in to_csv(other)) == (other.name == table.name)


def test_a_task_without_strangers_has_no_table_of_them(spec: FullSpec) -> None:
    assert "digits-strangers" in table_names(spec)
    assert "digits-4-strangers" not in table_names(spec)


def test_a_missing_row_names_the_file(spec: FullSpec, metrics: Metrics) -> None:
    task = task_of(spec, "digits")
    unknown = task.model_copy(update={"stranger_methods": ("scrub-strangers",)})
    with pytest.raises(UserError, match=r"metrics\.csv has no row with task 'digits', method 'scrub-strangers'"):
        strangers_table(unknown, metrics)
