"""The table of recovery and its verdicts."""

from dataclasses import replace
from pathlib import Path

import pytest

from hyperforget.config.methods import RETRAINED
from hyperforget.records.files import write_rows
from hyperforget.records.methods import MetricRow
from hyperforget.report.results import Metrics
from hyperforget.report.tables.recovery import knowledge

TASK, FORGET = "digits", "2"


def row(method: str, metric: str, value: float, low: float = 0.0, high: float = 1.0) -> MetricRow:
    return MetricRow(TASK, method, FORGET, "population", "forget", metric, value, low, high, 16)


def rows(shift: float = 0.1, auc: float = 0.7, accuracy: float = 0.0) -> list[MetricRow]:
    return [
        row(RETRAINED, "accuracy", 0.0),
        row(RETRAINED, "shift", 0.1, 0.0, 0.3),
        row(RETRAINED, "auc", 0.7, 0.6, 0.8),
        row("bias", "accuracy", accuracy),
        row("bias", "shift", shift),
        row("bias", "auc", auc),
    ]


def verdict(folder: Path, found: list[MetricRow], method: str = "bias") -> str | None:
    path = folder / "metrics.csv"
    write_rows(path, found)
    return knowledge(Metrics(path), TASK, method, FORGET)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "forgets"),
        ({"shift": 0.3, "auc": 0.8}, "forgets"),
        ({"shift": 0.31}, "hides"),
        ({"auc": 0.81}, "hides"),
        ({"auc": 0.2, "shift": 0.0}, "forgets"),
        ({"accuracy": 0.011}, "answers"),
        ({"accuracy": 0.5, "auc": 0.99, "shift": 0.9}, "answers"),
    ],
)
def test_a_class_is_hidden_where_more_comes_back_than_in_retrained_networks(
    tmp_path: Path, values: dict[str, float], expected: str
) -> None:
    assert verdict(tmp_path, rows(**values)) == expected


def test_there_is_no_verdict_on_retrained_networks_nor_without_their_interval(tmp_path: Path) -> None:
    assert verdict(tmp_path, rows(), RETRAINED) is None
    alone = [replace(each, low=None, high=None) if each.method == RETRAINED else each for each in rows()]
    assert verdict(tmp_path, alone) is None
    assert verdict(tmp_path, [each for each in rows() if each.metric == "accuracy"]) is None
