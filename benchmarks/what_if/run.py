"""Every forget set of a network, as a generator answers it, against networks retrained without some of the sets.

    snakemake --cores 2 results/letters/dihyfo-1/generator/config.json --configfile config/letters.yaml
    python benchmarks/what_if/run.py [--results results] [--sets 220] [--networks 4] [--figure FILE.svg]

Answers every set of the free classes in one evaluation each, without data. Retrains networks, by the recipe of the
configuration, without random sets of uniform size that collection never came by. Prints, of test images: accuracies on
forgotten and on retained classes; Spearman's ρ between generated and retrained accuracy by class, over all classes and
over retained ones, and beside it that of two halves of the retrained networks; how much the accuracy of one class
changes as another is forgotten, by regression over the same sets, generated against retrained; the largest such changes
in the mean over all sets; and the Shapley values of classes for the accuracy of the rest. Ends with 1 where a value is
beyond its limit.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from scipy.stats import spearmanr
from torch import Tensor

from hyperforget.cli.running import configured
from hyperforget.collection.checkpoints import load_outcomes, read_segments
from hyperforget.collection.schedule import STRONGLY_UNDERSAMPLED
from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split, TaskData, conditioning_split
from hyperforget.errors import run_command
from hyperforget.generator.loading import load
from hyperforget.metrics.classes import correct_counts
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.runtime.randomness import generator_for
from hyperforget.scores.from_results import load_original, load_task
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.what_if.asking import correct_without, free_places
from hyperforget.what_if.effects import mean_changes, shapley_values
from hyperforget.what_if.sets import every_set, masks_of, numbers_of

# Medians over sets: accuracy on forgotten classes, and how far that on retained ones may lie below the retrained.
FORGOTTEN, RETAIN_MARGIN = 0.02, 0.02
CORRELATION = 0.9
MINUTES = 10.0
# Populations of this size stay near the processor.
_TRAINED_AT_ONCE = 128
_SHOWN = 8


@dataclass(frozen=True)
class Compared:
    """Accuracies of each class, generated (S, C) and retrained (S, R, C), without sets of ``masks`` bool (S, C)."""

    generated: Tensor
    retrained: Tensor
    masks: Tensor


def main() -> None:
    """Answer all sets, retrain without some, and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--config", default="letters")
    parser.add_argument("--task", default="letters")
    parser.add_argument("--model", default="dihyfo-1")
    parser.add_argument("--sets", type=int, default=220)
    parser.add_argument("--networks", type=int, default=4)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    configuration = configured(options.config)
    task = configuration.tasks[options.task]
    folder = options.results / options.task
    generator, data = load(options.results, options.task, options.model), load_task(folder)
    places, names = free_places(generator), names_of(data.labels)

    started, worked = time.monotonic(), time.process_time()
    numbers = every_set(len(places))
    masks = masks_of(numbers, places, data.classes)
    correct = correct_without(generator, load_original(folder), masks, data.test)
    accuracies = correct / data.test.class_sizes
    minutes, of_processor = (time.monotonic() - started) / 60, (time.process_time() - worked) / 60
    print(f"{len(numbers):,} sets of {len(places)} classes, {len(data.test.labels):,} test images")

    split = conditioning_split(data, configuration.protocol)
    collected = collected_sets(options.results, folder / f"{task.corpus_of(options.model)}.json", split, places)
    rows = drawn_sets(len(places), options.sets, collected, generator_for(0, "what-if", "sets"))
    retrained = retrained_accuracies(task.recipe, generator.layout, data, masks[rows], options.networks)
    print(f"{len(rows)} random sets, none of the {len(collected)} of collection; {options.networks} networks each")
    compared = Compared(accuracies[rows], retrained, masks[rows])

    met = [
        *print_levels(compared),
        *print_correlations(compared, places),
        limit("all sets, minutes", minutes, minutes <= MINUTES, f" ({of_processor:.1f} of a processor)"),
    ]
    print_changes(mean_changes(accuracies, places), places, names)
    print_values(shapley_values(accuracies, places), places, names)
    if options.figure:
        draw(compared, options.figure)
    sys.exit(not all(met))


def names_of(labels: Sequence[int]) -> list[str]:
    """Letters, where labels are 0 to 25."""
    return [chr(ord("A") + label) if len(labels) == 26 else str(label) for label in labels]


def collected_sets(results: Path, token: Path, data: Split, places: Sequence[int]) -> set[int]:
    """The numbers of the sets that a run of the corpus left out or deleted, or that a checkpoint knows nothing of."""
    store = Store(results / "store")
    segments = store.read_attributes(read_token(token, kind="corpus").object_id, kind="corpus")["segments"]
    rates = torch.from_numpy(read_segments(store, segments, ["rate_after"])["rate_after"])
    unknown = ~load_outcomes(store, token, data.class_sizes).known
    return set(numbers_of(torch.cat([rates == 0, rates <= STRONGLY_UNDERSAMPLED, unknown]), places).tolist())


def drawn_sets(count: int, sets: int, collected: set[int], generator: torch.Generator) -> Tensor:
    """The numbers (S,) of random sets of uniform size, each once, none of them collected."""
    drawn: dict[int, None] = {}
    while len(drawn) < sets:
        size = int(torch.randint(1, count + 1, (), generator=generator))
        number = sum(1 << bit for bit in torch.randperm(count, generator=generator)[:size].tolist())
        if number not in collected:
            drawn[number] = None
    return torch.tensor(list(drawn))


def retrained_accuracies(recipe: RecipeConfig, layout: Layout, data: TaskData, masks: Tensor, networks: int) -> Tensor:
    """Test accuracies by class (S, R, C) of R networks retrained without each of some sets, bool (S, C)."""
    generator = generator_for(0, "what-if", "retrained")
    found = []
    for rates in (~masks).float().repeat_interleave(networks, dim=0).split(_TRAINED_AT_ONCE):
        starts = initialise(layout, len(rates), generator, recipe.initialisation)
        trained = train_population(starts, data.train, recipe, constant_curriculum(rates), generator)
        logits = forward(trained, data.test.images)
        found.append(correct_counts(logits, data.test.labels, data.classes) / data.test.class_sizes)
    accuracies: Tensor = torch.cat(found).unflatten(0, (len(masks), networks))
    return accuracies


def print_levels(compared: Compared) -> Iterator[bool]:
    """Accuracies on forgotten and retained classes, medians over sets; whether each is within its limit."""
    masks = compared.masks
    levels = {
        name: [mean_over(found, some) for some in (masks, ~masks)]
        for name, found in (("generated", compared.generated), ("retrained", compared.retrained.mean(dim=1)))
    }
    for name, (forgotten, retained) in levels.items():
        print(
            f"{name:10} D_f {forgotten.median():.4f} (95 % of sets up to {forgotten.quantile(0.95):.4f})"
            f"  D_r {retained.median():.4f} ({retained.min():.4f} to {retained.max():.4f})"
        )
    below = (levels["generated"][1] - levels["retrained"][1]).median().item()
    answered = levels["generated"][0].median().item()
    yield limit("D_f, median", answered, answered <= FORGOTTEN)
    yield limit("D_r - retrained, median", below, below >= -RETAIN_MARGIN)


def print_correlations(compared: Compared, places: Sequence[int]) -> Iterator[bool]:
    """Spearman's ρ of generated and retrained accuracies by class, and of what one class changes in another."""
    retrained, masks = compared.retrained.mean(dim=1), compared.masks
    every = torch.ones_like(masks)
    rho = correlation(compared.generated, retrained, every)
    yield limit("Spearman's rho, all classes", rho, rho >= CORRELATION, floor(compared.retrained, every))
    kept = correlation(compared.generated, retrained, ~masks)
    print(f"  of retained classes alone {kept:.3f}{floor(compared.retrained, ~masks)}")
    ours, theirs = (regressed_changes(each, masks, places) for each in (compared.generated, retrained))
    there = ~ours.isnan()
    print(f"  of changes of one class by another {correlation(ours, theirs, there):.3f}")


def correlation(ours: Tensor, theirs: Tensor, where: Tensor) -> float:
    return float(spearmanr(ours[where], theirs[where]).statistic)


def floor(retrained: Tensor, where: Tensor) -> str:
    """Spearman's ρ of two retrained networks of the same sets, if there are two, as part of a line."""
    if retrained.shape[1] < 2:
        return ""
    return f" (one retrained network and another: {correlation(retrained[:, 0], retrained[:, 1], where):.3f})"


def mean_over(accuracies: Tensor, masks: Tensor) -> Tensor:
    """The mean accuracy (S,) over the classes of each mask, of accuracies (S, C)."""
    mean: Tensor = (accuracies * masks).sum(dim=1) / masks.sum(dim=1)
    return mean


def regressed_changes(accuracies: Tensor, masks: Tensor, places: Sequence[int]) -> Tensor:
    """How much the accuracy of class j changes as the i-th free class is forgotten (n, C), by least squares over the
    sets that keep j; NaN for its own.
    """
    found = torch.full((len(places), masks.shape[1]), torch.nan, dtype=torch.float64)
    for column in range(masks.shape[1]):
        others = [row for row, place in enumerate(places) if place != column]
        kept = ~masks[:, column]
        told = masks[kept][:, [places[row] for row in others]].double()
        told = torch.cat([torch.ones(len(told), 1), told], dim=1)
        found[others, column] = torch.linalg.lstsq(told, accuracies[kept, column].double()).solution[1:]
    return found


def print_changes(changes: Tensor, places: Sequence[int], names: Sequence[str]) -> None:
    """The pairs of classes with the largest mean changes (n, C) over all sets."""
    order = changes.nan_to_num(0).flatten().argsort()
    for title, pairs in (("falls most", order[:_SHOWN]), ("rises most", order.flip(0)[:_SHOWN])):
        told = (
            f"{names[column]} without {names[places[row]]} {changes[row, column]:+.3f}"
            for row, column in (divmod(int(pair), changes.shape[1]) for pair in pairs)
        )
        print(f"accuracy {title}, mean over all sets: {', '.join(told)}")


def print_values(values: Tensor, places: Sequence[int], names: Sequence[str]) -> None:
    """The Shapley value of forgetting each class for the accuracy of the rest, mean over the other classes."""
    means = values.nanmean(dim=1)
    told = (f"{names[places[row]]} {means[row]:+.4f}" for row in means.argsort(descending=True).tolist())
    print(f"Shapley values of forgetting for the accuracy of the rest: {', '.join(told)}")


def limit(name: str, value: float, met: bool, beside: str = "") -> bool:
    """Print a value, marked if it is beyond its limit; returns whether it is not."""
    print(f"{name} {value:.3f}{'' if met else '!'}{beside}")
    return met


def draw(compared: Compared, file: Path) -> None:
    """Retrained against generated accuracy, a point a set and class."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    retrained = compared.retrained.mean(dim=1)
    for name, where, colour in (("retained", ~compared.masks, "#0072b2"), ("forgotten", compared.masks, "#d55e00")):
        axes.scatter(retrained[where], compared.generated[where], 4, colour, label=name, linewidths=0, alpha=0.4)
    axes.plot([0, 1], [0, 1], color="0.5", linewidth=0.8)
    axes.set(xlabel="accuracy by class, retrained", ylabel="generated", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(frameon=False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


if __name__ == "__main__":
    run_command(main)
