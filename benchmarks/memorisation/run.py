"""Audit the generators of a run for memorisation: are their networks new, and as good as copies would be?

    snakemake --cores 2 results/metrics.csv
    python benchmarks/memorisation/run.py [--results results] [--tasks digits] [--forget 2 0-4] [--figure novelty.svg]

For each method, as medians over its networks: what they keep and what they answer of forgotten classes on test images,
how far the nearest stored checkpoint of the corpus is, over all orders of hidden units, in lengths of a network's
parameters, and how far the images that they get wrong overlap with those of the checkpoint that overlaps most. Beside
them what needs no generator: `nearest` checkpoints, held against all others, these with noise added, of so many
standard deviations of each parameter over the corpus, and means of two and of four of them. `retrained` networks are in
no corpus: their distance is how new networks of the same kind are. As arXiv:2506.07998 has it, a generator is worth
more than noise and averages where its networks are as good and newer.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import load_corpus
from hyperforget.config.methods import NEAREST, RETRAINED
from hyperforget.config.performance import Performance
from hyperforget.data.splits import TaskData
from hyperforget.errors import UserError, run_command
from hyperforget.forget_set import parse_forget_set
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.novelty import aligned_mean, mistake_overlap, nearest_distances
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.scores.from_results import load_task
from hyperforget.store.store import Store
from hyperforget.unlearning.candidates import load_candidates

NOISES, MEANS = (0.05, 0.1, 0.2, 0.5), (2, 4)
# Networks of a method at the most, and checkpoints that answer together.
_NETWORKS, _AT_ONCE = 32, 1024


@dataclass(frozen=True)
class Row:
    """Medians over networks of a method on a forget set: what they keep and answer, and how new they are."""

    method: str
    retained: float
    forgotten: float
    distance: float
    overlap: float

    def __str__(self) -> str:
        return f"{self.method:24} {self.retained:8.3f} {self.forgotten:10.3f} {self.distance:9.3f} {self.overlap:9.3f}"


def main() -> None:
    """Print a line a method, of each forget set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--tasks", nargs="+", default=["digits"])
    parser.add_argument("--forget", nargs="+", default=["2", "0-4"])
    parser.add_argument("--figure", type=Path, help="file to draw accuracy against novelty to")
    options = parser.parse_args()
    found: dict[str, list[Row]] = {}
    for task in options.tasks:
        for forget in options.forget:
            print(f"{task}, without {forget}", flush=True)
            print(f"{'method':24} {'retained':>8} {'forgotten':>10} {'distance':>9} {'mistakes':>9}")
            for row in audited(options.results / task, forget):
                found.setdefault(f"{task}, without {forget}", []).append(row)
                print(row, flush=True)
    if options.figure is not None:
        draw(found, options.figure)


def audited(folder: Path, forget: str) -> Iterator[Row]:
    """The rows of a task's forget set."""
    data, store = load_task(folder), Store(folder.parent / "store")
    asked = parse_forget_set(forget, data.labels)
    mask = torch.tensor(asked.mask(data.labels))
    corpus = load_corpus(store, folder / "corpus.json", Performance(), data.validation.class_sizes).checkpoints()
    checkpoints = corpus[torch.arange(corpus.shape[0])]
    tokens = sorted(folder.glob(f"*/forget-{asked}.json"))
    methods = [token.parent.name for token in tokens]
    if NEAREST not in methods or RETRAINED not in methods:
        raise UserError(
            f"{folder} lacks networks of nearest or retrained without {asked}; a run of the workflow makes them"
        )
    stored = {method: load_candidates(store, token) for method, token in zip(methods, tokens, strict=True)}
    known = stored[NEAREST]
    nearest, places = known.candidates.networks[known.population[:_NETWORKS]], known.candidates.start[known.population]
    layout = nearest.layout
    parts = (Networks(some, layout) for some in checkpoints.split(_AT_ONCE))
    wrong = torch.cat([_wrong(forward(some, data.test.images), data) for some in parts])

    def row(method: str, networks: Networks, own: Tensor | None = None) -> Row:
        test = data.test
        logits = forward(networks, test.images)
        counts = correct_counts(logits, test.labels, test.classes)
        values = (
            accuracy_on(counts, test.class_sizes, ~mask),
            accuracy_on(counts, test.class_sizes, mask),
            nearest_distances(networks, checkpoints, own),
            mistake_overlap(_wrong(logits, data), wrong, own),
        )
        return Row(method, *(float(each.quantile(0.5)) for each in values))

    for method, each in stored.items():
        if method not in (NEAREST, "bias", "mask") and "strangers" not in method:
            yield row(method, each.candidates.networks[each.population[:_NETWORKS]])
    yield row(NEAREST, nearest, places[:_NETWORKS])
    generator, spread = torch.Generator().manual_seed(0), checkpoints.std(dim=0)
    for share in NOISES:
        noise = share * spread * torch.randn(nearest.params.shape, generator=generator)
        yield row(f"nearest + {share:g} noise", Networks(nearest.params + noise, layout))
    for count in MEANS:
        drawn = [torch.randperm(len(nearest), generator=generator)[:count] for _ in range(len(nearest))]
        means = torch.stack([aligned_mean(nearest.params[rows], layout) for rows in drawn])
        yield row(f"mean of {count} nearest", Networks(means, layout))


def _wrong(logits: Tensor, data: TaskData) -> Tensor:
    """Which test images, of which networks give logits (N, B, C), each gets wrong, bool (N, B)."""
    return logits.argmax(dim=2) != data.test.labels


def draw(found: dict[str, list[Row]], path: Path) -> None:
    """Accuracy on retained images against the distance from the nearest checkpoint, a panel a forget set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * len(found), 3.6), layout="constrained")
    for index, (name, rows) in enumerate(found.items(), 1):
        axes = figure.add_subplot(1, len(found), index)
        axes.set(title=name, xlabel="distance from the nearest checkpoint", ylabel="accuracy on retained classes")
        for row in rows:
            trivial = row.method.startswith(("nearest", "mean"))
            axes.plot(row.distance, row.retained, "x" if trivial else "o", color="0.5" if trivial else "C0")
            axes.annotate(
                row.method, (row.distance, row.retained), fontsize=6, xytext=(3, 2), textcoords="offset points"
            )
    figure.savefig(path)


if __name__ == "__main__":
    run_command(main)
