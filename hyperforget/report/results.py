"""What readers of the CSV files under ``results/`` have in common: picking rows, and numbers over them."""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from hyperforget.errors import UserError
from hyperforget.records.files import RowType, read_rows
from hyperforget.records.hypernets import AlignmentRow
from hyperforget.records.methods import ConfusionRow, MetricRow

Key = TypeVar("Key", bound=Hashable)


def rows_with(rows: Iterable[RowType], path: Path, **wanted: str) -> list[RowType]:
    """The rows whose fields have these values.

    Raises `UserError` naming the file and the values when there are none.
    """
    found = [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]
    if not found:
        values = ", ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise UserError(f"{path} has no row with {values}")
    return found


def rows_by(rows: Iterable[RowType], key: Callable[[RowType], Key]) -> dict[Key, list[RowType]]:
    """The rows by what ``key`` gives for them, in the order in which it first does."""
    groups: dict[Key, list[RowType]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def mean(values: Iterable[float]) -> float:
    """Over those that are not NaN; NaN where there are none."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def quantile(values: Iterable[float], share: float) -> float:
    """Below which a ``share`` of those that are not NaN lies; NaN where there are none."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.quantile(known, share)) if known else math.nan


def final_alignment(path: Path) -> list[AlignmentRow]:
    """Rows of an ``alignment.csv``: the first metric of free classes, unseen starts, at the end of training."""
    rows = read_rows(path, AlignmentRow)
    rows = [row for row in rows if row.metric == rows[0].metric]
    last = max(row.step for row in rows)
    return [row for row in rows if (row.step, row.starts, row.role) == (last, "unseen", "free")]


@dataclass(frozen=True)
class Value:
    """A number of the metrics file, of ``n`` networks: ``low`` to ``high`` are the central 95 % of these, and
    ``median_low`` to ``median_high`` is the 95 % interval of the number, else NaN.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 1
    median_low: float = math.nan
    median_high: float = math.nan

    @property
    def error(self) -> float:
        """Half of its 95 % interval, NaN without one."""
        return (self.median_high - self.median_low) / 2


class Metrics:
    """``results/metrics.csv``, or a file of one forget set, asked one value at a time, and how many images its
    accuracies are of; ``results`` is the folder of tasks, by default that of the file.
    """

    def __init__(self, path: Path, results: Path | None = None) -> None:
        self.path = path
        self._results = path.parent if results is None else results
        self._images: dict[tuple[str, str], dict[str, int]] = {}
        self._values: dict[tuple[str, ...], Value] = {}
        for row in read_rows(path, MetricRow):
            if row.key in self._values:
                names = (*row.key[:4], row.metric, row.set)
                raise UserError(f"{path} has two rows for {' / '.join(names)}")
            bounds = (row.low, row.high, row.median_low, row.median_high)
            low, high, *of_median = (math.nan if bound is None else bound for bound in bounds)
            self._values[row.key] = Value(row.value, low, high, row.n, *of_median)

    def forget_sets(self, task: str) -> list[str]:
        """The forget sets that the file has values of, in its order."""
        return list(dict.fromkeys(key[2] for key in self._values if key[0] == task))

    def methods(self, task: str) -> list[str]:
        """The methods that the file has values of, in its order."""
        return list(dict.fromkeys(key[1] for key in self._values if key[0] == task))

    def images(self, task: str, forget: str, set_: str) -> int | None:
        """Test images of a set, ``forget``, ``retain`` or ``test``, by the counts of predictions in the folder of the
        task; None where these are not there.
        """
        if (task, forget) not in self._images:
            self._images[task, forget] = _test_images(self._results / task / f"forget-{forget}-confusion.csv")
        return self._images[task, forget].get(set_)

    def find(self, task: str, method: str, forget: str, selection: str, metric: str, set_: str) -> Value | None:
        """The value, or None where the file has no such row."""
        return self._values.get((task, method, forget, selection, set_, metric))

    def need(self, task: str, method: str, forget: str, selection: str, metric: str, set_: str) -> Value:
        """The value; raises `UserError` naming the file and the row where it is missing."""
        value = self.find(task, method, forget, selection, metric, set_)
        if value is None:
            raise UserError(
                f"{self.path} has no row with task {task!r}, method {method!r}, forget {forget!r}, "
                f"selection {selection!r}, metric {metric!r}, set {set_!r}"
            )
        return value


def _test_images(path: Path) -> dict[str, int]:
    """How many images of each set the first method of a file of `ConfusionRow` was shown; empty without such a file."""
    if not path.is_file():
        return {}
    rows = read_rows(path, ConfusionRow, may_be_empty=True)
    if not rows:
        return {}
    counts = {
        set_: sum(row.count for row in rows if (row.method, row.set) == (rows[0].method, set_))
        for set_ in ("retain", "test")
    }
    return counts | {"forget": counts["test"] - counts["retain"]}
