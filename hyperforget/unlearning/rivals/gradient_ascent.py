"""The rival `gradient-ascent`: the loss of forgotten images is ascended until they are no longer recognised.

Golatkar et al. (2020), "Eternal Sunshine of the Spotless Net", and Graves et al. (2021) have it as a baseline: descent
of -L(θ; D_f), of the cross-entropy of forgotten images with their labels. It needs forgotten training images, and
validation images to choose how far; nothing holds the retained classes.
"""

from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Grid, Pool, tuned
from hyperforget.unlearning.rivals.losses import cross_entropies

# The slope grows as the loss does, so all is lost a few steps after the class is.
SLOWLY = Grid(rates=(0.03,), lengths=tuple(share / 200 for share in range(1, 21)))


def ascend(assignment: Assignment) -> Networks:
    """The originals after ascending the cross-entropy of forgotten images, as far as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    forgotten = Pool.of(assignment, assignment.forget)

    def loss(answer: Answer, step: int) -> Tensor:
        images, labels = forgotten.draw()
        return -cross_entropies(answer(images), labels)

    return tuned(assignment, loss, "networks after gradient ascent", SLOWLY)
