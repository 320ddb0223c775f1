"""How methods stand by every criterion of an audit: against retrained networks, against each other, and which criteria
tell networks that know from networks that do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from hyperforget.config.methods import ORIGINAL, RETRAINED, RIVALS, Method
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.estimates import (
    Estimate,
    distance,
    estimate_of_networks,
    estimate_of_population,
    interval,
)
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.judged import Area, Better, area, further
from hyperforget.metrics.paired import activation_distance
from hyperforget.metrics.registry import METRICS
from hyperforget.records.audits import ComparisonRow, CriterionRow, JudgedRow
from hyperforget.records.methods import MetricRow
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audited import Audited
from hyperforget.unlearning.auditing import Values, over_retrained, population_rows
from hyperforget.unlearning.recovery import recovered

# Of the metrics that every run has, those that an audit judges by, too.
_RECOVERY = ("shift", "auc", "probe", "relearn_10")
HIDDEN = "bias"
# Networks of a population, where it is judged how well metrics of populations tell.
TOGETHER = 4
_NONE = (None, None, None)

Criterion = tuple[str, str]


@dataclass(frozen=True)
class Measured:
    """A method's networks, what single ones have by criterion, and the rows of what they have together."""

    audited: Audited
    values: Values
    together: tuple[MetricRow, ...]


def better_of(metric: str) -> Better:
    """Where good values of a built-in metric lie."""
    return {**METRICS, **AUDIT}[metric].better


def core_values(subject: Subject, audited: Audited, references: References) -> Values:
    """Of single networks what every run measures and audits judge by, too: accuracies, what comes back, and the
    distance of answers to those of retrained networks, median over these.
    """
    test, forget = audited.data.test, audited.forget
    back = recovered(audited.networks, audited.data, forget)
    apart = [activation_distance(audited.probabilities, each) for each in references.retrained.probabilities]
    return {
        ("accuracy", "retain"): audited.accuracy(audited.logits, test, ~forget),
        ("accuracy", "forget"): audited.accuracy(audited.logits, test, forget),
        ("activation_distance", "test"): over_retrained(subject, torch.stack(apart, dim=1).cpu()),
        **{(metric, "forget"): back[metric].cpu().double() for metric in _RECOVERY},
    }


def criterion_rows(task: str, forget: str, measured: Mapping[str, Measured]) -> Iterator[CriterionRow]:
    """The rows of all methods by every criterion that retrained networks have."""
    for criterion, estimates in _estimates(measured):
        retrained = estimates[RETRAINED]
        for method, own in estimates.items():
            differences = own.draws - retrained.draws
            spread = own.spread or (None, None)
            yield CriterionRow(
                *(task, forget, *criterion, method, own.value, *own.bounds),
                *(own.value - retrained.value, *interval(differences), *spread, own.count),
            )


def comparison_rows(task: str, forget: str, measured: Mapping[str, Measured]) -> Iterator[ComparisonRow]:
    """The rows of hypernetworks and of methods of the user's own, each against every rival, but for edits of strangers,
    which rivals do not make.
    """
    for criterion, estimates in _estimates(measured):
        better = better_of(criterion[0])
        apart = {method: distance(own, estimates[RETRAINED], better) for method, own in estimates.items()}
        rivals = [method for method in estimates if method in RIVALS]
        for method in estimates:
            if method in (RETRAINED, ORIGINAL, *rivals) or Method.parse(method).on_strangers:
                continue
            own, own_draws = apart[method]
            for rival in rivals:
                other, other_draws = apart[rival]
                bounds = interval(other_draws - own_draws)
                yield ComparisonRow(task, forget, *criterion, method, rival, other - own, *bounds)


def judged_rows(
    task: str, forget: str, measured: Mapping[str, Measured], metrics: Sequence[str]
) -> Iterator[JudgedRow]:
    """The row of every criterion: one half of the retrained networks says where good values lie, and of the other half
    originals, and those with lowered biases, are told; what is of populations, of some networks at a time.
    """
    retrained = measured[RETRAINED].audited
    half = len(retrained.networks) // 2
    known = [method for method in (ORIGINAL, HIDDEN) if method in measured]
    values = {method: dict(measured[method].values) for method in (RETRAINED, *known)}
    levels = {criterion: float(of[:half].quantile(0.5)) for criterion, of in values[RETRAINED].items()}
    values[RETRAINED] = {criterion: of[half:] for criterion, of in values[RETRAINED].items()}
    references = References(retrained.some(slice(half)), measured[ORIGINAL].audited)
    sides = {method: measured[method].audited for method in known} | {RETRAINED: retrained.some(slice(half, None))}
    for method, audited in sides.items():
        values[method] |= _in_groups(Subject(task, method, forget), audited, references, metrics)
    for criterion, of_retrained in values[RETRAINED].items():
        level = levels.get(criterion, float(of_retrained.quantile(0.5)))
        better = better_of(criterion[0])
        if all(criterion in values[method] for method in known):
            apart = {method: further(better, values[method][criterion], level) for method in (RETRAINED, *known)}
            areas = [area(apart[method], apart[RETRAINED]) for method in known]
            yield JudgedRow(task, forget, *criterion, *_fields(areas[0]), *(_fields(areas[1]) if areas[1:] else _NONE))


def _fields(found: Area) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def _in_groups(subject: Subject, audited: Audited, references: References, metrics: Sequence[str]) -> Values:
    """What is of populations, of `TOGETHER` networks at a time."""
    found: dict[Criterion, list[float]] = {}
    for rows in torch.arange(len(audited.networks)).split(TOGETHER):
        # Not by the name of retrained networks, or half of the references would be held against the other.
        named = Subject(subject.task, f"some-{subject.method}", subject.forget)
        if len(rows) == TOGETHER:
            for row in population_rows(named, audited.some(rows), references, metrics):
                found.setdefault((row.metric, row.set), []).append(row.value)
    return {criterion: torch.tensor(values, dtype=torch.float64) for criterion, values in found.items()}


def _estimates(measured: Mapping[str, Measured]) -> Iterator[tuple[Criterion, dict[str, Estimate]]]:
    """By every criterion that retrained networks have, how methods stand that have it."""
    found: dict[Criterion, dict[str, Estimate]] = {}
    for place, (method, each) in enumerate(measured.items(), 1):
        for criterion, values in each.values.items():
            seed = 1 if method == RETRAINED else 0
            found.setdefault(criterion, {})[method] = estimate_of_networks(values, seed)
        for row in each.together:
            low, high = row.median_low, row.median_high
            if low is not None and high is not None:
                found.setdefault((row.metric, row.set), {})[method] = estimate_of_population(
                    row.value, (low, high), row.n, place
                )
    for criterion, estimates in found.items():
        if RETRAINED in estimates:
            yield criterion, estimates
