"""Reading the CSV files under ``results/``: text stays text, and what is missing is named."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hyperforget.errors import UserError

_KEY = ("task", "method", "forget", "selection", "metric", "set")
METRIC_COLUMNS = ("task", "method", "forget", "selection", "set", "metric", "value", "low", "high", "n")
# Names that look like numbers or missing values to a CSV reader (forget set "2", class "nan").
_TEXT = (
    "task", "method", "forget", "selection", "set", "metric", "class", "role", "starts", "network",
    "prompt", "start", "candidate", "chosen", "holdout", "retrained", "predicted", "optimizer",
    "values",
)  # fmt: skip


def read_csv(path: Path, columns: Sequence[str], may_be_empty: bool = False) -> pd.DataFrame:
    """The named columns of a CSV file; names are text, flags boolean, everything else numbers.

    Raises `UserError` naming the file when it is missing, lacks a column, has text for a number, or no row.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except pd.errors.EmptyDataError:
        raise UserError(f"{path} is empty; expected are the columns {', '.join(columns)}") from None
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]!r}; it has {', '.join(frame.columns)}")
    if frame.empty and not may_be_empty:
        raise UserError(f"{path} has no rows")
    frame = frame[list(columns)].copy()
    for column in columns:
        if column in ("chosen", "holdout"):
            frame[column] = frame[column].str.lower() == "true"
        elif column not in _TEXT:
            frame[column] = _numbers(frame[column], path)
    return frame


def rows_of(frame: pd.DataFrame, path: Path, **wanted: str) -> pd.DataFrame:
    """The rows whose columns have these values (``class_`` stands for ``class``).

    Raises `UserError` naming the file and the values when there are none.
    """
    keys = {name.rstrip("_"): value for name, value in wanted.items()}
    selected = frame
    for column, value in keys.items():
        selected = selected[selected[column] == value]
    if selected.empty:
        raise UserError(
            f"{path} has no row with " + ", ".join(f"{column} {value!r}" for column, value in keys.items())
        )
    return selected


def check_values(frame: pd.DataFrame, path: Path, column: str, allowed: Sequence[str]) -> None:
    """Raise `UserError` naming the file where a column has another value than those allowed."""
    unknown = sorted(set(frame[column]) - set(allowed))
    if unknown:
        raise UserError(f"{path}, column {column!r}: {unknown[0]!r} is none of {', '.join(allowed)}")


def final_alignment(path: Path) -> pd.DataFrame:
    """Prompt alignment of the classes that can be forgotten, for unseen starts, at the end of training: the rows of an
    ``alignment.csv`` with their ``class``, ``r_squared`` and ``correlation``.
    """
    frame = read_csv(path, ("step", "starts", "class", "role", "r_squared", "correlation"))
    last: pd.DataFrame = frame[
        (frame["step"] == frame["step"].max()) & (frame["starts"] == "unseen") & (frame["role"] == "free")
    ]
    return last


@dataclass(frozen=True)
class Value:
    """A number of the metrics file, of ``n`` networks; ``low`` to ``high`` is its 95 % interval, else NaN."""

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 1

    @property
    def has_interval(self) -> bool:
        """Whether the value stands for more than one network."""
        return not (math.isnan(self.low) or math.isnan(self.high))


class Metrics:
    """``results/metrics.csv``, asked one value at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        frame = read_csv(path, METRIC_COLUMNS)
        self._values: dict[tuple[str, ...], Value] = {}
        keys = zip(*(frame[column] for column in _KEY), strict=True)
        numbers = zip(*(frame[column] for column in ("value", "low", "high", "n")), strict=True)
        for key, (value, low, high, n) in zip(keys, numbers, strict=True):
            if key in self._values:
                raise UserError(f"{path} has two rows for {' / '.join(key)}")
            self._values[key] = Value(value, low, high, 1 if math.isnan(n) else int(n))

    def forget_sets(self, task: str) -> list[str]:
        """The forget sets that the file has values of, in its order."""
        return list(dict.fromkeys(key[2] for key in self._values if key[0] == task))

    def find(
        self, task: str, method: str, forget: str, selection: str, metric: str, set_: str
    ) -> Value | None:
        """The value, or None where the file has no such row."""
        return self._values.get((task, method, forget, selection, metric, set_))

    def need(self, task: str, method: str, forget: str, selection: str, metric: str, set_: str) -> Value:
        """The value; raises `UserError` naming the file and the row where it is missing."""
        value = self.find(task, method, forget, selection, metric, set_)
        if value is None:
            raise UserError(
                f"{self.path} has no row with task {task!r}, method {method!r}, forget {forget!r}, "
                f"selection {selection!r}, metric {metric!r}, set {set_!r}"
            )
        return value


def _numbers(column: "pd.Series[str]", path: Path) -> list[float]:
    # float() reads back exactly what was written; the CSV reader's own parser may miss the last digit.
    numbers = []
    for text in column:
        try:
            numbers.append(float(text) if text.strip() else math.nan)
        except ValueError:
            raise UserError(f"{path}, column {column.name!r}: {text!r} is not a number") from None
    return numbers
