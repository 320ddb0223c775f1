"""Judging one forget set: all methods' networks against the retrained ones, on test data that nothing else
has read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from hyperforget.data.splits import TaskData
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.metrics.evaluate import Outputs, Reference, Row, Split
from hyperforget.metrics.registry import USABLE_RETAIN_MARGIN
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward
from hyperforget.unlearning.candidates import Chosen, class_accuracies


@dataclass(frozen=True)
class CandidateRow:
    """One candidate network: its accuracies on the split that selects, and whether it was chosen."""

    method: str
    candidate: int
    start: int
    prompt: int
    forget_accuracy: float
    retain_accuracy: float
    chosen: bool


@dataclass(frozen=True)
class ConfusionRow:
    """Images that the retrained network (seed 0) calls ``retrained`` and the chosen network ``predicted``."""

    method: str
    set: str
    retrained: int
    predicted: int
    count: int


def outputs_of(stored: Chosen, data: TaskData) -> Outputs:
    """The population of a stored batch as `hyperforget.metrics.evaluate` reads it."""
    params = stored.candidates.params[stored.population]
    chosen = int((stored.population == stored.index).nonzero())
    return Outputs(_logits(params, stored.layout, data), params.shape[0], chosen)


def reference_of(retrained: Chosen, data: TaskData, forget: Tensor) -> Reference:
    """What all methods are measured against: the test probabilities of all retrained networks."""
    logits = forward(retrained.candidates.params, retrained.layout, data.test.images)
    return Reference(data.train.labels, data.test.labels, forget, logits.softmax(-1))


def candidate_rows(method: str, stored: Chosen, sizes: Tensor, forget: Tensor) -> list[CandidateRow]:
    """One row a candidate."""
    candidates = stored.candidates
    forgotten, retained = class_accuracies(candidates, sizes, forget)
    return [
        CandidateRow(
            method,
            index,
            int(candidates.start[index]),
            int(candidates.prompt[index]),
            float(forgotten[index]),
            float(retained[index]),
            index == stored.index,
        )
        for index in range(candidates.params.shape[0])
    ]


def usable_row(
    task: str, forget: str, candidates: Sequence[CandidateRow], retrained: Sequence[CandidateRow]
) -> Row:
    """The share of a method's candidates at the prompt of the chosen one that forget and retain, as the
    metric ``usable_share`` defines it.
    """
    # Accuracies are shares of images: of two that are equal, neither must fail by the last binary digit.
    worst = median(row.retain_accuracy for row in retrained) - USABLE_RETAIN_MARGIN - 1e-9
    [prompt] = {row.prompt for row in candidates if row.chosen}
    beside = [row for row in candidates if row.prompt == prompt]
    usable = [
        row for row in beside if row.forget_accuracy <= FORGOTTEN_ACCURACY and row.retain_accuracy >= worst
    ]
    share = len(usable) / len(beside)
    method = candidates[0].method
    return Row(task, method, forget, "population", "choice", "usable_share", share, None, None, len(beside))


def confusion_rows(method: str, stored: Chosen, reference: Reference, data: TaskData) -> list[ConfusionRow]:
    """Confusion of the chosen network with retrained seed 0, on the test images of the retained classes and
    on all.
    """
    chosen = stored.candidates.params[stored.index : stored.index + 1]
    predicted = forward(chosen, stored.layout, data.test.images)[0].argmax(-1)
    retrained = reference.retrained[0].argmax(-1)
    members = reference.members("test")
    rows = []
    for name in ("retain", "test"):
        counts = torch.zeros(data.classes, data.classes, dtype=torch.int64)
        rows_of, columns_of = retrained[members[name]], predicted[members[name]]
        counts.index_put_((rows_of, columns_of), torch.ones_like(rows_of), accumulate=True)
        rows += [
            ConfusionRow(method, name, row, column, int(counts[row, column]))
            for row in range(data.classes)
            for column in range(data.classes)
        ]
    return rows


def _logits(params: Tensor, layout: Layout, data: TaskData) -> Callable[[slice, Split], Tensor]:
    def logits(networks: slice, split: Split) -> Tensor:
        images = data.train.images if split == "train" else data.test.images
        return forward(params[networks], layout, images)

    return logits
