"""The values of further metrics, by name: of each network, of pairs, of populations, and of attacks on these."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hyperforget.metrics.attacks import Scores, likelihood_attack, neighbour_attack
from hyperforget.metrics.distances import layer_distances, linear_cka, tug_of_war
from hyperforget.metrics.distributions import challenge_score, image_epsilons, klom, two_sample_accuracy
from hyperforget.metrics.hypervolume import hypervolume
from hyperforget.metrics.information import information_difference_index
from hyperforget.metrics.leakage import change_areas
from hyperforget.metrics.matched_membership import matched_membership
from hyperforget.metrics.paired import total_variation
from hyperforget.metrics.randomness import zero_retrain_forgetting
from hyperforget.metrics.recovery import probe_accuracy
from hyperforget.metrics.relearning import anamnesis
from hyperforget.metrics.rounding import rounded_weights
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audited import FEW_IMAGES, Audited, margins
from hyperforget.unlearning.hiding import fitted_images, images_generator
from hyperforget.unlearning.rivals.hidden_units import units_at
from hyperforget.unlearning.rivals.importance import importance

# A value of each network, float64 (N,), by set of images; with each of S retrained networks, (N, S); or of all networks
# together, against as many retrained ones.
_Each = Callable[[Audited, References], dict[str, Tensor]]
_Together = Callable[[Audited, Audited], dict[str, float]]
_Attacks = Callable[[Audited, Audited], dict[str, list[Scores]]]


def _zrf(audited: Audited, references: References) -> dict[str, Tensor]:
    shown = audited.shown(audited.data.test)
    return {"forget": zero_retrain_forgetting(audited.probabilities[:, shown], references.random[:, shown]).cpu()}


def _total_variation(audited: Audited, references: References) -> dict[str, Tensor]:
    shown = audited.shown(audited.data.test)
    own, retrained = audited.probabilities[:, shown], references.retrained.probabilities[:, shown]
    return {"forget": torch.stack([total_variation(own, each) for each in retrained], dim=1).cpu()}


def _leakage(audited: Audited, references: References) -> dict[str, Tensor]:
    both, rows = (references.originals, audited), audited.few_forgotten()
    shown = audited.shown(audited.data.test)
    before, after = (each.train_logits[:, rows].softmax(dim=2) for each in both)
    areas = change_areas((before, after), (both[0].probabilities[:, shown], both[1].probabilities[:, shown]))
    return {"forget-train": areas.quantile(0.5, dim=1).cpu()}


def _relearn_time(audited: Audited, references: References) -> dict[str, Tensor]:
    return {
        name: audited.relearning_steps(references.aim, alone).double()
        for name, alone in (("forget-train", True), ("train", False))
    }


def _probe_layers(audited: Audited, references: References) -> dict[str, Tensor]:
    data = audited.data
    fitted = fitted_images(data, images_generator())
    labels, forget = data.train.labels[fitted].cpu(), audited.forget
    return {
        layer: probe_accuracy(
            units_at(audited.networks, data.train.images[fitted], depth).cpu(),
            labels,
            units_at(audited.networks, data.test.images, depth).cpu(),
            data.test.labels.cpu(),
            forget,
        )
        for depth, layer in enumerate(LAYERS[: len(audited.networks.layout.layers) - 1], 1)
    }


def _hypervolume(audited: Audited, references: References) -> dict[str, Tensor]:
    best, level = references.level

    def point(retained: float, shift: float) -> tuple[float, float]:
        # To keep more than retrained networks, or to know less, is worth nothing.
        return (retained / best if best else 1.0, 1 - max(0.0, shift - level))

    retained = audited.accuracy(audited.logits, audited.data.test, ~audited.forget).tolist()
    knob = [point(*each) for each in audited.knob]
    areas = [hypervolume([*knob, point(*own)]) for own in zip(retained, audited.shift.tolist(), strict=True)]
    return {"test": torch.tensor(areas, dtype=torch.float64)}


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


def _ulira(own: Audited, other: Audited) -> dict[str, list[Scores]]:
    rows = own.few_forgotten()
    labels = own.data.train.labels[rows]
    return {"forget-train": likelihood_attack(*(margins(each.train_logits[:, rows], labels) for each in (own, other)))}


def _neighbours(own: Audited, other: Audited) -> dict[str, list[Scores]]:
    rows = own.few_forgotten()
    answers, others = (each.train_logits[:, rows].softmax(dim=2) for each in (own, other))
    return {"forget-train": neighbour_attack(answers, others, own.data.train.labels[rows], own.forget)}


# As many hidden layers are probed at the most.
LAYERS = ("layer-1", "layer-2", "layer-3", "layer-4")

EACH: dict[str, _Each] = {
    "zrf": _zrf,
    "mia_matched": _matched,
    "accuracy_8bit": _rounded(8),
    "accuracy_4bit": _rounded(4),
    "fisher_trace": _fisher_trace,
    "idi": _idi,
    "ain": _ain,
    "relearn_time": _relearn_time,
    "probe_layers": _probe_layers,
    "leakage": _leakage,
    "hypervolume": _hypervolume,
}
PAIRS: dict[str, _Each] = {"tow": _tow, "cka": _cka, "layer_distance": _layer_distance, "tv": _total_variation}
TOGETHER: dict[str, _Together] = {"klom": _klom, "challenge": _challenge, "two_sample": _two_sample}
ATTACKS: dict[str, _Attacks] = {"cmia": _neighbours, "ulira": _ulira, "ulira_tpr": _ulira}
