"""Further metrics of the networks of a method, against retrained networks and originals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hyperforget.config.methods import RETRAINED
from hyperforget.metrics.distances import layer_distances, linear_cka, tug_of_war
from hyperforget.metrics.distributions import (
    challenge_score,
    image_epsilons,
    klom,
    share_interval,
    two_sample_accuracy,
)
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.information import information_difference_index
from hyperforget.metrics.matched_membership import matched_membership
from hyperforget.metrics.randomness import zero_retrain_forgetting
from hyperforget.metrics.relearning import anamnesis, anamnesis_interval
from hyperforget.metrics.rounding import rounded_weights
from hyperforget.metrics.summaries import summarise
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.records.methods import MetricRow
from hyperforget.unlearning.audited import FEW_IMAGES, Audited, margins
from hyperforget.unlearning.hiding import images_generator
from hyperforget.unlearning.rivals.importance import importance

# Networks that learned nothing, for `zrf`, and the share of the originals' accuracy that relearning aims at.
_RANDOM, _RELEARNED = 10, 0.95
# How often retrained networks are divided in halves, where populations are compared.
_HALVINGS = 5
# The fewest networks that a half of a population has.
_LEAST = 2


@dataclass(frozen=True)
class References:
    """What networks are audited against: the ``retrained`` ones, and the ``originals`` that knew the classes."""

    retrained: Audited
    originals: Audited

    @cached_property
    def aim(self) -> float:
        """The accuracy on forgotten test images that relearning aims at."""
        test, originals = self.originals.data.test, self.originals
        return _RELEARNED * float(originals.accuracy(originals.logits, test, originals.forget).quantile(0.5))

    @cached_property
    def relearning(self) -> Tensor:
        """Steps that retrained networks take to learn the forgotten classes, int64 (S,)."""
        return self.retrained.relearning_steps(self.aim)

    @cached_property
    def random(self) -> Tensor:
        """Probabilities (R, B, C) that networks which learned nothing give test images."""
        layout, images = self.retrained.networks.layout, self.retrained.data.test.images
        networks = initialise(layout, _RANDOM, images_generator()).to(images.device)
        return forward(networks, images).softmax(dim=2)

    @cached_property
    def halvings(self) -> list[tuple[Audited, Audited]]:
        """Retrained networks that stand for all, and as many others, which show the floor, drawn some times: a single
        division may be an odd one.
        """
        known, generator = self.retrained, images_generator()
        half = len(known.networks) // 2
        orders = [torch.randperm(len(known.networks), generator=generator) for _ in range(_HALVINGS)]
        return [(known.some(order[:half]), known.some(order[half : 2 * half])) for order in orders]


# A value of each network, float64 (N,), by set of images; with each of S retrained networks, (N, S); or of all networks
# together, against as many retrained ones.
_Each = Callable[[Audited, References], dict[str, Tensor]]
_Together = Callable[[Audited, Audited], dict[str, float]]


def audit_rows(
    subject: Subject, audited: Audited, references: References, metrics: Sequence[str], chosen: int = 0
) -> Iterator[MetricRow]:
    """The rows of some ``metrics``, by name, for all networks, and for the ``chosen`` one where metrics are of each.

    For retrained networks, what compares networks is of each with all others, and what compares populations, of a half
    with the other half; of fewer than two networks a side there are no rows, nor of what is undefined.
    """
    for metric in metrics:
        single = metric in _EACH or metric in _PAIRS
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
    if count < _LEAST:
        return
    found = [
        _TOGETHER[metric]((own if subject.method == RETRAINED else audited).first(count), other.first(count))
        for other, own in references.halvings
    ]
    for images in found[0]:
        value = fmean(each[images] for each in found)
        # Nearest neighbours come in pairs, so that half of the networks of both sides are as many trials.
        bounds = share_interval(value, count) if metric == "two_sample" else (None, None)
        names = subject.task, subject.method, subject.forget
        yield MetricRow(*names, "population", images, metric, value, None, None, count, *bounds)


def _of_each(metric: str, subject: Subject, audited: Audited, references: References) -> dict[str, Tensor]:
    if metric in _EACH:
        return _EACH[metric](audited, references)
    found = {}
    for images, values in _PAIRS[metric](audited, references).items():
        if subject.method == RETRAINED:
            values = values.masked_fill(torch.eye(len(values), values.shape[1], dtype=torch.bool), torch.nan)
        found[images] = values.nanquantile(0.5, dim=1)
    return found


def _zrf(audited: Audited, references: References) -> dict[str, Tensor]:
    shown = audited.shown(audited.data.test)
    return {"forget": zero_retrain_forgetting(audited.probabilities[:, shown], references.random[:, shown]).cpu()}


def _matched(audited: Audited, references: References) -> dict[str, Tensor]:
    losses = []
    for logits, split in ((audited.train_logits, audited.data.train), (audited.logits, audited.data.test)):
        shown = audited.shown(split)
        answers = logits[:, shown].transpose(1, 2)
        losses.append(cross_entropy(answers, split.labels[shown].expand(len(answers), -1), reduction="none"))
    return {"forget-train": matched_membership(losses[0], losses[1], images_generator())}


def _rounded(bits: int) -> _Each:
    def measured(audited: Audited, references: References) -> dict[str, Tensor]:
        networks, test = audited.networks, audited.data.test
        rounded = Networks(rounded_weights(networks.params, networks.layout, bits), networks.layout)
        logits = forward(rounded, test.images)
        return {
            name: audited.accuracy(logits, test, classes)
            for name, classes in (("retain", ~audited.forget), ("forget", audited.forget))
        }

    return measured


def _fisher_trace(audited: Audited, references: References) -> dict[str, Tensor]:
    train, shown = audited.data.train, torch.nonzero(audited.shown(audited.data.train)).flatten()
    order = torch.randperm(len(shown), generator=images_generator())[: FEW_IMAGES * int(audited.forget.sum())]
    rows = shown[order.to(shown.device)]
    of_parameters = importance(audited.networks, train.images[rows], train.labels[rows])
    return {"forget-train": of_parameters.sum(dim=1).double().cpu()}


def _idi(audited: Audited, references: References) -> dict[str, Tensor]:
    known = [each.information for each in (audited, references.retrained, references.originals)]
    return {"forget": information_difference_index(*known)}


def _ain(audited: Audited, references: References) -> dict[str, Tensor]:
    return {"forget": anamnesis(audited.relearning_steps(references.aim), references.relearning)}


def _tow(audited: Audited, references: References) -> dict[str, Tensor]:
    return {"test": tug_of_war(audited.accuracies, references.retrained.accuracies)}


def _cka(audited: Audited, references: References) -> dict[str, Tensor]:
    shown, retrained = audited.shown(audited.data.test), references.retrained
    return {
        name: linear_cka(audited.units[:, of], retrained.units[:, of]).cpu()
        for name, of in (("forget", shown), ("test", torch.ones_like(shown)))
    }


def _layer_distance(audited: Audited, references: References) -> dict[str, Tensor]:
    return {"parameters": layer_distances(audited.networks, references.retrained.networks)}


def _klom(own: Audited, other: Audited) -> dict[str, float]:
    labels, shown = own.data.test.labels, own.shown(own.data.test)
    of_images = klom(margins(own.logits, labels), margins(other.logits, labels))
    return {name: float(of_images[of].quantile(0.5)) for name, of in (("retain", ~shown), ("forget", shown))}


def _challenge(own: Audited, other: Audited) -> dict[str, float]:
    labels, shown = own.data.train.labels, own.shown(own.data.train)
    confidences = [margins(each.train_logits[:, shown], labels[shown]) for each in (own, other)]
    means = [each.accuracies.mean(dim=0).tolist() for each in (own, other)]
    kept = [(means[0][place], means[1][place]) for place in (1, 2)]
    return {"forget-train": challenge_score(image_epsilons(*confidences), kept)}


def _two_sample(own: Audited, other: Audited) -> dict[str, float]:
    shown = own.shown(own.data.test)
    return {
        name: two_sample_accuracy(own.probabilities[:, of], other.probabilities[:, of])
        for name, of in (("forget", shown), ("test", torch.ones_like(shown)))
    }


_EACH: dict[str, _Each] = {
    "zrf": _zrf,
    "mia_matched": _matched,
    "accuracy_8bit": _rounded(8),
    "accuracy_4bit": _rounded(4),
    "fisher_trace": _fisher_trace,
    "idi": _idi,
    "ain": _ain,
}
_PAIRS: dict[str, _Each] = {"tow": _tow, "cka": _cka, "layer_distance": _layer_distance}
_TOGETHER: dict[str, _Together] = {"klom": _klom, "challenge": _challenge, "two_sample": _two_sample}
