"""The rival `random-labels`: forgotten images are learned with labels of retained classes, at random.

Graves, Nagisetty and Ganesh (2021), "Amnesiac Machine Learning", and Golatkar et al. (2020). The loss is that of Fan et
al. (2024), "SalUn", without its mask: E[L(θ; x, y')] over forgotten images with y' ≠ y, plus E[L(θ; x, y)] over
retained ones. Labels are drawn anew at every step, among retained classes alone, so never the right one, nor another
that is to be forgotten. It needs training images of all classes, and validation images to choose how far.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Loss, Pool, tuned
from hyperforget.unlearning.rivals.losses import cross_entropies


def learn_random_labels(assignment: Assignment) -> Networks:
    """The originals after learning forgotten images with wrong labels, as long as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    return tuned(assignment, random_label_loss(assignment), "networks after learning random labels")


def random_label_loss(assignment: Assignment) -> Loss:
    """The cross-entropy of forgotten images with random labels plus that of retained ones with their own."""
    forgotten, retained = (Pool.of(assignment, each) for each in (assignment.forget, ~assignment.forget))

    def loss(answer: Answer, step: int) -> Tensor:
        (images, labels), (others, wanted) = forgotten.draw(), retained.draw()
        drawn = random_labels(assignment, len(labels))
        return cross_entropies(answer(images), drawn) + cross_entropies(answer(others), wanted)

    return loss


def random_labels(assignment: Assignment, count: int) -> Tensor:
    """``count`` places of retained classes, each as likely."""
    retained = torch.nonzero(~assignment.forget).flatten()
    chosen = torch.randint(len(retained), (count,), generator=assignment.generator)
    return retained[chosen.to(retained.device)]
