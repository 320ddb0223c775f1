"""The rival `trew`: forgotten images are taught what a network that never saw their class would answer (TREW).

Ebrahimpour-Boroojeny, Wang and Sundaram (2026), "Unlearning Isn't Forgetting", arXiv:2506.20893, as its method is
summarised in public. To a forgotten image of class c, a retrained network would answer retained classes that are like
c. So that is descended, beside the cross-entropy of retained images: KL(q || p(x; θ)) of forgotten ones, where the
original's probabilities of retained classes are tilted by their similarity to c, q_y ∝ p(y | x; θ₀) exp(β s_yc), and
q = 0 for every class that is to be forgotten.

What the summary leaves open: s_yc is here the cosine between the output weights of both classes, less the mean over all
classes, which says nothing of any; β is 1. It needs training images of all classes, and validation images to choose how
far.
"""

import torch.nn.functional as F
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Pool, tuned
from hyperforget.unlearning.rivals.losses import cross_entropies, divergences
from hyperforget.unlearning.rivals.mask import OUT_OF_REACH

# β.
TILT = 1.0


def tilt_and_reweight(assignment: Assignment) -> Networks:
    """The originals after learning tilted answers to forgotten images, as long as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    forgotten, retained = (Pool.of(assignment, each) for each in (assignment.forget, ~assignment.forget))
    taught = tilted_logits(assignment.originals, forgotten.images, forgotten.labels, assignment.forget)

    def loss(answer: Answer, step: int) -> Tensor:
        rows = forgotten.rows()
        others, wanted = retained.draw()
        return divergences(taught[..., rows], answer(forgotten.images[rows])) + cross_entropies(answer(others), wanted)

    return tuned(assignment, loss, "networks after tilted reweighting")


def tilted_logits(networks: Networks, images: Tensor, labels: Tensor, forget: Tensor) -> Tensor:
    """Logits (N, C, B) of what N networks are to answer to forgotten images (B, D) of ``labels`` (B,), where ``forget``
    is bool (C,).
    """
    tilted = forward(networks, images).transpose(1, 2) + TILT * similarities(networks)[..., labels]
    # Far below all others, and finite, as a probability of 0 times its logarithm has to be 0.
    return tilted - OUT_OF_REACH * forget.unsqueeze(1)


def similarities(networks: Networks) -> Tensor:
    """Cosines (N, C, C), in [-1, 1], between the output weights of every two classes, less their mean over classes."""
    weight = networks.layout.split(networks.params)[-2]  # (N, C, H)
    directions = F.normalize(weight - weight.mean(dim=1, keepdim=True), dim=2)
    return directions @ directions.transpose(1, 2)
