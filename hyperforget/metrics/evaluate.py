"""Every metric of one method on one forget set, as rows of ``results/metrics.csv``."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hyperforget.config.methods import RETRAINED
from hyperforget.errors import UserError
from hyperforget.metrics import paired
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.membership import entropy, membership_scores
from hyperforget.metrics.registry import METRICS, SETS

Split = Literal["train", "test"]
Selection = Literal["chosen", "population", "chosen-to-all"]
# One value per network, float64 (networks,), by metric and set.
_Values = dict[tuple[str, str], Tensor]

_PAIRED = {
    "overlap": paired.overlap,
    "activation_distance": paired.activation_distance,
    "phi": paired.phi,
    "jsd": paired.jsd,
}


@dataclass(frozen=True)
class Row:
    """One line of ``results/metrics.csv``; the fields are its columns, in order.

    ``n`` counts the networks, or the pairs of networks, behind ``value``. Where it exceeds one, ``value`` is
    their median, ``low`` and ``high`` their 2.5 and 97.5 percentiles; for a single one, and for a share of
    networks, there is no interval, and these are None.
    """

    task: str
    method: str
    forget: str
    selection: Selection
    set: str
    metric: str
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Outputs:
    """The networks that stand for one method, its population, seen through what they answer, and the index of the
    chosen one.

    ``logits(networks, split)`` gives floats ``(networks, samples, classes)`` for a slice of the networks on
    all images of a split, in the order of its labels. It is called for one chunk at a time, so it may compute
    them only then.
    """

    logits: Callable[[slice, Split], Tensor]
    networks: int
    chosen: int


@dataclass(frozen=True)
class Reference:
    """What networks are measured against, all on one device.

    Integer labels ``(samples,)`` of both splits, the forgotten classes as a boolean mask ``(classes,)``, and
    the test probabilities of all retrained networks, ``(seeds, test samples, classes)``.
    """

    train_labels: Tensor
    test_labels: Tensor
    forget_mask: Tensor
    retrained: Tensor

    def labels(self, split: Split) -> Tensor:
        """The labels of a split."""
        return self.train_labels if split == "train" else self.test_labels

    def classes(self, split: Split) -> dict[str, Tensor]:
        """The classes of each set made of a split's images, as boolean masks ``(classes,)``."""
        forgotten = self.forget_mask
        if split == "train":
            return {"retain-train": ~forgotten, "forget-train": forgotten}
        return {"retain": ~forgotten, "forget": forgotten, "test": torch.ones_like(forgotten)}

    def members(self, split: Split) -> dict[str, Tensor]:
        """The images of each set made of a split's images, as boolean masks ``(samples,)``."""
        return {name: classes[self.labels(split)] for name, classes in self.classes(split).items()}


def evaluate_networks(
    outputs: Outputs,
    reference: Reference,
    *,
    task: str,
    method: str,
    forget: str,
    chunk: int = 16,
    membership_networks: int = 32,
) -> list[Row]:
    """Rows of every metric of outputs in `METRICS` on its sets, for the chosen network and the population.

    Paired metrics compare each network with retrained seed 0; the ``chosen-to-all`` rows compare the chosen one with
    every retrained seed, since seed 0 may be an unusual one. For the method ``retrained`` itself, whose
    chosen network is seed 0, paired metrics are the noise floor: the chosen rows compare seed 0 with every other seed,
    the population rows all pairs of seeds; a single seed has no such rows. ``chunk`` networks are in memory
    at a time. Membership inference costs 5 to 50 milliseconds a network, so for the population it covers the
    first ``membership_networks`` only.

    Raises `UserError` for a set without images and for a network whose outputs are not all finite,
    `ValueError` for arguments that do not fit each other.
    """
    _check(outputs, reference, method, chunk, membership_networks)
    whose = f"of {method} on {task}, forget set {forget},"
    population = _joined(
        _measure(outputs, reference, networks, membership_networks, whose)
        for networks in _chunks(outputs.networks, chunk)
    )
    chosen = {key: values[outputs.chosen : outputs.chosen + 1] for key, values in population.items()}
    for key in population:
        if key[0] in ("mia", "mia_test"):
            population[key] = population[key][:membership_networks]
    if method == RETRAINED:
        pairs = _compare_seeds(reference, chunk)
        chosen = _unpaired(chosen) | _joined(pairs[:1])
        population = _unpaired(population) | _joined(pairs)
    by_selection: dict[Selection, _Values] = {"chosen": chosen, "population": population}
    if method != RETRAINED:
        by_selection["chosen-to-all"] = _compare_with_all(outputs, reference, chunk, whose)
    return [
        Row(task, method, forget, selection, name, metric.name, *_summary(measured[metric.name, name]))
        for selection, measured in by_selection.items()
        for metric in METRICS.values()
        for name in metric.sets
        if (metric.name, name) in measured
    ]


def _measure(
    outputs: Outputs, reference: Reference, networks: slice, membership_networks: int, whose: str
) -> _Values:
    """All metrics of a chunk of networks; membership inference is NaN for those that it does not cover."""
    index = torch.arange(networks.start, networks.stop)
    attacked = (index < membership_networks) | (index == outputs.chosen)

    logits = _finite_logits(outputs, reference, networks, "train", whose)
    values = _accuracies(logits, reference, "train")
    train_entropy = entropy(logits[attacked].softmax(-1))

    logits = _finite_logits(outputs, reference, networks, "test", whose)
    values |= _accuracies(logits, reference, "test")
    probabilities = logits.softmax(-1)
    values |= _compare(probabilities, reference.retrained[0], reference)
    test_entropy = entropy(probabilities[attacked])

    members = reference.members("train") | reference.members("test")
    targets = [train_entropy[:, members["forget-train"]], test_entropy[:, members["forget"]]]
    scores = torch.full((len(index), len(targets)), torch.nan, dtype=torch.float64)
    scores[attacked] = membership_scores(train_entropy[:, members["retain-train"]], test_entropy, targets)
    values["mia", "forget-train"], values["mia_test", "forget"] = scores.unbind(-1)
    return values


def _finite_logits(
    outputs: Outputs, reference: Reference, networks: slice, split: Split, whose: str
) -> Tensor:
    logits = outputs.logits(networks, split).to(reference.test_labels.device)
    broken = ~logits.isfinite().flatten(1).all(-1)
    if broken.any():
        network = networks.start + int(broken.nonzero()[0])
        raise UserError(
            f"network {network} {whose} cannot be evaluated: its {split} outputs are not all finite"
        )
    return logits


def _accuracies(logits: Tensor, reference: Reference, split: Split) -> _Values:
    labels, classes = reference.labels(split), len(reference.forget_mask)
    counts, sizes = correct_counts(logits, labels, classes), torch.bincount(labels.cpu(), minlength=classes)
    masks = reference.classes(split)
    return {("accuracy", name): accuracy_on(counts, sizes, mask).cpu() for name, mask in masks.items()}


def _compare(p: Tensor, q: Tensor, reference: Reference) -> _Values:
    """The paired metrics of test probabilities ``(networks, samples, classes)`` against those of one."""
    values: _Values = {}
    for name, member in reference.members("test").items():
        p_member, q_member = p[:, member], q[member]
        values |= {(metric, name): compare(p_member, q_member).cpu() for metric, compare in _PAIRED.items()}
    return values


def _compare_with_all(outputs: Outputs, reference: Reference, chunk: int, whose: str) -> _Values:
    """The paired metrics of the chosen network against every retrained seed."""
    logits = _finite_logits(outputs, reference, slice(outputs.chosen, outputs.chosen + 1), "test", whose)
    seeds = reference.retrained
    return _joined(
        _compare(seeds[part], logits[0].softmax(-1), reference) for part in _chunks(len(seeds), chunk)
    )


def _compare_seeds(reference: Reference, chunk: int) -> list[_Values]:
    """For each retrained seed but the last, the paired metrics of all later seeds against it."""
    compared = []
    for seed, q in enumerate(reference.retrained[:-1], start=1):
        later = reference.retrained[seed:]
        compared.append(_joined(_compare(later[part], q, reference) for part in _chunks(len(later), chunk)))
    return compared


def _chunks(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _joined(parts: Iterable[_Values]) -> _Values:
    parts = list(parts)
    return {key: torch.cat([part[key] for part in parts]) for key in parts[0]} if parts else {}


def _unpaired(values: _Values) -> _Values:
    return {key: value for key, value in values.items() if not METRICS[key[0]].paired}


def _summary(values: Tensor) -> tuple[float, float | None, float | None, int]:
    """``value, low, high, n`` of a `Row`."""
    ordered = values.sort().values.tolist()
    if len(ordered) == 1:
        return ordered[0], None, None, 1
    median, low, high = (_percentile(ordered, share) for share in (0.5, 0.025, 0.975))
    return median, low, high, len(ordered)


def _percentile(ordered: list[float], share: float) -> float:
    """Linear interpolation between order statistics, as in numpy, but without turning phi's -inf into NaN."""
    position = share * (len(ordered) - 1)
    below = int(position)
    weight = position - below
    if weight == 0 or ordered[below] == ordered[below + 1]:
        return ordered[below]
    return (1 - weight) * ordered[below] + weight * ordered[below + 1]


def _check(outputs: Outputs, reference: Reference, method: str, chunk: int, membership_networks: int) -> None:
    mask, retrained = reference.forget_mask, reference.retrained
    if chunk < 1 or membership_networks < 1:
        raise ValueError(f"chunk {chunk} and membership_networks {membership_networks} must be at least 1")
    if not 0 <= outputs.chosen < outputs.networks:
        raise ValueError(f"the chosen network {outputs.chosen} is not one of the {outputs.networks} networks")
    if mask.dtype != torch.bool or mask.dim() != 1:
        raise ValueError(f"the forget mask must be boolean (classes,), not {mask.dtype} {tuple(mask.shape)}")
    expected = (max(len(retrained), 1), len(reference.test_labels), len(mask))
    if tuple(retrained.shape) != expected:
        raise ValueError(f"the retrained probabilities must be {expected}, not {tuple(retrained.shape)}")
    if method == RETRAINED and (outputs.chosen != 0 or outputs.networks != len(retrained)):
        raise ValueError(f"the networks of {RETRAINED!r} must be its {len(retrained)} seeds, seed 0 chosen")
    members = reference.members("train") | reference.members("test")
    empty = [name for name, member in members.items() if not member.any()]
    if empty:
        raise UserError(f"{method!r} cannot be evaluated on {empty[0]!r}: there are no {SETS[empty[0]]}")
