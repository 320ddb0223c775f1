"""Further metrics of the networks of a method, against retrained networks and originals."""

from collections.abc import Iterator, Sequence
from statistics import fmean

import torch
from torch import Tensor

from hyperforget.config.methods import RETRAINED
from hyperforget.metrics.attacks import LEAST_ATTACKED, hits_at, told_apart
from hyperforget.metrics.distributions import share_interval
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.relearning import anamnesis_interval
from hyperforget.metrics.summaries import summarise
from hyperforget.records.methods import MetricRow
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audit_values import ATTACKS, EACH, PAIRS, TOGETHER
from hyperforget.unlearning.audited import Audited

# The fewest networks that a half of a population has.
_LEAST = 2
# The share of retrained networks that an attack may take for the method's, where it has to be sure.
_ALARMS = 0.01


def audit_rows(
    subject: Subject, audited: Audited, references: References, metrics: Sequence[str], chosen: int = 0
) -> Iterator[MetricRow]:
    """The rows of some ``metrics``, by name, for all networks, and for the ``chosen`` one where metrics are of each.

    For retrained networks, what compares networks is of each with all others, and what compares populations, of a half
    with the other half; of fewer than two networks a side there are no rows, nor of what is undefined.
    """
    for metric in metrics:
        single = metric in EACH or metric in PAIRS
        yield from (
            _rows_of_each(metric, subject, audited, references, chosen)
            if single
            else _rows_together(metric, subject, audited, references)
        )


def _rows_of_each(
    metric: str, subject: Subject, audited: Audited, references: References, chosen: int
) -> Iterator[MetricRow]:
    names = subject.task, subject.method, subject.forget
    for images, values in _of_each(metric, subject, audited, references).items():
        if values.isnan().any():
            continue
        interval = anamnesis_interval(values, references.relearning) if metric == "ain" else (None, None)
        for selection, of, bounds in (
            ("chosen", values[chosen : chosen + 1], (None, None)),
            ("population", values, interval),
        ):
            value, low, high, count = summarise(of)
            yield MetricRow(*names, selection, images, metric, value, low, high, count, *bounds)


def _rows_together(metric: str, subject: Subject, audited: Audited, references: References) -> Iterator[MetricRow]:
    """Means over the halvings."""
    count = min(len(each.networks) for each in (audited, *references.halvings[0]))
    if count < (LEAST_ATTACKED if metric in ATTACKS else _LEAST):
        return
    sides = [
        ((own if subject.method == RETRAINED else audited).first(count), other.first(count))
        for other, own in references.halvings
    ]
    found = [_attacked(metric, *each) if metric in ATTACKS else _compared(metric, *each) for each in sides]
    for images in found[0]:
        value = fmean(each[images][0] for each in found)
        low, high = (_mean([each[images][side] for each in found]) for side in (1, 2))
        if metric == "two_sample":
            # Nearest neighbours come in pairs, so that half of the networks of both sides are as many trials.
            low, high = share_interval(value, count)
        names = subject.task, subject.method, subject.forget
        yield MetricRow(*names, "population", images, metric, value, None, None, count, low, high)


# A value, and the bounds of its interval if it has one.
_Bounded = tuple[float, float | None, float | None]


def _mean(bounds: Sequence[float | None]) -> float | None:
    known = [bound for bound in bounds if bound is not None]
    return fmean(known) if known else None


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
        if subject.method == RETRAINED:
            values = values.masked_fill(torch.eye(len(values), values.shape[1], dtype=torch.bool), torch.nan)
        found[images] = values.nanquantile(0.5, dim=1)
    return found
