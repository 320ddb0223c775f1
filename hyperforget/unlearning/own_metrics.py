"""Metrics of the user's own, for the networks that stand for a method."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.data.splits import TaskData
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.gold_standard import GoldStandard
from hyperforget.metrics.own_metrics import Answers, own_values
from hyperforget.metrics.summaries import summarise
from hyperforget.networks.forward import units_and_logits
from hyperforget.records.methods import MetricRow
from hyperforget.runtime.own_code import OwnCode
from hyperforget.unlearning.candidates import StoredCandidates

_NETWORKS_AT_ONCE = 16


@dataclass(frozen=True)
class OwnMetric:
    """A metric by name, the ``sets`` of test images that it is measured on, and its function."""

    name: str
    sets: tuple[str, ...]
    code: OwnCode


def own_metric_rows(
    stored: StoredCandidates, data: TaskData, standard: GoldStandard, subject: Subject, metrics: Sequence[OwnMetric]
) -> list[MetricRow]:
    """Rows of the chosen network and of the population on every set of every metric.

    Raises `UserError` where a function does not do what `hyperforget.metrics.own_metrics.own_values` expects.
    """
    if not metrics:
        return []
    parts: dict[tuple[str, str], list[Tensor]] = {}
    for by_set in _answers(stored, data, standard):
        for metric in metrics:
            for name in metric.sets:
                parts.setdefault((metric.name, name), []).append(own_values(metric.code, by_set[name]))
    chosen = stored.population.index(stored.chosen)
    task, method, forget = subject.task, subject.method, subject.forget
    rows = []
    for (metric_name, set_), found in parts.items():
        values = torch.cat(found)
        for selection, of in (("chosen", values[chosen : chosen + 1]), ("population", values)):
            rows.append(MetricRow(task, method, forget, selection, set_, metric_name, *summarise(of)))
    return rows


def _answers(stored: StoredCandidates, data: TaskData, standard: GoldStandard) -> Iterator[dict[str, Answers]]:
    """By set, the answers of some networks of the population at a time."""
    population, members = stored.candidates.networks[stored.population], standard.members("test")
    labels = data.test.labels
    for first in range(0, len(population), _NETWORKS_AT_ONCE):
        units, logits = units_and_logits(population[first : first + _NETWORKS_AT_ONCE], data.test.images)
        yield {
            name: Answers(
                logits[:, own], units[:, own], labels[own], standard.forget.clone(), standard.probabilities[:, own]
            )
            for name, own in members.items()
        }
