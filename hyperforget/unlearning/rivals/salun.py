"""The rival `salun`: random labels are learned by the salient half of the parameters alone (SalUn).

Fan et al. (2024), "SalUn: Empowering Machine Unlearning via Gradient-based Weight Saliency": θ = m ⊙ θ' + (1 - m) ⊙ θ₀,
with m = 1 where |∇L(θ₀; D_f)| is at least its median. Salient are the parameters with the largest gradients, in
magnitude, of the loss of forgotten images, before anything has changed; all others keep every bit. It needs training
images of all classes, and validation images to choose how far.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import tuned
from hyperforget.unlearning.rivals.importance import mean_gradient
from hyperforget.unlearning.rivals.random_labels import random_label_loss

# Share of the parameters that is salient: the threshold of the paper is the median.
SALIENT = 0.5


def learn_saliently(assignment: Assignment) -> Networks:
    """The originals after their salient parameters learned forgotten images with wrong labels, as long as validation
    images choose.

    Raises `UserError` where all settings diverge.
    """
    shown = assignment.forget[assignment.train.labels]
    gradient = mean_gradient(assignment.originals, assignment.train.images[shown], assignment.train.labels[shown])
    return tuned(assignment, random_label_loss(assignment), "networks after SalUn", trained=salient(gradient))


def salient(gradient: Tensor) -> Tensor:
    """The half of the parameters with the largest magnitudes of ``gradient`` (N, P), bool (N, P); of equal ones the
    first, so that it is half also where most are zero.
    """
    order = gradient.abs().argsort(dim=1, descending=True, stable=True)
    mask = torch.zeros_like(gradient, dtype=torch.bool)
    return mask.scatter(1, order[:, : round(SALIENT * gradient.shape[1])], True)
