"""Rows of data classes as CSV files."""

import csv
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Write data-class instances of one type, a column a field; a trailing underscore of a name (``class_``)
    is dropped.

    Floats are written so that they read back equal, None as an empty cell, booleans as ``true`` and
    ``false``.
    """
    names = [field.name for field in fields(rows[0])]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(name.rstrip("_") for name in names)
        writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
