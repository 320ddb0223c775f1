"""Rows of data classes as CSV."""

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.records import corpora, hypernets, methods
from hyperforget.records.files import columns_of, parse_rows, read_rows, write_rows


@dataclass(frozen=True)
class Row:
    class_: int
    name: str
    holdout: bool
    value: float
    low: float | None


@dataclass(frozen=True)
class Told:
    role: Literal["free", "pivot"]
    count: int | None
    share: float


DECLARED = [
    each
    for module in (corpora, hypernets, methods)
    for each in vars(module).values()
    if isinstance(each, type) and each.__module__ == module.__name__
]
NUMBERS = st.floats(allow_nan=False)
ROWS = [Row(0, "a,b", True, 0.1 + 0.2, None), Row(1, "ä\n", False, 1e-17, 3.0)]


def test_values_read_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.csv"
    write_rows(path, ROWS)
    with path.open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == ["class", "name", "holdout", "value", "low"]
    assert [line[:3] for line in lines] == [["0", "a,b", "true"], ["1", "ä\n", "false"]]
    assert [float(line[3]) for line in lines] == [0.1 + 0.2, 1e-17]
    assert [line[4] for line in lines] == ["", "3.0"]
    assert b"\r" not in path.read_bytes()


def test_pandas_reads_flags_and_gaps(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ROWS)
    table = pd.read_csv(tmp_path / "rows.csv")
    assert table.holdout.tolist() == [True, False]
    assert table.low.isna().tolist() == [True, False]
    assert table["class"].tolist() == [0, 1]


def test_writing_replaces(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_rows(path, ROWS)
    write_rows(path, ROWS[:1])
    assert len(path.read_text().splitlines()) == 2


@given(
    st.lists(
        st.builds(
            Row,
            st.integers(),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")),
            st.booleans(),
            NUMBERS,
            st.none() | NUMBERS,
        ),
        min_size=1,
    )
)
def test_whatever_is_written_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = tmp_path_factory.mktemp("written") / "rows.csv"
    write_rows(path, rows)
    assert read_rows(path, Row) == rows


def test_nothing_is_none_where_that_is_declared_and_else_not_a_number(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", [Told("free", None, math.nan)])
    for text in (
        (tmp_path / "rows.csv").read_text(),
        "role,count,share\nfree,,\n",
        "role,count,share\nfree,nan,\n",
    ):
        (row,) = parse_rows(text, Told, "rows.csv")
        assert row.count is None
        assert math.isnan(row.share)


def test_columns_are_found_by_name_and_others_passed_over() -> None:
    assert columns_of(Row)[0] == "class"
    rows = parse_rows("low,more,holdout,class,value,name\n,9,True,3,inf,b\n", Row, "rows.csv")
    assert rows == [Row(3, "b", True, math.inf, None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"rows\.csv is empty; expected are the columns role, count, share"),
        ("\n", r"rows\.csv is empty"),
        ("role,share\nfree,1\n", r"rows\.csv lacks the column 'count'; it has role, share"),
        ("role,count,share\nfree,1\n", r"rows\.csv has a row of 2 cells under 3 columns"),
        ("role,count,share\nfree,1,much\n", r"rows\.csv, column 'share': 'much' is not a number"),
        ("role,count,share\nfree,1.5,1\n", r"rows\.csv, column 'count': '1\.5' is not a number"),
        ("role,count,share\nfreed,1,1\n", r"rows\.csv, column 'role': 'freed' is none of free, pivot"),
        ("role,count,share\n", r"rows\.csv has no rows"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_column(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_rows(tmp_path / "rows.csv", Told)


def test_a_missing_file_is_named_and_one_without_rows_may_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.csv is missing"):
        read_rows(tmp_path / "absent.csv", Told)
    (tmp_path / "rows.csv").write_text("role,count,share\n")
    assert read_rows(tmp_path / "rows.csv", Told, may_be_empty=True) == []


@pytest.mark.parametrize("row_type", DECLARED)
def test_every_declared_file_can_be_read(row_type: type[object]) -> None:
    assert parse_rows(",".join(columns_of(row_type)) + "\n", row_type, "rows.csv") == []


def test_the_key_of_a_metric_is_all_but_its_numbers() -> None:
    row = methods.MetricRow("t", "m", "2-3", "chosen", "retain", "accuracy", 0.5, None, None, 1)
    assert row.key == ("t", "m", "2-3", "chosen", "retain", "accuracy")
    assert replace(row, value=0.6, n=2).key == row.key


def test_a_column_of_a_field_with_a_default_may_be_lacking() -> None:
    row = methods.MetricRow("t", "m", "2-3", "chosen", "retain", "accuracy", 0.5, None, None, 1)
    old = "task,method,forget,selection,set,metric,value,low,high,n\nt,m,2-3,chosen,retain,accuracy,0.5,,,1\n"
    assert parse_rows(old, methods.MetricRow, "old") == [row]
