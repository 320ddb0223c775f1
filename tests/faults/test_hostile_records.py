"""Whatever lies where a CSV file of results is expected: its rows are read, or it is refused in one sentence."""

from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.records.files import read_rows, write_rows
from hyperforget.records.methods import MetricRow
from tests.faults.hostile import garbled, refusal
from tests.torture import hostile

ROWS = [
    MetricRow("digits", "dihyfo-1", "2-3", "chosen", "retain", "accuracy", 0.5, 0.25, 0.75, 8),
    MetricRow("digits", "bias", "2", "population", "forget", "shift", 1e-9, None, None, 1),
]
HOSTILE = [
    "", " ", "nan", "inf", "-1", "1e999", "0x10", "1_0", "9" * 5000, "\0", "\x1b[2J", "\r", "\n", '"', "''", "a,b",
    "=cmd()", "\u2028", "\ufeff", "x" * 140_000, "ä", "true",
]  # fmt: skip


def made(folder: Path) -> bytes:
    write_rows(folder / "made.csv", ROWS)
    return (folder / "made.csv").read_bytes()


@st.composite
def tables(draw: st.DrawFn, good: bytes) -> bytes:
    """The file with some cells of header or rows replaced, taken out or doubled."""
    lines = [line.split(",") for line in good.decode().splitlines()]
    for _ in range(draw(st.integers(1, 3))):
        line = draw(st.sampled_from(lines))
        place = draw(st.integers(0, len(line)))
        line[place : place + draw(st.integers(0, 1))] = draw(st.lists(st.sampled_from(HOSTILE), max_size=2))
    return "\n".join(map(",".join, lines)).encode()


@hostile("CSV files of results", 150)
@given(st.data())
def test_any_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile-records"
    folder.mkdir(exist_ok=True)
    good, path = made(folder), folder / "metrics.csv"
    path.write_bytes(data.draw(tables(good) | garbled(good)))
    rows: list[MetricRow] = []
    if refusal(lambda: rows.extend(read_rows(path, MetricRow))):
        assert rows == []
    hints: dict[str, Any] = get_type_hints(MetricRow)
    for row in rows:
        for field in fields(row):
            assert isinstance(getattr(row, field.name), hints[field.name]), field.name


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"task\xff,method", "is no text in UTF-8, as its byte 5 shows"),
        (b'task,"' + b"x" * 140_000, "is no CSV file: field larger than field limit"),
        (b"task,\x1b[31m\n", "lacks the column"),
    ],
)
def test_what_is_no_table_is_told_with_its_file(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "metrics.csv").write_bytes(data)
    with pytest.raises(UserError, match=told) as refused:
        read_rows(tmp_path / "metrics.csv", MetricRow)
    assert str(refused.value).startswith(f"{tmp_path}/metrics.csv ")
    assert str(refused.value).isprintable()
