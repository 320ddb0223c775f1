"""Hold requests to a generator against retraining: what one takes, and what it gives without any data.

    snakemake --cores 2 results/report.html
    python benchmarks/request/run.py [--results results] [--tasks digits] [--chosen]

Times come first, of one thread, in seconds of the processor, which is the clock's where nothing else runs: a request
for one network without data, one with data and a choice among prompts, and a hundred together; beside each how many
times as long retraining takes, of one network by itself and of a hundred at once. Then, of each forget set that
networks were retrained without, medians over the run's original networks, which the generator has never seen, each
edited twice, on test images: accuracy on the forgotten classes, and on the others less the retrained median; what a
shift of output biases and the ranking by logits (AUC) bring back, with the retrained median beside them. All of it at
the one default prompt, with no data and nothing chosen. With `--chosen`, also a line of what the same requests give
with validation images, by which each network's edit is the best of those at several prompts, and how many of these are
usable. Values beyond their limit are marked; ends with 1 where there are any.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from hyperforget.config import Config, load_config
from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.config.reading import read_config
from hyperforget.data.splits import Split, TaskData, conditioning_split, load_task_data
from hyperforget.errors import UserError, run_command
from hyperforget.forget_set import FORGOTTEN_ACCURACY, parse_forget_set
from hyperforget.generator.generator import Generator
from hyperforget.generator.loading import load
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.registry import USABLE_RETAIN_MARGIN
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.records.costs import RequestRow
from hyperforget.report.spec import forget_title
from hyperforget.store.store import Store
from hyperforget.timing.requests import Asking, edits_row, retraining_row
from hyperforget.unlearning.candidates import load_candidates
from hyperforget.unlearning.hiding import fitted_images, hidden_in_logits, images_generator

# Draws of the noise that an edit starts from.
_SEEDS = (0, 1)
RETAIN_MARGIN, SHIFT_MARGIN, AUC_MARGIN = 0.015, 0.10, 0.07
# How many times as long as a hundred requests together the retraining of a hundred networks takes at least.
TOGETHER = 10
# The least share of usable networks among edits that images chose.
USABLE = 0.85
# Accuracies are shares of images: of two that are equal, neither must fail by the last binary digit.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Limits:
    """Milliseconds of a request at the most, and how many times as long retraining takes at the least, without data
    and with.
    """

    milliseconds: float
    without_data: float
    with_data: float


# Of tasks whose names begin so other limits: networks of MNIST have ten times the parameters of those of digits, and
# take longer to train, as convolutional ones do, which also take longer to be asked about images.
LIMITS = Limits(10, 20, 10)
OTHER_LIMITS = {"mnist": Limits(20, 50, 25), "fashion-cnn": Limits(50, 50, 10)}


@dataclass(frozen=True)
class Measured:
    """A value, between which limits it has to be, and how it is printed."""

    name: str
    value: float
    low: float
    high: float
    beside: str = ""
    digits: int = 3

    @property
    def met(self) -> bool:
        return self.low - ROUNDING <= self.value <= self.high + ROUNDING

    def __str__(self) -> str:
        return f"{self.name} {self.value:.{self.digits}f}{self.beside}{' ' if self.met else '!'}"


@dataclass(frozen=True)
class Run:
    """What a run has of a task: its generator, its data, the original networks, and where retrained ones lie."""

    task: str
    generator: Generator
    data: TaskData
    originals: Networks
    store: Store
    folder: Path


def main() -> None:
    """Print times, then a line a forget set and number of rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"), help="that of the run")
    parser.add_argument("--tasks", nargs="+", default=["digits"])
    parser.add_argument("--model", default="dihyfo-1")
    parser.add_argument("--chosen", action="store_true", help="also edits that are chosen by validation images")
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = load_config(read_config(options.config))
    store = Store(options.results / "store")
    found: list[Measured] = []
    for task in options.tasks:
        run = read_run(options.results, store, task, options.model)
        measured = list(times(run, config))
        print(f"{task:10}", *measured, sep="\n    ")
        found += measured
        split = conditioning_split(run.data, config.protocol) if options.chosen else None
        for forget in retrained_sets(run):
            for images in (None, split) if split else (None,):
                measured = list(quality(run, forget, images))
                print(f"{task:10} {forget_title(forget):11} {'chosen' if images else '':6}", *measured)
                found += measured
    missed = sum(not each.met for each in found)
    print(f"{len(found) - missed} of {len(found)} within their limits")
    sys.exit(bool(missed))


def read_run(results: Path, store: Store, task: str, model: str) -> Run:
    """What lies below a folder of results."""
    folder = results / task
    data = load_task_data(store, folder / "dataset.json")
    originals = load_candidates(store, folder / f"{ORIGINAL}.json").candidates.networks
    return Run(task, load(results, task, model), data, originals, store, folder)


def retrained_sets(run: Run) -> list[str]:
    """The forget sets that networks were retrained without, the smaller first."""
    names = [path.stem.removeprefix("forget-") for path in (run.folder / RETRAINED).glob("forget-*.json")]
    if not names:
        raise UserError(f"{run.folder / RETRAINED} has no retrained networks; run the workflow first")
    return sorted(names, key=lambda name: (len(name), name))


@dataclass(frozen=True)
class Seconds:
    """What requests take: one without data, one with data and a choice, a hundred together; and retraining of one
    network, and of a hundred at once.
    """

    request: float
    with_data: float
    hundred: float
    retraining: float
    retraining_hundred: float


def times(run: Run, config: Config) -> Iterator[Measured]:
    """Of requests that edit, beside retraining."""
    recipe = config.tasks[config.repeated(run.task)[0]].recipe_of(RETRAINED)
    free = tuple(run.generator.description.free)
    asking = Asking(run.task, run.originals, recipe, run.data, conditioning_split(run.data, config.protocol), free)
    found = seconds_of(edits_row(asking, run.generator, free), retraining_row(asking))
    yield from compared(found, limits_of(run.task))


def limits_of(task: str) -> Limits:
    """What requests of a task may take."""
    return next((limits for name, limits in OTHER_LIMITS.items() if task.startswith(name)), LIMITS)


def seconds_of(edits: RequestRow, retraining: RequestRow) -> Seconds:
    """What edits and retraining took; of both, a hundred together are timed, and of edits a choice by data."""
    told = (edits.request_seconds, edits.with_data_seconds, edits.hundred_seconds)
    return Seconds(*(each or math.nan for each in (*told, retraining.request_seconds, retraining.hundred_seconds)))


def compared(found: Seconds, limits: Limits) -> Iterator[Measured]:
    """What requests took, and how many times that retraining took."""
    infinite = float("inf")
    alone, together = found.retraining, found.retraining_hundred
    yield Measured("one request without data, ms", 1000 * found.request, 0, limits.milliseconds, digits=1)
    yield Measured("  retraining takes, times", alone / found.request, limits.without_data, infinite, digits=0)
    yield Measured("one with data and a choice, ms", 1000 * found.with_data, 0, infinite, digits=1)
    yield Measured("  retraining takes, times", alone / found.with_data, limits.with_data, infinite, digits=0)
    yield Measured("a hundred together, ms", 1000 * found.hundred, 0, infinite, digits=1)
    yield Measured("  retraining a hundred takes, times", together / found.hundred, TOGETHER, infinite, digits=0)


def quality(run: Run, forget: str, split: Split | None) -> Iterator[Measured]:
    """What edits forget and keep, beside retrained networks: without data, or the best by images of a split."""
    retrained = load_candidates(run.store, run.folder / RETRAINED / f"forget-{forget}.json").candidates.networks
    mask = torch.tensor(parse_forget_set(forget, run.data.labels).mask(run.data.labels))
    every, theirs = (outcomes(each, run.data, mask) for each in (edited(run, forget, split), retrained))
    ours, level = medians(every), medians(theirs)
    yield Measured("D_f", ours["forget"], 0.0, FORGOTTEN_ACCURACY)
    yield Measured("D_r−retrained", ours["retain"] - level["retain"], -RETAIN_MARGIN, 1.0)
    for name, margin in (("shift", SHIFT_MARGIN), ("auc", AUC_MARGIN)):
        yield Measured(name, ours[name], 0.0, level[name] + margin, f" ({level[name]:.3f})")
    if split is not None:
        kept = every["retain"] >= level["retain"] - USABLE_RETAIN_MARGIN - ROUNDING
        usable = kept & (every["forget"] <= FORGOTTEN_ACCURACY)
        yield Measured("usable", float(usable.double().mean()), USABLE, 1.0)


def edited(run: Run, forget: str, split: Split | None) -> Networks:
    """The original networks as requests change them, at each of some seeds."""
    layout, data = run.originals.layout, run.data
    classes = parse_forget_set(forget, data.labels).classes
    images = split and (split.images * data.std + data.mean, torch.tensor(data.labels)[split.labels])
    states = [layout.state_dict(params) for params in run.originals.params]
    changed = [
        torch.cat([tensor.flatten() for tensor in state.values()])
        for seed in _SEEDS
        for state in run.generator.forget(states, classes=classes, data=images, seed=seed)
    ]
    return Networks(torch.stack(changed), layout)


def medians(values: dict[str, torch.Tensor]) -> dict[str, float]:
    """Over networks."""
    return {name: float(each.median()) for name, each in values.items()}


def outcomes(networks: Networks, data: TaskData, forget: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each network does with test images, by its name (N,)."""
    fitted, test = fitted_images(data, images_generator()), data.test
    logits, of_fitted = (forward(networks, images) for images in (test.images, data.train.images[fitted]))
    counts = correct_counts(logits, test.labels, test.classes)
    found = hidden_in_logits(logits, of_fitted, data, fitted, forget)
    return {
        "forget": accuracy_on(counts, test.class_sizes, forget),
        "retain": accuracy_on(counts, test.class_sizes, ~forget),
        "shift": found["shift"],
        "auc": found["auc"],
    }


if __name__ == "__main__":
    run_command(main)
