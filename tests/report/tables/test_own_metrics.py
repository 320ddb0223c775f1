"""The table of the user's own metrics."""

from pathlib import Path

import pytest

from hyperforget.config.report_specs import MetricWords
from hyperforget.records.files import read_rows, write_rows
from hyperforget.records.methods import MetricRow
from hyperforget.report import glossary
from hyperforget.report.results import Metrics
from hyperforget.report.spec import table_names
from hyperforget.report.tables.formats import to_csv, to_html
from hyperforget.report.tables.own_metrics import own_metrics_table
from tests.report.synthetic_results import SPEC, as_spec

WORDS = MetricWords(
    name="sure",
    title="Sureness",
    unit="nats",
    better="lower",
    description="How sure answers are.",
    sets=("forget", "test"),
    source="mine.py",
)


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    spec, path = as_spec(SPEC), tmp_path / "metrics.csv"
    rows = [
        MetricRow(task.name, method, forget, "population", set_, "sure", 0.25 + index, 0.125, 4.5, 9)
        for task in spec.tasks
        for index, method in enumerate(spec.methods)
        for forget in task.forget_sets
        for set_ in ("forget", "test")
    ]
    write_rows(path, rows)
    assert read_rows(path, MetricRow) == rows
    return Metrics(path)


def test_every_method_has_its_values_with_the_words_of_the_author(metrics: Metrics) -> None:
    spec = as_spec(SPEC).model_copy(update={"metrics": (WORDS,)})
    task = spec.tasks[0]
    table = own_metrics_table(spec, task, metrics)
    assert table.name in table_names(spec)
    header, *lines = to_csv(table).splitlines()
    assert (
        header
        == "forget,holdout,method,sure_forget,sure_forget_low,sure_forget_high,sure_test,sure_test_low,sure_test_high"
    )
    assert len(lines) == len(task.forget_sets) * len(spec.methods)
    first = lines[0].split(",")
    index = spec.methods.index("retrained")
    assert first[2:] == ["retrained", *[f"{value}" for value in (0.25 + index, 0.125, 4.5)] * 2]
    html = to_html(table)
    for words in ("Sureness (nats)", "Good: Sureness (by mine.py), lower is better."):
        assert words in html
    installed = spec.model_copy(update={"metrics": (WORDS.model_copy(update={"source": ""}),)})
    assert "Sureness (by an installed package)" in to_html(own_metrics_table(installed, task, metrics))


def test_without_metrics_of_ones_own_there_is_no_such_table() -> None:
    assert not [name for name in table_names(as_spec(SPEC)) if "own" in name]


def test_the_glossary_tells_what_the_author_says() -> None:
    told = glossary.of_own(WORDS)
    assert (told.title, told.unit, told.description, told.source) == (
        "Sureness", "nats", "How sure answers are.", "mine.py",
    )  # fmt: skip
    assert "lower is better" in told.ideal
