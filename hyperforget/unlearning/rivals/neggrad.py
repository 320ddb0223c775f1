"""The rival `neggrad`: NegGrad+, ascent on forgotten images while the loss of retained ones is descended.

Kurmanji et al. (2023), "Towards Unbounded Machine Unlearning": β L(θ; D_r) - (1 - β) L(θ; D_f), of
cross-entropies. It needs training images of all classes, and validation images to choose how far.
"""

from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Pool, tuned
from hyperforget.unlearning.rivals.losses import cross_entropies

# β, the weight of the retained images.
RETAINED = 0.95


def neggrad_plus(assignment: Assignment) -> Networks:
    """The originals after descending the weighted difference of losses, as far as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    forgotten, retained = (Pool.of(assignment, each) for each in (assignment.forget, ~assignment.forget))

    def loss(answer: Answer, step: int) -> Tensor:
        (images, labels), (others, wanted) = forgotten.draw(), retained.draw()
        kept, lost = cross_entropies(answer(others), wanted), cross_entropies(answer(images), labels)
        return RETAINED * kept - (1 - RETAINED) * lost

    return tuned(assignment, loss, "networks after NegGrad+")
