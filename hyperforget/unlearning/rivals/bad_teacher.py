"""The rival `bad-teacher`: forgotten images are learned from a random network, retained ones from the original.

Chundawat et al. (2023), "Can Bad Teaching Induce Forgetting?": the mean over images of KL(T(x) || θ(x)), with
T an incompetent, untrained network on forgotten images, and the competent original on retained ones, of which a share
is enough. The released code divides that by the number of classes too (`kl_div` with its default), and so trains at a
lower rate. Every network has an incompetent teacher of its own. It needs training images of all classes, and validation
images to choose how far.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Loss, Pool, tuned
from hyperforget.unlearning.rivals.losses import divergences

# Share of the retained images that are shown.
SHOWN = 0.3


def learn_from_teachers(assignment: Assignment) -> Networks:
    """The originals after learning from both teachers, as long as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    layout, count, recipe = assignment.originals.layout, len(assignment.originals), assignment.recipe
    untrained = initialise(layout, count, assignment.generator, recipe.initialisation).to(assignment.forget.device)
    return tuned(assignment, teaching_loss(assignment, untrained), "networks of a bad teacher")


def teaching_loss(assignment: Assignment, untrained: Networks) -> Loss:
    """Divergence from the ``untrained`` networks on forgotten images, from the originals on a share of all others."""
    train, forget, originals = assignment.train, assignment.forget, assignment.originals
    forgotten, retained = (torch.nonzero(each[train.labels]).flatten() for each in (forget, ~forget))
    order = torch.randperm(len(retained), generator=assignment.generator).to(retained.device)
    rows = torch.cat([forgotten, retained[order[: max(1, round(SHOWN * len(retained)))]]])
    pool = Pool(train.images[rows], train.labels[rows], assignment.recipe.batch_size, assignment.generator)
    teachers = [originals.layout.split(each.params) for each in (originals, untrained)]

    def loss(answer: Answer, step: int) -> Tensor:
        images, labels = pool.draw()
        competent, incompetent = (originals.layout.forward_parts(parts, images.T)[1] for parts in teachers)
        return divergences(torch.where(forget[labels], incompetent, competent), answer(images))

    return loss
