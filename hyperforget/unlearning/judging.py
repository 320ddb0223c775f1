"""Judging one forget set: networks of all methods against retrained ones, on test data unread before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from sklearn.metrics import confusion_matrix
from torch import Tensor

from hyperforget.config import SelectionConfig
from hyperforget.config.methods import RETRAINED
from hyperforget.config.specs import EvaluationSpec
from hyperforget.data.splits import Split, TaskData
from hyperforget.forget_set import FORGOTTEN_ACCURACY, Noun
from hyperforget.metrics.evaluate import Predictions, Subject, evaluate_networks
from hyperforget.metrics.gold_standard import GoldStandard, SplitName
from hyperforget.metrics.registry import USABLE_RETAIN_MARGIN
from hyperforget.networks.forward import forward
from hyperforget.records.methods import CandidateRow, ConfusionRow, MetricRow
from hyperforget.unlearning.candidates import StoredCandidates, class_accuracies
from hyperforget.unlearning.own_metrics import OwnMetric, own_metric_rows
from hyperforget.unlearning.recovery import recovery_rows
from hyperforget.unlearning.request import Request
from hyperforget.unlearning.selection import Wanted, choose


@dataclass(frozen=True)
class Bench:
    """What the networks of every method are judged by that was asked to forget the classes of a ``request``: the task
    and the forget set by their names in tables, the ``retrained`` networks, what evaluation is told, and the user's own
    metrics.
    """

    task: str
    forget: str
    request: Request
    retrained: StoredCandidates
    spec: EvaluationSpec
    own_metrics: tuple[OwnMetric, ...] = ()

    @cached_property
    def standard(self) -> GoldStandard:
        """What the retrained networks answer."""
        return gold_standard_of(self.retrained, self.request.data, self.request.forget)

    @cached_property
    def selected(self) -> int:
        """Index of the retrained network that the rule for all other methods takes."""
        return selected_retrained(self.retrained, self.request.split, self.request.forget, self.spec.selection)

    def offered(self, method: str, stored: StoredCandidates) -> list[CandidateRow]:
        """The rows of a method's candidates."""
        return candidate_rows(method, stored, self.request.split.class_sizes, self.request.forget)

    @cached_property
    def retrained_offer(self) -> list[CandidateRow]:
        """The rows of the retrained networks."""
        return self.offered(RETRAINED, self.retrained)


def judge(method: str, stored: StoredCandidates, bench: Bench) -> list[MetricRow]:
    """Every metric of the networks of a method; those of ``retrained`` itself are the noise floor of all others.

    Raises `UserError` for networks whose outputs are not all finite, and for a set without images.
    """
    request, evaluation = bench.request, bench.spec.evaluation
    subject = Subject(bench.task, method, bench.forget)
    return [
        *evaluate_networks(
            predictions_of(stored, request.data, bench.selected if method == RETRAINED else None),
            bench.standard,
            subject,
            membership_networks=evaluation.membership_networks,
        ),
        *recovery_rows(stored, request.data, request.forget, subject, evaluation.recovery_networks),
        *own_metric_rows(stored, request.data, bench.standard, subject, bench.own_metrics),
        usable_row(subject, bench.offered(method, stored), bench.retrained_offer, request.data.noun),
    ]


def predictions_of(stored: StoredCandidates, data: TaskData, selected: int | None = None) -> Predictions:
    """What the population of stored candidates answers, as `hyperforget.metrics.evaluate` reads it; ``selected`` is the
    index of a candidate.
    """
    population = stored.candidates.networks[stored.population]

    def logits(networks: slice, split: SplitName) -> Tensor:
        return forward(population[networks], (data.train if split == "train" else data.test).images)

    place = None if selected is None else stored.population.index(selected)
    return Predictions(logits, len(population), stored.population.index(stored.chosen), place)


def selected_retrained(retrained: StoredCandidates, split: Split, forget: Tensor, rule: SelectionConfig) -> int:
    """Index of the retrained network that the rule for all other methods takes, on the ``split`` that selects: what a
    chosen network is to be compared with.
    """
    wanted = Wanted.of_retrained(retrained.candidates, split.class_sizes, forget)
    return choose(retrained.candidates, wanted if split.answers is None else wanted.of_groups(), rule)


def gold_standard_of(retrained: StoredCandidates, data: TaskData, forget: Tensor) -> GoldStandard:
    """What all methods are measured against: the test probabilities of all retrained networks."""
    probabilities = forward(retrained.candidates.networks, data.test.images).softmax(-1)
    labels: dict[SplitName, Tensor] = {"train": data.train.labels, "test": data.test.labels}
    targets: dict[SplitName, Tensor] = {"train": data.train.targets, "test": data.test.targets}
    return GoldStandard(labels, forget, probabilities, None if data.answers is None else targets)


def candidate_rows(method: str, stored: StoredCandidates, sizes: Tensor, forget: Tensor) -> list[CandidateRow]:
    """One row a candidate, of accuracies on the split that selects, with ``sizes`` (C,) images a class."""
    candidates = stored.candidates
    columns = (candidates.start, candidates.prompt, *class_accuracies(candidates, sizes, forget))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        CandidateRow(method, index, start, prompt, forgotten, retained, index == stored.chosen)
        for index, (start, prompt, forgotten, retained) in enumerate(rows)
    ]


def forgotten_up_to(retrained: Sequence[CandidateRow], noun: Noun) -> float:
    """The accuracy up to which networks count as having forgotten a set of groups, that of the best retrained network
    and `FORGOTTEN_ACCURACY`, which alone it is of classes.
    """
    level = max(row.forget_accuracy for row in retrained) if noun == "group" else 0.0
    return level + FORGOTTEN_ACCURACY


def usable_row(
    subject: Subject, candidates: Sequence[CandidateRow], retrained: Sequence[CandidateRow], noun: Noun = "class"
) -> MetricRow:
    """The metric ``usable_share``: how many candidates at the prompt of the chosen one forget and retain."""
    # Accuracies are shares of images: of two that are equal, neither must fail by the last binary digit.
    worst = median(row.retain_accuracy for row in retrained) - USABLE_RETAIN_MARGIN - 1e-9
    [prompt] = {row.prompt for row in candidates if row.chosen}
    beside = [row for row in candidates if row.prompt == prompt]
    up_to = forgotten_up_to(retrained, noun)
    usable = sum(row.forget_accuracy <= up_to and row.retain_accuracy >= worst for row in beside)
    names = subject.task, subject.method, subject.forget
    share = usable / len(beside)
    return MetricRow(*names, "population", "choice", "usable_share", share, None, None, len(beside))


def confusion_rows(method: str, stored: StoredCandidates, standard: GoldStandard, data: TaskData) -> list[ConfusionRow]:
    """Confusion of the chosen network with retrained seed 0, on images of retained and of all classes, by their labels
    in the dataset.
    """
    predicted = forward(stored.candidates.networks[[stored.chosen]], data.test.images)[0].argmax(-1)
    retrained = standard.probabilities[0].argmax(-1)
    members = standard.members("test")
    rows = []
    for name in ("retain", "test"):
        seen = members[name]
        counts = confusion_matrix(retrained[seen], predicted[seen], labels=range(data.outputs))
        rows += [
            ConfusionRow(method, name, row, column, count)
            for row, columns in zip(data.answered, counts.tolist(), strict=True)
            for column, count in zip(data.answered, columns, strict=True)
        ]
    return rows
