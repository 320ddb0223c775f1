"""Further metrics of the networks of a method, against retrained networks and originals."""

from collections.abc import Iterator, Sequence
from statistics import fmean

import torch
from torch import Tensor

from hyperforget.config.methods import RETRAINED
from hyperforget.metrics.attacks import LEAST_ATTACKED, hits_at, told_apart
from hyperforget.metrics.distributions import share_interval
from hyperforget.metrics.estimates import jackknife_bounds
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.relearning import anamnesis_interval
from hyperforget.metrics.summaries import summarise
from hyperforget.records.methods import MetricRow
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audit_values import ATTACKS, EACH, PAIRS, TOGETHER
from hyperforget.unlearning.audited import Audited

# The fewest networks that a half of a population has.
_LEAST = 2
# Groups of networks that are left out in turn, for the interval of what is of a population.
_GROUPS = 8
# The share of retrained networks that an attack may take for the method's, where it has to be sure.
_ALARMS = 0.01


# Of single networks, float64 (N,), by metric and set of images.
Values = dict[tuple[str, str], Tensor]


def audit_rows(
    subject: Subject, audited: Audited, references: References, metrics: Sequence[str], chosen: int = 0
) -> Iterator[MetricRow]:
    """The rows of some ``metrics``, by name, for all networks, and for the ``chosen`` one where metrics are of each.

    For retrained networks, what compares networks is of each with all others, and what compares populations, of a half
    with the other half; of fewer than two networks a side there are no rows, nor of what is undefined.
    """
    values = network_values(subject, audited, references, metrics)
    yield from network_rows(subject, values, references, chosen)
    yield from population_rows(subject, audited, references, metrics)


def network_values(subject: Subject, audited: Audited, references: References, metrics: Sequence[str]) -> Values:
    """The values of single networks by those of some ``metrics`` that have such; without what is undefined."""
    return {
        (metric, images): values
        for metric in metrics
        if metric in EACH or metric in PAIRS
        for images, values in _of_each(metric, subject, audited, references).items()
        if not values.isnan().any()
    }


def network_rows(
    subject: Subject, values: Values, references: References, chosen: int = 0, members: int | None = None
) -> Iterator[MetricRow]:
    """The rows of the ``chosen`` network, and of the first ``members``, or of all, which stand for the method."""
    names = subject.task, subject.method, subject.forget
    for (metric, images), of_all in values.items():
        of_members = of_all[:members]
        interval = anamnesis_interval(of_members, references.relearning) if metric == "ain" else (None, None)
        for selection, of, bounds in (
            ("chosen", of_all[chosen : chosen + 1], (None, None)),
            ("population", of_members, interval),
        ):
            value, low, high, count = summarise(of)
            yield MetricRow(*names, selection, images, metric, value, low, high, count, *bounds)


def population_rows(
    subject: Subject, audited: Audited, references: References, metrics: Sequence[str]
) -> Iterator[MetricRow]:
    """The rows of those of some ``metrics`` that compare populations: means over the halvings, with 95 % intervals."""
    count = min(len(each.networks) for each in (audited, *references.halvings[0]))
    sides = [
        ((own if subject.method == RETRAINED else audited).first(count), other.first(count))
        for other, own in references.halvings
    ]
    names = subject.task, subject.method, subject.forget
    for metric in metrics:
        if metric not in (*TOGETHER, *ATTACKS) or count < _least(metric):
            continue
        found = [_told(metric, *each) for each in sides]
        for images in found[0]:
            value = fmean(each[images][0] for each in found)
            low, high = (_mean([each[images][side] for each in found]) for side in (1, 2))
            if metric == "two_sample":
                # Nearest neighbours come in pairs, so that half of the networks of both sides are as many trials.
                low, high = share_interval(value, count)
            elif low is None:
                low, high = _without_some(metric, images, value, sides[0]) or (None, None)
            yield MetricRow(*names, "population", images, metric, value, None, None, count, low, high)


def _least(metric: str) -> int:
    """The fewest networks of a side."""
    return LEAST_ATTACKED if metric in ATTACKS else _LEAST


def _without_some(metric: str, images: str, value: float, sides: tuple[Audited, Audited]) -> tuple[float, float] | None:
    """The 95 % interval of what is of populations: of one halving, without some networks of both sides each time, in
    turn all. Halvings have networks in common, so that their mean is hardly surer. None of too few networks.
    """
    own, other = sides
    groups = torch.arange(len(own.networks)).tensor_split(min(_GROUPS, len(own.networks)))
    rests = [torch.cat([*groups[:place], *groups[place + 1 :]]) for place in range(len(groups))]
    if len(rests[0]) < _least(metric):
        return None
    found = [_told(metric, own.some(rest), other.some(rest))[images][0] for rest in rests]
    low, high = jackknife_bounds(value, torch.tensor(found, dtype=torch.float64))
    # Attacks come to shares.
    return low, min(high, 1.0) if metric in ATTACKS else high


# A value, and the bounds of its interval if it has one.
_Bounded = tuple[float, float | None, float | None]


def _mean(bounds: Sequence[float | None]) -> float | None:
    known = [bound for bound in bounds if bound is not None]
    return fmean(known) if known else None


def _told(metric: str, own: Audited, other: Audited) -> dict[str, _Bounded]:
    return _attacked(metric, own, other) if metric in ATTACKS else _compared(metric, own, other)


def _compared(metric: str, own: Audited, other: Audited) -> dict[str, _Bounded]:
    return {images: (value, None, None) for images, value in TOGETHER[metric](own, other).items()}


def _attacked(metric: str, own: Audited, other: Audited) -> dict[str, _Bounded]:
    found: dict[str, _Bounded] = {}
    for images, folds in ATTACKS[metric](own, other).items():
        found[images] = (hits_at(folds, _ALARMS), None, None) if metric == "ulira_tpr" else told_apart(folds)
    return found


def _of_each(metric: str, subject: Subject, audited: Audited, references: References) -> dict[str, Tensor]:
    if metric in EACH:
        return EACH[metric](audited, references)
    found = {}
    for images, values in PAIRS[metric](audited, references).items():
        found[images] = over_retrained(subject, values)
    return found


def over_retrained(subject: Subject, values: Tensor) -> Tensor:
    """Medians (N,) of values (N, S) with each of S retrained networks, of retrained ones with all others."""
    if subject.method == RETRAINED:
        values = values.masked_fill(torch.eye(len(values), values.shape[1], dtype=torch.bool), torch.nan)
    return values.nanquantile(0.5, dim=1)
