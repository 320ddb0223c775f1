"""An audit whose outcome is known: who knows what is decided here, and everything said of it has to come out so."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hyperforget.config.methods import ORIGINAL, RETRAINED, RIVALS
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS
from hyperforget.records.audits import ComparisonRow, CriterionRow, JudgedRow
from hyperforget.records.files import columns_of, write_rows

AUDITED = ("tow", "idi", "klom")
# Of retrained networks and of originals, by criterion; and whether lowered biases pass for retrained there.
CRITERIA: dict[tuple[str, str], tuple[float, float, bool]] = {
    ("accuracy", "retain"): (0.95, 0.95, True),
    ("accuracy", "forget"): (0.0, 0.93, True),
    ("shift", "forget"): (0.1, 0.9, False),
    ("auc", "forget"): (0.8, 0.99, False),
    ("relearn_10", "forget"): (0.2, 0.8, False),
    ("tow", "test"): (0.97, 0.05, True),
    ("idi", "forget"): (0.0, 1.0, False),
    ("klom", "forget"): (0.4, 8.0, False),
}
# How far a method is on the way from retrained networks to originals; half of a 95 % interval, in the same unit, and of
# the central 95 % of networks.
KNOWS = {RETRAINED: 0.0, ORIGINAL: 1.0, "dihyfo-1": 0.0, "dihyfo-1-edit": 0.06, "dihyfo-2": 0.3, "nearest": 0.5}
ERROR, SPREAD = 0.04, 0.1
_TOGETHER = ("klom",)


def knows(method: str, criterion: tuple[str, str]) -> float:
    """As in `KNOWS`; lowered biases know all and answer nothing."""
    return float(not CRITERIA[criterion][2]) if method == "bias" else KNOWS[method]


def criterion_rows(task: str, forget: str, methods: Iterable[str], shift: float = 0.0) -> list[CriterionRow]:
    """The rows of one forget set; all but retrained networks know ``shift`` more."""
    rows = []
    for criterion, (floor, original, _) in CRITERIA.items():
        # Where originals are as good as retrained networks, all are.
        unit = original - floor
        for method in (*methods, ORIGINAL):
            known = knows(method, criterion) + (shift if method != RETRAINED else 0.0)
            value, error, spread = floor + unit * known, abs(unit) * ERROR, abs(unit) * SPREAD
            difference = unit * known
            own = 0.0 if method == RETRAINED else error
            wide = (None, None) if criterion[0] in _TOGETHER else (value - spread, value + spread)
            rows.append(
                CriterionRow(
                    *(task, forget, *criterion, method, value, value - error, value + error),
                    *(difference, difference - own, difference + own, *wide, 16),
                )
            )
    return rows


def comparison_rows(task: str, forget: str, methods: Iterable[str]) -> list[ComparisonRow]:
    """What follows from `KNOWS`, with `ERROR` on both sides."""
    names = list(methods)
    rivals = [method for method in names if method in RIVALS]
    rows = []
    for criterion, (floor, original, _) in CRITERIA.items():
        for method in (each for each in names if each not in (RETRAINED, *rivals)):
            for rival in rivals:
                unit = abs(original - floor)
                gain, error = unit * (knows(rival, criterion) - knows(method, criterion)), unit * ERROR
                rows.append(ComparisonRow(task, forget, *criterion, method, rival, gain, gain - error, gain + error))
    return rows


def judged_rows(task: str, forget: str) -> list[JudgedRow]:
    """What lowered biases pass by sees answers alone, and what is kept tells nothing."""
    tells, guesses = (1.0, 0.95, 1.0), (0.5, 0.3, 0.7)
    return [
        JudgedRow(
            *(task, forget, *criterion),
            *(tells if floor != original else guesses),
            *(tells if not passes else guesses),
        )
        for criterion, (floor, original, passes) in CRITERIA.items()
    ]


def write_audit(results: Path, tasks: Mapping[str, Any], methods: Iterable[str], shift: float = 0.0) -> None:
    """The files of all forget sets of some tasks."""
    names = list(methods)
    for task, values in tasks.items():
        folder = results / task
        folder.mkdir(parents=True, exist_ok=True)
        for forget in (*values["forget"], *values["holdout"]):
            write_rows(folder / f"audit-{forget}-criteria.csv", criterion_rows(task, forget, names, shift))
            write_rows(folder / f"audit-{forget}-judged.csv", judged_rows(task, forget))
            place = folder / f"audit-{forget}-comparisons.csv"
            if rows := comparison_rows(task, forget, names):
                write_rows(place, rows)
            else:
                place.write_text(",".join(columns_of(ComparisonRow)) + "\n", encoding="utf-8")


assert {metric for metric, _ in CRITERIA} <= {*METRICS, *AUDIT}
