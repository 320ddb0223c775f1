"""Hold a run against networks retrained without each forget set: have its networks forgotten, or do they hide?

    snakemake --cores 2 results/report.html
    python benchmarks/forgetting/run.py [--results results] [--tasks digits digits-seed-1] [--usable 0.75]

Of each method and each forget set, one line of medians over networks, nothing chosen among them, on test images:
accuracy on the forgotten classes and, less the retrained median, on the retained ones; what a shift of output biases,
the ranking by logits (AUC) and a linear probe bring back, with the retrained median beside them. Then the alignment
(R²) of what is told beside losses, mean over free classes, unseen starts. With `--usable`, also the share of networks
at the chosen one's prompt that can be used as they are, which is to be so much at least. Values beyond their limit are
marked, and counted of methods that ask a hypernetwork. Before them, a line a method: the means over forget sets of how
far each value lies above the retrained median, and of the usable share. Ends with 1 where any that counts is beyond its
limit. Of tasks that forget groups, which have no output to shift, accuracies alone, with the retrained median beside
that on forgotten groups.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from hyperforget.config.methods import RETRAINED, RIVALS, Method
from hyperforget.errors import UserError, run_command
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import AlignmentRow
from hyperforget.report.results import Metrics, Value
from hyperforget.report.spec import forget_title
from hyperforget.report.tables.comparison import usable_share

# How far accuracy on retained classes may lie below the retrained median: of networks from a start or noise, and of
# edits, for tasks whose names begin so another.
RETAIN_MARGIN, EDITS_MARGIN = 0.02, 0.025
EDITS_MARGINS = {"mnist": 0.03, "fashion-cnn": 0.015}
# How far what comes back may lie above the retrained median, and the AUC below it.
SHIFT_MARGIN, AUC_MARGIN, PROBE_MARGIN = 0.10, 0.07, 0.10
AUC_BELOW = 0.10
RECOVERED = (("shift", SHIFT_MARGIN, 1.0), ("auc", AUC_MARGIN, AUC_BELOW), ("probe", PROBE_MARGIN, 1.0))
ALIGNMENT = 0.8
# Accuracies are shares of images: of two that are equal, neither must fail by the last binary digit.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Measured:
    """A value, between which limits it has to be, how far it is above the retrained median, and how it is printed."""

    name: str
    value: float
    low: float
    high: float
    above: float = 0.0
    beside: str = ""

    @property
    def met(self) -> bool:
        return self.low - ROUNDING <= self.value <= self.high + ROUNDING

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3f}{self.beside}{' ' if self.met else '!'}"


def main() -> None:
    """Print a line a method and forget set, and one a model and metric."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--tasks", nargs="+", default=["digits"])
    parser.add_argument("--usable", type=float, help="the least share of networks that can be used as they are")
    options = parser.parse_args()
    metrics = Metrics(options.results / "metrics.csv")
    found: list[Measured] = []
    for task in options.tasks:
        if not metrics.forget_sets(task):
            raise UserError(f"{options.results} has no results of the task {task!r}; run it first")
        lines = {
            (method, forget): [
                *recovered(metrics, task, method, forget),
                *usable(metrics, task, method, forget, options.usable),
            ]
            for method in methods_of(metrics, task)
            for forget in metrics.forget_sets(task)
        }
        for method in methods_of(metrics, task):
            sets = [measured for (of, _), measured in lines.items() if of == method]
            print(f"{task:13} {method:14} {f'{len(sets)} sets':11}", *means(sets))
        for (method, forget), measured in lines.items():
            print(f"{task:13} {method:14} {forget_title(forget):11}", *measured)
            found += measured if Method.parse(method).base not in RIVALS else []
        for path in sorted((options.results / task).glob("*/alignment.csv")):
            measured = list(aligned(path))
            print(f"{task:13} {path.parent.name:14} {'alignment':11}", *measured)
            found += measured
    missed = sum(not each.met for each in found)
    print(f"{len(found) - missed} of {len(found)} within their limits")
    sys.exit(bool(missed))


def methods_of(metrics: Metrics, task: str) -> list[str]:
    """The methods of the file that unlearn, not on strangers."""
    parsed = {method: Method.parse(method) for method in metrics.methods(task)}
    return [name for name, method in parsed.items() if method.base != RETRAINED and not method.on_strangers]


def means(sets: list[list[Measured]]) -> Iterator[str]:
    """Of each value how far it is above the retrained median, mean over forget sets."""
    for values in zip(*sets, strict=True):
        yield f"{values[0].name} {fmean(value.above for value in values):+.3f}"


def recovered(metrics: Metrics, task: str, method: str, forget: str) -> Iterator[Measured]:
    """What the networks of a method keep, and what comes back."""

    def median(of: str, metric: str, set_: str) -> Value:
        return metrics.need(task, of, forget, "population", metric, set_)

    forgotten = median(method, "accuracy", "forget").value
    of_groups = metrics.find(task, RETRAINED, forget, "population", "shift", "forget") is None
    # Of groups, retrained networks still answer a part.
    level = median(RETRAINED, "accuracy", "forget") if of_groups else Value(0.0, 0.0, 0.0)
    beside = f" ({level.value:.3f})" * of_groups
    yield Measured("D_f", forgotten, 0.0, level.high + FORGOTTEN_ACCURACY, forgotten - level.value, beside)
    kept = median(method, "accuracy", "retain").value - median(RETRAINED, "accuracy", "retain").value
    margin = edits_margin(task) if Method.parse(method).edits else RETAIN_MARGIN
    yield Measured("D_r−retrained", kept, -margin, 1.0, kept)
    for metric, above, below in () if of_groups else RECOVERED:
        retrained = median(RETRAINED, metric, "forget").value
        value = median(method, metric, "forget").value
        yield Measured(metric, value, retrained - below, retrained + above, value - retrained, f" ({retrained:.3f})")


def edits_margin(task: str) -> float:
    """How far edits of a task may lie below the retrained median."""
    return next((margin for name, margin in EDITS_MARGINS.items() if task.startswith(name)), EDITS_MARGIN)


def usable(metrics: Metrics, task: str, method: str, forget: str, least: float | None) -> Iterator[Measured]:
    """The share of networks that can be used, of methods that offer some to choose from; none unless it is asked."""
    share = usable_share(metrics, task, method, forget).value
    if least is not None and not math.isnan(share):
        yield Measured("usable", share, least, 1.0, share)


def aligned(path: Path) -> Iterator[Measured]:
    """Alignment at the end of training of all that is told beside the first metric."""
    rows = read_rows(path, AlignmentRow)
    last = max(row.step for row in rows)
    values: dict[str, list[float]] = {}
    for row in rows:
        if (row.step, row.starts, row.role) == (last, "unseen", "free"):
            values.setdefault(row.metric, []).append(row.r_squared)
    for metric, of_classes in list(values.items())[1:]:
        yield Measured(f"R² of {metric}", fmean(of_classes), ALIGNMENT, 1.0)


if __name__ == "__main__":
    run_command(main)
