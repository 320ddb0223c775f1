"""Rows of data classes as CSV."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hyperforget.records.files import write_rows


@dataclass(frozen=True)
class Row:
    class_: int
    name: str
    holdout: bool
    value: float
    low: float | None


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
