"""Hold a run on MNIST against the thesis: is every number at or above what it published, and at its own bar?

    snakemake --cores 2 results/report.html --configfile config/mnist.yaml
    python benchmarks/thesis/run.py [--results results] [--protocol thesis] [--output FILE]

Prints a line a bar, those missed marked, and counts them. Accuracies, distances and shares are those of
`results/metrics.csv`, prompt alignment is that of unseen starts at the end of training, minutes and memory are what
Snakemake measured of the jobs. Sets without a published value count as kept out of collection, as in
`config/mnist.yaml`. Ends with 1 where a bar is missed.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hyperforget.config import PROTOCOLS
from hyperforget.config.methods import NEAREST, RETRAINED, STRANGERS, Method
from hyperforget.errors import UserError, run_command
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.metrics.registry import METRICS
from hyperforget.records.files import write_rows
from hyperforget.report.results import Metrics, final_alignment
from hyperforget.report.spec import forget_title
from hyperforget.report.tables.comparison import activation_distance, usable_share
from hyperforget.report.tables.published import PUBLISHED, Entry

METHODS = ("dihyfo-1", "dihyfo-1-edit", "dihyfo-2")
FREE_RIVALS = (NEAREST, "bias")
# How far D_r may lie below the retrained median, how well free classes follow their prompts (R²), minutes of two cores.
TASKS = {"mnist-4": (0.003, 0.9, 20.0), "mnist": (0.01, 0.8, 60.0)}
FORGET_LIMIT = {"validation": 0.002, "thesis": 0.0}
HELD_OUT_MARGIN = 0.02
STRANGER_MARGIN = 0.005
MIA_MARGIN = 0.05
# A published value beyond what two retrained networks share counts as this many such distances.
FLOOR_FACTOR = 1.25
# Accuracies of one seed that differ by less say nothing.
LEVEL = 0.003
MOST_MEGABYTES = 8000.0
# Sums such as 0.99 + (1 - 0) must not miss by the last binary digit.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Bar:
    """One number, the side of ``limit`` on which it has to be, and whether it is there; a NaN never is."""

    task: str
    name: str
    method: str
    forget: str
    value: float
    side: Literal["<=", ">="]
    limit: float
    met: bool = field(init=False)

    def __post_init__(self) -> None:
        gain = self.limit - self.value if self.side == "<=" else self.value - self.limit
        object.__setattr__(self, "met", gain >= -ROUNDING)


@dataclass(frozen=True)
class Results:
    """One task of a results folder, asked one value at a time."""

    folder: Path
    metrics: Metrics
    task: str

    @property
    def collected(self) -> list[str]:
        """The forget sets of the thesis, in its order."""
        return list(dict.fromkeys(entry.forget for entry in PUBLISHED if entry.task == self.task))

    @property
    def held_out(self) -> list[str]:
        """All other sets of the metrics file."""
        return [forget for forget in self.metrics.forget_sets(self.task) if forget not in self.collected]

    def chosen(self, method: str, forget: str, metric: str, set_: str) -> float:
        """Of the network that was chosen."""
        return self.metrics.need(self.task, method, forget, "chosen", metric, set_).value

    def median(self, method: str, forget: str, metric: str, set_: str) -> float:
        """Of all networks of a method, or of all pairs of retrained ones."""
        return self.metrics.need(self.task, method, forget, "population", metric, set_).value

    def published(self, method: str, forget: str, metric: str, set_: str) -> float:
        """The thesis' value; edits are held against what DiHyFo-1 made of a random start there."""
        return PUBLISHED[Entry(self.task, Method.parse(method).base, forget, metric, set_)]


def main() -> None:
    """Print a line a bar, and write CSV where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--protocol", choices=PROTOCOLS, default=PROTOCOLS[0], help="that the run was configured with")
    parser.add_argument("--output", type=Path, help="a CSV file to write")
    options = parser.parse_args()
    metrics = Metrics(options.results / "metrics.csv")
    bars = [
        bar
        for task in TASKS
        if (options.results / task).is_dir()
        for bar in task_bars(Results(options.results, metrics, task), options.protocol)
    ]
    if not bars:
        raise UserError(f"{options.results} has no results of {' or '.join(TASKS)}; run config/mnist.yaml first")
    for bar in bars:
        print(describe(bar))
    missed = sum(not bar.met for bar in bars)
    print(f"{len(bars) - missed} of {len(bars)} bars met")
    if options.output:
        write_rows(options.output, bars)
    sys.exit(bool(missed))


def task_bars(results: Results, protocol: str) -> Iterator[Bar]:
    """All bars of one task."""
    for method in METHODS:
        for forget in results.collected:
            yield from collected_bars(results, method, forget, FORGET_LIMIT[protocol])
        for forget in results.held_out:
            yield from held_out_bars(results, method, forget)
    for method in METHODS:
        if not Method.parse(method).edits:
            yield from alignment_bars(results, method)
    for forget in results.collected + results.held_out:
        yield from stranger_bars(results, forget)
    yield from cost_bars(results)


def collected_bars(results: Results, method: str, forget: str, forget_limit: float) -> Iterator[Bar]:
    """Accuracies, distances, membership inference and usable share on a set that the corpus has seen."""
    task, margin = results.task, TASKS[results.task][0]
    kept = results.chosen(method, forget, "accuracy", "retain")
    median = results.median(RETRAINED, forget, "accuracy", "retain")
    published = results.published(method, forget, "accuracy", "retain")
    forgotten = results.chosen(method, forget, "accuracy", "forget")
    yield Bar(task, "accuracy on D_f", method, forget, forgotten, "<=", forget_limit)
    yield Bar(task, "accuracy on D_r, published", method, forget, kept, ">=", published)
    yield Bar(task, "accuracy on D_r, retrained", method, forget, kept, ">=", median - margin)
    for metric, set_ in (
        ("overlap", "retain"),
        ("overlap", "forget"),
        ("overlap", "test"),
        ("activation_distance", "test"),
        ("phi", "test"),
    ):
        value = results.chosen(method, forget, metric, set_)
        limit = paired_limit(
            metric,
            results.published(method, forget, metric, set_),
            results.median(RETRAINED, forget, metric, set_),
        )
        side: Literal["<=", ">="] = ">=" if METRICS[metric].better == "higher" else "<="
        yield Bar(task, f"{metric} on {set_}", method, forget, value, side, limit)
    membership = ("mia", "forget-train")
    gap = abs(results.chosen(method, forget, *membership) - results.median(RETRAINED, forget, *membership))
    yield Bar(task, "MIA, distance to retrained", method, forget, gap, "<=", MIA_MARGIN)
    share = usable_share(results.metrics, task, method, forget).value
    yield Bar(task, "usable share", method, forget, share, ">=", 0.8)


def held_out_bars(results: Results, method: str, forget: str) -> Iterator[Bar]:
    """Accuracies on a set that the corpus has not seen, and what the rivals that cost nothing reach there."""
    task = results.task
    forgotten = results.chosen(method, forget, "accuracy", "forget")
    kept = results.chosen(method, forget, "accuracy", "retain")
    median = results.median(RETRAINED, forget, "accuracy", "retain")
    yield Bar(task, "accuracy on D_f, held out", method, forget, forgotten, "<=", FORGOTTEN_ACCURACY)
    yield Bar(task, "accuracy on D_r, held out", method, forget, kept, ">=", median - HELD_OUT_MARGIN)
    own = kept + 1 - forgotten
    for rival in FREE_RIVALS:
        theirs = results.chosen(rival, forget, "accuracy", "retain") + 1
        theirs -= results.chosen(rival, forget, "accuracy", "forget")
        if abs(own - theirs) > LEVEL:
            yield Bar(task, f"D_r + 1 - D_f against {rival}", method, forget, own, ">=", theirs)
        else:
            distances = (activation_distance(results.metrics, task, name, forget) for name in (method, rival))
            yield Bar(
                task,
                f"level with {rival}, distance to retrained",
                method,
                forget,
                next(distances),
                "<=",
                next(distances),
            )


def paired_limit(metric: str, published: float, floor: float) -> float:
    """The published value, or 1.25 times the distance of two retrained networks where it lies beyond that floor."""
    if METRICS[metric].better == "lower":
        return published if published >= floor else FLOOR_FACTOR * floor
    return published if published <= floor else 1 - FLOOR_FACTOR * (1 - floor)


def alignment_bars(results: Results, model: str) -> Iterator[Bar]:
    """R² and correlation of each class that can be forgotten."""
    limit = TASKS[results.task][1]
    for row in final_alignment(results.folder / results.task / model / "alignment.csv"):
        about = f"of prompts, class {row.class_}"
        yield Bar(results.task, f"R² {about}", model, "", row.r_squared, ">=", limit)
        yield Bar(results.task, f"correlation {about}", model, "", row.correlation, ">=", 0.95)


def stranger_bars(results: Results, forget: str) -> Iterator[Bar]:
    """Medians over edited networks that were trained otherwise than the corpus."""
    edited, lowered = (f"{name}-{STRANGERS}" for name in ("dihyfo-1-edit", "bias"))
    forgotten = results.median(edited, forget, "accuracy", "forget")
    kept = results.median(edited, forget, "accuracy", "retain")
    limit = results.median(lowered, forget, "accuracy", "retain") - STRANGER_MARGIN
    yield Bar(results.task, "strangers, accuracy on D_f", edited, forget, forgotten, "<=", FORGOTTEN_ACCURACY)
    yield Bar(results.task, "strangers, accuracy on D_r", edited, forget, kept, ">=", limit)


def cost_bars(results: Results) -> Iterator[Bar]:
    """Minutes of two cores, if they had never waited for each other, and the memory of the largest job."""
    folder = results.folder / "benchmarks"
    paths = [*folder.glob(f"*/{results.task}.jsonl"), *folder.glob(f"*/{results.task}/**/*.jsonl")]
    jobs = [json.loads(path.read_text().splitlines()[-1]) for path in paths]
    minutes = sum(job["s"] for job in jobs) / 60 / 2 if jobs else math.nan
    memory = max((job["max_rss"] for job in jobs), default=math.nan)
    yield Bar(results.task, "minutes of two cores", "", "", minutes, "<=", TASKS[results.task][2])
    yield Bar(results.task, "megabytes of the largest job", "", "", memory, "<=", MOST_MEGABYTES)


def describe(bar: Bar) -> str:
    """One line."""
    forget = forget_title(bar.forget) if bar.forget else ""
    return (
        f"{'met   ' if bar.met else 'MISSED'} {bar.task:8} {bar.name:42} {bar.method:24} {forget:12}"
        f"{bar.value:10.4f} {bar.side} {bar.limit:.4f}"
    )


if __name__ == "__main__":
    run_command(main)
