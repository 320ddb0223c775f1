import io
import re
from pathlib import Path

import pandas as pd
import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.errors import UserError
from hyperforget.report.results import Metrics
from hyperforget.report.spec import table_files, table_names
from hyperforget.report.tables.formats import to_csv, to_html
from hyperforget.report.tables.model import Table
from hyperforget.report.tables.thesis import build_tables, write_tables
from tests.report.synthetic_results import METHODS, SPEC, TASKS, as_spec

INDIVIDUAL = {
    "Accuracy on D_r": ("accuracy", "retain"),
    "Accuracy on D_f": ("accuracy", "forget"),
    "MIA": ("mia", "forget-train"),
    "MIA, control": ("mia_test", "forget"),
}
PAIRED = {
    "Overlap on D_r": ("overlap", "retain"),
    "Overlap on D_f": ("overlap", "forget"),
    "Overlap on Test Set": ("overlap", "test"),
    "Activation Distance": ("activation_distance", "test"),
    "Unlearning Score (φ)": ("phi", "test"),
    "JSD (bits)": ("jsd", "test"),
}


@pytest.fixture(scope="module")
def metrics(results: Path) -> pd.DataFrame:
    keys = ["task", "method", "forget", "selection", "metric", "set"]
    frame = pd.read_csv(results / "metrics.csv", dtype={"forget": str})
    return frame.set_index(keys).sort_index()


@pytest.fixture(scope="module")
def tables(results: Path, spec: FullSpec) -> dict[str, Table]:
    return {table.name: table for table in build_tables(spec, Metrics(results / "metrics.csv"))}


def read_table(table: Table) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(to_csv(table)), header=[0, 1], index_col=0)


@pytest.mark.parametrize(("kind", "rows"), [("individual", INDIVIDUAL), ("paired", PAIRED)])
@pytest.mark.parametrize(("prefix", "sets"), [("digits", "forget"), ("digits-holdout", "holdout")])
def test_csv_holds_the_numbers_of_the_metrics_file(
    tables: dict[str, Table],
    metrics: pd.DataFrame,
    kind: str,
    rows: dict[str, tuple[str, str]],
    prefix: str,
    sets: str,
) -> None:
    frame = read_table(tables[f"{prefix}-{kind}"])
    values = metrics.to_dict("index")
    assert list(frame.index) == list(rows)
    methods = [method for method in METHODS if kind == "individual" or method != "retrained"]
    for label, (metric, set_) in rows.items():
        for forget in TASKS["digits"][sets]:
            for method in methods:
                expected = values["digits", method, forget, "chosen", metric, set_]["value"]
                assert frame.loc[label, (method, forget)] == expected
            population = values["digits", "retrained", forget, "population", metric, set_]
            for part, column in (("median", "value"), ("low", "low"), ("high", "high")):
                assert frame.loc[label, (f"retrained {part}", forget)] == population[column]


def test_html_prints_them_to_four_decimals(tables: dict[str, Table], metrics: pd.DataFrame) -> None:
    page = to_html(tables["digits-4-individual"])
    first_row = re.search(r"<tr><th scope=\"row\">Accuracy on .*?</tr>", page)
    assert first_row is not None
    values = metrics.to_dict("index")
    expected = [
        values["digits-4", method, forget, "chosen", "accuracy", "retain"]["value"]
        for method in ("dihyfo-1", "dihyfo-2", "retrained")
        for forget in ("2", "2-3")
    ]
    assert re.findall(r"<td>(.*?)</td>", first_row.group()) == [f"{value:.4f}" for value in expected]


def test_the_first_block_is_the_thesis_and_the_second_the_retrained_population(
    tables: dict[str, Table],
) -> None:
    individual = [
        [heading.label.plain for heading in block.headings[0]] for block in tables["digits-individual"].blocks
    ]
    assert individual == [
        ["DiHyFo-1", "DiHyFo-2", "Retrained, seed 0"],
        ["Retrained, median of 32 seeds [central 95 % of networks]"],
        ["DiHyFo-1 (editing)", "Nearest checkpoint", "Lowered biases"],
    ]
    paired = [[heading.label.plain for heading in block.headings[0]] for block in tables["digits-paired"].blocks]
    assert paired[0] == ["DiHyFo-1", "DiHyFo-2"]
    assert paired[1] == ["Two retrained networks, median of all pairs [central 95 % of pairs]"]


def test_files_are_those_that_names_tells(results: Path, spec: FullSpec, tmp_path: Path) -> None:
    write_tables(spec, Metrics(results / "metrics.csv"), tmp_path / "tables")
    assert {path.name for path in (tmp_path / "tables").iterdir()} == set(table_files(spec))


@pytest.mark.parametrize("methods", [["dihyfo-2"], ["retrained"], ["dihyfo-1-edit", "retrained"], ["nearest", "bias"]])
def test_any_subset_of_methods_makes_tables(results: Path, methods: list[str]) -> None:
    spec = as_spec({**SPEC, "methods": methods})
    tables = build_tables(spec, Metrics(results / "metrics.csv"))
    assert [table.name for table in tables] == table_names(spec)
    frame = read_table(next(table for table in tables if table.name == "digits-4-individual"))
    assert set(methods) <= set(frame.columns.get_level_values(0))


def test_a_missing_row_names_the_file(results: Path, spec: FullSpec, tmp_path: Path) -> None:
    frame = pd.read_csv(results / "metrics.csv", dtype=str)
    gone = (frame["method"] == "nearest") & (frame["metric"] == "jsd") & (frame["forget"] == "2-3")
    frame[~gone].to_csv(tmp_path / "metrics.csv", index=False)
    with pytest.raises(
        UserError, match=r"metrics\.csv has no row with task 'digits-4', method 'nearest', forget '2-3'"
    ):
        build_tables(spec, Metrics(tmp_path / "metrics.csv"))


def test_a_single_retrained_network_has_no_floor(results: Path, spec: FullSpec, tmp_path: Path) -> None:
    frame = pd.read_csv(results / "metrics.csv", dtype=str)
    paired = frame["metric"].isin(["overlap", "activation_distance", "phi", "jsd"])
    frame[~(paired & (frame["method"] == "retrained"))].to_csv(tmp_path / "metrics.csv", index=False)
    tables = {table.name: table for table in build_tables(spec, Metrics(tmp_path / "metrics.csv"))}
    assert not any("retrained" in group for group in read_table(tables["digits-paired"]).columns.get_level_values(0))
    comparison = pd.read_csv(io.StringIO(to_csv(tables["digits-comparison"])))
    assert comparison["relative_activation_distance"].isna().all()
