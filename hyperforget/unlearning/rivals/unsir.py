"""The rival `unsir`: networks learn noise, made to be unlike the forgotten classes, as these, and are repaired (UNSIR).

Tarun, Chundawat, Mandal and Kankanhalli (2023), "Fast Yet Effective Machine Unlearning". For each forgotten class c,
noise images x, normal at first, ascend the loss of the original: E[-L(θ₀; x, c) + λ ‖x‖²] is descended, with λ = 0.1
and Adam at 0.1. Then rounds of two epochs: the network is impaired by learning noise as c beside retained images, and
repaired by retained images alone. Every network has noise of its own, and noise of every forgotten class has the label
of that class; the released code labels all of it as one. Repairing has the learning rate of impairing, not half of it.
It needs retained training images, and validation images to choose the rate and the rounds.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import GRID, Answer, Loss, Pool, Schedule, answers, descend
from hyperforget.unlearning.rivals.importance import some_images
from hyperforget.unlearning.rivals.losses import cross_entropies
from hyperforget.unlearning.rivals.tuning import best

# λ; the steps that noise ascends, and their rate.
PENALTY, NOISE_STEPS, NOISE_RATE = 0.1, 40, 0.1
# Rounds that are tried.
ROUNDS = (1, 2, 3)
# Retained images of a class that are shown, at the most.
_IMAGES = 1000


def impair_and_repair(assignment: Assignment) -> Networks:
    """The originals after so many rounds, at such a rate, as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    originals, recipe, generator = assignment.originals, assignment.recipe, assignment.generator
    retained = Pool(*some_images(assignment, ~assignment.forget, _IMAGES), recipe.batch_size, generator)
    forgotten = torch.nonzero(assignment.forget).flatten()
    labels = forgotten[torch.arange(recipe.batch_size, device=forgotten.device) % len(forgotten)]
    start = torch.randn(len(originals), len(labels), originals.layout.inputs, generator=generator)
    noise = unlike(originals, start.to(forgotten.device), labels)
    loss = unsir_loss(noise, labels, retained)
    lengths = tuple(2 * rounds * retained.epoch for rounds in ROUNDS)
    schedules = (Schedule(rate, lengths) for rate in GRID.rates)
    found = (networks for schedule in schedules for networks in descend(originals, recipe, loss, schedule))
    return best(found, assignment, "networks after UNSIR")


def unlike(networks: Networks, noise: Tensor, labels: Tensor) -> Tensor:
    """Images (N, B, D), one batch a network, that it is as sure as can be are not of ``labels`` (B,), from ``noise``
    (N, B, D), which stays as it is.
    """
    parts = networks.layout.split(networks.params.detach())
    images = noise.clone().requires_grad_()
    optimizer = torch.optim.Adam([images], lr=NOISE_RATE)
    for _ in range(NOISE_STEPS):
        likeness = -cross_entropies(answers(networks.layout, parts, images), labels)
        size = images.square().sum(dim=2).mean(dim=1)
        (images.grad,) = torch.autograd.grad((likeness + PENALTY * size).sum(), images)
        optimizer.step()
    return images.detach()


def unsir_loss(noise: Tensor, labels: Tensor, retained: Pool) -> Loss:
    """What is descended at a step: the cross-entropy of retained images, and in the first of every two epochs of them
    the mean of that and of each network's ``noise`` (N, B, D) with ``labels`` (B,).
    """

    def loss(answer: Answer, step: int) -> Tensor:
        images, wanted = retained.draw()
        kept = cross_entropies(answer(images), wanted)
        if not impairs(step, retained.epoch):
            return kept
        return (kept + cross_entropies(answer(noise), labels)) / 2

    return loss


def impairs(step: int, epoch: int) -> bool:
    """Whether a step, from 1, is in the first of two epochs of so many steps."""
    return (step - 1) % (2 * epoch) < epoch
