"""The rival `ssd`: parameters that matter to forgotten images above all are dampened (selective synaptic dampening).

Foster, Schoepf and Brintrup (2024), "Fast Machine Unlearning Without Retraining Through Selective Synaptic Dampening".
With F the diagonal of the Fisher information of all training images, F_f that of forgotten ones: where F_f > α F a
parameter is multiplied by min(λ F / F_f, 1). Importances are means over images of the squared gradient of each, as the
paper defines them; those of its code are of the mean gradient of minibatches, and change with their size and order.
Nothing is trained. It needs training images of all classes, and validation images to choose α and λ.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.importance import importance_of_classes
from hyperforget.unlearning.rivals.tuning import best

# α, from the one that changes the fewest parameters, and λ. F_f is at most as many times F as there are images for one
# that is forgotten, so where half of the classes are, an α above 2 selects nothing.
SELECTIONS = (8.0, 4.0, 2.0, 1.5, 1.0)
DAMPENINGS = (1.0, 0.1)


def dampen(assignment: Assignment) -> Networks:
    """The originals with dampened parameters, by the α and λ that validation images choose."""
    every = torch.ones_like(assignment.forget)
    of_all, of_forgotten = (importance_of_classes(assignment, each) for each in (every, assignment.forget))
    return best_dampened(assignment, of_all, of_forgotten, SELECTIONS)


def best_dampened(
    assignment: Assignment, of_all: Tensor, of_forgotten: Tensor, selections: Sequence[float]
) -> Networks:
    """The originals, dampened by the α of ``selections`` and the λ that validation images choose, with importances
    (N, P) of parameters to all images and to forgotten ones.
    """
    originals = assignment.originals
    found = (
        Networks(dampened(originals.params, of_all, of_forgotten, selection, dampening), originals.layout)
        for selection in selections
        for dampening in DAMPENINGS
    )
    return best(found, assignment, "networks after dampening")


def dampened(params: Tensor, of_all: Tensor, of_forgotten: Tensor, selection: float, dampening: float) -> Tensor:
    """Parameters (N, P), of which those that matter more to forgotten images are smaller; none is larger."""
    factors = (dampening * of_all / of_forgotten).clamp(max=1)
    return torch.where(of_forgotten > selection * of_all, params * factors, params)
