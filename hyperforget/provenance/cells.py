"""The cells of ``results/metrics.csv``, and which of them moved between two versions of it."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hyperforget.errors import UserError

METRICS = "metrics.csv"
KEY = ("task", "method", "forget", "selection", "set", "metric")


@dataclass(frozen=True)
class Cell:
    """A value, NaN if the file has none, and its 95 % interval from ``low`` to ``high``, None without one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CellChange:
    """A cell that moved; ``key`` holds task, method, forget, selection, set and metric.

    ``old`` or ``new`` is None for a cell that only the other version has; ``low`` to ``high`` is the old
    interval. ``outside`` says whether the new value left it, None where one of the two is absent.
    """

    key: tuple[str, ...]
    old: float | None
    new: float | None
    low: float | None
    high: float | None
    outside: bool | None


def read_cells(data: bytes) -> dict[tuple[str, ...], Cell]:
    """The cells in the bytes of a metrics file, by key.

    Raises `UserError` if they are something else.
    """
    cells = {}
    try:
        for row in csv.DictReader(io.StringIO(data.decode())):
            value, low, high = (_number(row[column]) for column in ("value", "low", "high"))
            key = tuple(row[column] for column in KEY)
            cells[key] = Cell(math.nan if value is None else value, low, high)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{METRICS} is not a table of metrics ({error}); build it again") from None
    return cells


def compare_cells(
    before: Mapping[tuple[str, ...], Cell], after: Mapping[tuple[str, ...], Cell]
) -> Iterator[CellChange]:
    """The cells that moved, appeared or vanished, in the order of ``before`` and then of ``after``."""
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            yield CellChange(key, _or_none(old.value), None, old.low, old.high, None)
        elif new.value != old.value and not (math.isnan(new.value) and math.isnan(old.value)):
            outside = None
            if old.low is not None and old.high is not None and not math.isnan(new.value):
                outside = not old.low <= new.value <= old.high
            yield CellChange(key, _or_none(old.value), _or_none(new.value), old.low, old.high, outside)
    for key, new in after.items():
        if key not in before:
            yield CellChange(key, None, _or_none(new.value), None, None, None)


def _number(text: str) -> float | None:
    return _or_none(float(text)) if text.strip() else None


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
