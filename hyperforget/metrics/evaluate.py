"""Every metric of one method on one forget set, as rows of ``results/metrics.csv``."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hyperforget.config.methods import RETRAINED
from hyperforget.errors import UserError
from hyperforget.metrics import paired
from hyperforget.metrics.bootstrap import median_intervals
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.gold_standard import GoldStandard, SplitName
from hyperforget.metrics.membership import entropy, membership_scores
from hyperforget.metrics.registry import METRICS
from hyperforget.metrics.summaries import summarise
from hyperforget.records.methods import MetricRow

# One value per network, float64 (networks,), by metric and set.
_Values = dict[tuple[str, str], Tensor]

_PAIRED = {
    "overlap": paired.overlap,
    "activation_distance": paired.activation_distance,
    "phi": paired.phi,
    "jsd": paired.jsd,
}


@dataclass(frozen=True)
class Subject:
    """What rows are about: a method that was asked to forget a set, on a task."""

    task: str
    method: str
    forget: str


@dataclass(frozen=True)
class Predictions:
    """What the networks that stand for a method, its population, answer; ``chosen`` is the index of one, and
    ``selected`` that of another that the rule of selection takes, where the chosen one was not taken by it.

    ``logits(networks, split)`` gives floats (N, B, C) for a slice of the ``count`` networks on all images of a split,
    in the order of its labels. It is called for a chunk at a time.
    """

    logits: Callable[[slice, SplitName], Tensor]
    count: int
    chosen: int
    selected: int | None = None


def evaluate_networks(
    predictions: Predictions,
    standard: GoldStandard,
    subject: Subject,
    *,
    membership_networks: int = 32,
    chunk: int = 16,
) -> list[MetricRow]:
    """Rows of each metric in `METRICS` on its sets, for the chosen network and the population.

    Paired metrics compare each network with retrained seed 0; the ``chosen-to-all`` rows compare the chosen one with
    every retrained seed, since seed 0 may be an unusual one. For the method ``retrained`` itself, whose chosen network
    is seed 0, paired metrics are the noise floor: the chosen rows compare seed 0 with every other seed, the population
    rows all pairs of seeds; a single seed has no such rows. The ``selected`` rows are of the retrained network that was
    taken as networks of other methods are, against all others. ``chunk`` networks are in memory at a time. Membership
    inference costs 5 to 50 milliseconds a network, so for the population it covers the first ``membership_networks``.

    Raises `UserError` for a set without images and for a network whose outputs are not all finite, `ValueError` for
    arguments that do not fit each other.
    """
    if chunk < 1 or membership_networks < 1:
        raise ValueError(f"chunk {chunk} and membership_networks {membership_networks} must be at least 1")
    _check(predictions, standard, subject.method)
    finite = _finite(predictions, standard, subject)
    chunks = [slice(start, min(start + chunk, predictions.count)) for start in range(0, predictions.count, chunk)]
    measured_chunks = [_measure(finite, standard, networks, membership_networks) for networks in chunks]
    population = _joined(values for values, _ in measured_chunks)
    correct = torch.cat([right for _, right in measured_chunks])
    chosen = {key: values[predictions.chosen : predictions.chosen + 1] for key, values in population.items()}
    selected: _Values | None = None
    if predictions.selected is not None:
        selected = _unpaired({key: values[[predictions.selected]] for key, values in population.items()})
        selected |= _compare_with_others(standard, predictions.selected, chunk)
    for key in population:
        if key[0] in ("mia", "mia_test"):
            population[key] = population[key][:membership_networks]
    by_selection: dict[str, _Values] = {"chosen": chosen, "population": population}
    if subject.method == RETRAINED:
        pairs = _compare_seeds(standard, chunk)
        by_selection["chosen"] = _unpaired(chosen) | _joined(pairs[:1])
        by_selection["population"] = _unpaired(population) | _joined(pairs)
    else:
        by_selection["chosen-to-all"] = _compare_with_all(finite, standard, chunk)
    if selected is not None:
        by_selection["selected"] = selected
    task, method, forget = subject.task, subject.method, subject.forget
    bounds = _accuracy_bounds(correct, standard, predictions)
    nothing = (None, None)
    return [
        MetricRow(
            *(task, method, forget, selection, name, metric.name),
            *summarise(measured[metric.name, name]),
            *(bounds.get((selection, name), nothing) if metric.name == "accuracy" else nothing),
        )
        for selection, measured in by_selection.items()
        for metric in METRICS.values()
        for name in metric.sets
        if (metric.name, name) in measured
    ]


def _measure(
    predictions: Predictions, standard: GoldStandard, networks: slice, membership_networks: int
) -> tuple[_Values, Tensor]:
    """All metrics of a chunk of networks, and which test images these get right, bool (N, B); membership inference is
    NaN for those that it does not cover.
    """
    index = torch.arange(networks.start, networks.stop)
    attacked = (index < membership_networks) | (index == predictions.chosen)
    if predictions.selected is not None:
        attacked |= index == predictions.selected

    logits = predictions.logits(networks, "train")
    values = _accuracies(logits, standard, "train")
    train_entropy = entropy(logits[attacked].softmax(-1))

    logits = predictions.logits(networks, "test")
    values |= _accuracies(logits, standard, "test")
    correct = torch.eq(logits.argmax(-1), standard.targets["test"]).cpu()
    probabilities = logits.softmax(-1)
    values |= _compare(probabilities, standard.probabilities[0], standard)
    test_entropy = entropy(probabilities[attacked])

    members = standard.members("train") | standard.members("test")
    targets = [train_entropy[:, members["forget-train"]], test_entropy[:, members["forget"]]]
    scores = torch.full((len(index), len(targets)), torch.nan, dtype=torch.float64)
    scores[attacked] = membership_scores(train_entropy[:, members["retain-train"]], test_entropy, targets)
    values["mia", "forget-train"], values["mia_test", "forget"] = scores.unbind(-1)
    return values, correct


def _accuracy_bounds(
    correct: Tensor, standard: GoldStandard, predictions: Predictions
) -> dict[tuple[str, str], tuple[float, float]]:
    """The 95 % interval of the accuracy on forgotten and on retained test images, by selection and set."""
    groups: dict[str, Sequence[int]] = {"chosen": [predictions.chosen], "population": range(len(correct))}
    if predictions.selected is not None:
        groups["selected"] = [predictions.selected]
    members = standard.members("test")
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for name in ("retain", "forget"):
        intervals = median_intervals(correct[:, members[name].cpu()], list(groups.values()))
        found |= {(selection, name): interval for selection, interval in zip(groups, intervals, strict=True)}
    return found


def _finite(predictions: Predictions, standard: GoldStandard, subject: Subject) -> Predictions:
    """The same, on the device of the gold standard; it raises `UserError` for logits that are not finite."""

    def logits(networks: slice, split: SplitName) -> Tensor:
        answers = predictions.logits(networks, split).to(standard.probabilities.device)
        broken = ~answers.isfinite().flatten(1).all(-1)
        if broken.any():
            network = f"network {networks.start + int(broken.nonzero()[0])} of {subject.method} on {subject.task}"
            raise UserError(
                f"{network}, forget set {subject.forget}, cannot be evaluated: its {split} outputs are not all finite"
            )
        return answers

    return replace(predictions, logits=logits)


def _accuracies(logits: Tensor, standard: GoldStandard, split: SplitName) -> _Values:
    labels, classes = standard.labels[split], len(standard.forget)
    counts = correct_counts(logits, labels, classes, standard.targets[split])
    sizes = torch.bincount(labels.cpu(), minlength=classes)
    masks = standard.classes(split)
    return {("accuracy", name): accuracy_on(counts, sizes, mask).cpu() for name, mask in masks.items()}


def _compare(p: Tensor, q: Tensor, standard: GoldStandard) -> _Values:
    """The paired metrics of test probabilities (N, B, C) against those of one network (B, C)."""
    values: _Values = {}
    for name, member in standard.members("test").items():
        p_member, q_member = p[:, member], q[member]
        values |= {(metric, name): compare(p_member, q_member).cpu() for metric, compare in _PAIRED.items()}
    return values


def _compare_with_all(predictions: Predictions, standard: GoldStandard, chunk: int) -> _Values:
    """The paired metrics of the chosen network against every retrained seed."""
    logits = predictions.logits(slice(predictions.chosen, predictions.chosen + 1), "test")
    return _joined(_compare(seeds, logits[0].softmax(-1), standard) for seeds in standard.probabilities.split(chunk))


def _compare_seeds(standard: GoldStandard, chunk: int) -> list[_Values]:
    """For each retrained seed but the last, the paired metrics of all later seeds against it."""
    compared = []
    for seed, q in enumerate(standard.probabilities[:-1], start=1):
        later = standard.probabilities[seed:]
        compared.append(_joined(_compare(seeds, q, standard) for seeds in later.split(chunk)))
    return compared


def _compare_with_others(standard: GoldStandard, seed: int, chunk: int) -> _Values:
    """The paired metrics of one retrained seed against every other."""
    q, others = standard.probabilities[seed], torch.arange(len(standard.probabilities)) != seed
    return _joined(_compare(seeds, q, standard) for seeds in standard.probabilities[others].split(chunk) if len(seeds))


def _joined(parts: Iterable[_Values]) -> _Values:
    parts = list(parts)
    return {key: torch.cat([part[key] for part in parts]) for key in parts[0]} if parts else {}


def _unpaired(values: _Values) -> _Values:
    return {key: value for key, value in values.items() if not METRICS[key[0]].paired}


def _check(predictions: Predictions, standard: GoldStandard, method: str) -> None:
    mask, retrained = standard.forget, standard.probabilities
    for index in (predictions.chosen, predictions.selected or 0):
        if not 0 <= index < predictions.count:
            raise ValueError(f"the chosen network {index} is not one of the {predictions.count} networks")
    if mask.dtype != torch.bool or mask.dim() != 1:
        raise ValueError(f"the forget mask must be boolean (classes,), not {mask.dtype} {tuple(mask.shape)}")
    outputs = len(mask) if standard.answers is None else retrained.shape[-1]
    expected = (max(len(retrained), 1), len(standard.labels["test"]), outputs)
    if tuple(retrained.shape) != expected:
        raise ValueError(f"the retrained probabilities must be {expected}, not {tuple(retrained.shape)}")
    if method == RETRAINED and (predictions.chosen != 0 or predictions.count != len(retrained)):
        raise ValueError(f"the networks of {RETRAINED!r} must be its {len(retrained)} seeds, seed 0 chosen")
    splits: dict[SplitName, str] = {"train": "training", "test": "test"}
    for split, images in splits.items():
        for name, member in standard.members(split).items():
            if not member.any():
                whose = "retained" if name.startswith("retain") else "forgotten"
                raise UserError(
                    f"{method!r} cannot be evaluated on {name!r}: there are no {images} images of the {whose} classes"
                )
