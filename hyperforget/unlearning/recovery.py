"""Recovery: how much of the forgotten classes comes back, for the networks that stand for a method."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hyperforget.data.splits import TaskData
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.recovery import few_images, probe_accuracy, relearn
from hyperforget.metrics.summaries import summarise
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward, units_and_logits
from hyperforget.records.methods import MetricRow
from hyperforget.unlearning.candidates import StoredCandidates
from hyperforget.unlearning.hiding import fitted_images, hidden_in_logits, images_generator

# Images of a class that relearning shows, its steps, and its learning rate.
RELEARN_IMAGES, RELEARN_STEPS, RELEARN_RATE = 5, (10, 50), 0.1


def recovery_rows(
    stored: StoredCandidates, data: TaskData, forget: Tensor, subject: Subject, networks: int
) -> list[MetricRow]:
    """The metrics of recovery, for the chosen network and for the first ``networks`` of the population, on test images;
    what brings classes back is fitted on training images, the same for every method. Of groups, which have no output to
    bring back, only what networks relearn.
    """
    members = stored.population[:networks]
    rows = list(dict.fromkeys([stored.chosen, *members]))
    values = recovered(stored.candidates.networks[rows], data, forget)
    task, method, asked = subject.task, subject.method, subject.forget
    of_members = torch.tensor([rows.index(row) for row in members])
    return [
        MetricRow(task, method, asked, selection, "forget", metric, *summarise(found))
        for metric, of_all in values.items()
        for selection, found in (("chosen", of_all[:1]), ("population", of_all[of_members]))
    ]


def recovered(networks: Networks, data: TaskData, forget: Tensor) -> dict[str, Tensor]:
    """Every metric of recovery that the data have, float64 (N,)."""
    generator = images_generator()
    test, train = data.test, data.train
    fitted = fitted_images(data, generator)
    few = few_images(train.labels, RELEARN_IMAGES, generator)
    shown, wanted = train.images[few], train.targets[few]

    def loss(params: Tensor) -> Tensor:
        answers = forward(Networks(params, networks.layout), shown)  # (N, B, C)
        return cross_entropy(answers.transpose(1, 2), wanted.expand(len(answers), -1), reduction="none").mean(dim=1)

    relearned = relearn(networks.params, loss, RELEARN_STEPS, RELEARN_RATE)
    return (_of_classes(networks, data, fitted, forget) if data.answers is None else {}) | {
        f"relearn_{steps}": accuracy_on(
            correct_counts(
                forward(Networks(params, networks.layout), test.images), test.labels, test.classes, test.targets
            ),
            test.class_sizes,
            forget.cpu(),
        )
        for steps, params in zip(RELEARN_STEPS, relearned, strict=True)
    }


def _of_classes(networks: Networks, data: TaskData, fitted: Tensor, forget: Tensor) -> dict[str, Tensor]:
    """The metrics of recovery that bring outputs of forgotten classes back, float64 (N,)."""
    test, train = data.test, data.train
    units, logits = units_and_logits(networks, test.images)
    fitted_units, fitted_logits = units_and_logits(networks, train.images[fitted])
    return {
        **hidden_in_logits(logits, fitted_logits, data, fitted, forget),
        "probe": probe_accuracy(fitted_units, train.labels[fitted], units, test.labels, forget),
    }
