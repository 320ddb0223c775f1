"""The cells of ``results/metrics.csv``, and which of them moved between two versions of it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hyperforget.errors import UserError
from hyperforget.records.files import columns_of, parse_rows
from hyperforget.records.methods import MetricRow

METRICS = "metrics.csv"
KEY = columns_of(MetricRow)[:6]


@dataclass(frozen=True)
class MetricChange:
    """A row that moved; ``key`` holds task, method, forget, selection, set and metric.

    ``old`` or ``new`` is None for a cell that only the other version has; ``low`` to ``high`` is the old interval.
    ``outside`` says whether the new value left it, None where one of the two is absent.
    """

    key: tuple[str, ...]
    old: float | None
    new: float | None
    low: float | None
    high: float | None
    outside: bool | None


def read_cells(data: bytes) -> dict[tuple[str, ...], MetricRow]:
    """The rows in the bytes of a metrics file, by key.

    Raises `UserError` if they are something else.
    """
    try:
        return {row.key: row for row in parse_rows(data.decode(), MetricRow, METRICS)}
    except (UserError, UnicodeDecodeError) as error:
        raise UserError(f"{METRICS} is not a table of metrics ({error}); build it again") from None


def compare_cells(
    before: Mapping[tuple[str, ...], MetricRow], after: Mapping[tuple[str, ...], MetricRow]
) -> Iterator[MetricChange]:
    """The cells that moved, appeared or vanished, in the order of ``before`` and then of ``after``."""
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            yield MetricChange(key, _or_none(old.value), None, old.low, old.high, None)
        elif new.value != old.value and not (math.isnan(new.value) and math.isnan(old.value)):
            outside = None
            if old.low is not None and old.high is not None and not math.isnan(new.value):
                outside = not old.low <= new.value <= old.high
            yield MetricChange(key, _or_none(old.value), _or_none(new.value), old.low, old.high, outside)
    for key, new in after.items():
        if key not in before:
            yield MetricChange(key, None, _or_none(new.value), None, None, None)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
