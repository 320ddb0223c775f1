"""The rival `boundary-shrink`: forgotten images are learned as the class across their nearest decision boundary.

Chen et al. (2023), "Boundary Unlearning": x' = x + ε sign ∇ₓ L(x, y; θ₀) crosses the boundary of the original, and what
it answers to x' is the label that x is then learned with. Only retained classes count as answers: a step that is too
short, or leads to another class that is to be forgotten, would teach what is to go. ε is 0.1 of the range of pixels in
the paper, here 0.3 of their deviation, and nothing is clipped, as images are normalised. Every network has labels of
its own. It needs forgotten training images, and validation images to choose how far.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Pool, tuned
from hyperforget.unlearning.rivals.losses import cross_entropies

# ε, in deviations of pixels.
STEP = 0.3
# Numbers of images, of all networks together, that are worked on at once.
_NUMBERS_AT_ONCE = 1 << 23


def shrink(assignment: Assignment) -> Networks:
    """The originals after learning forgotten images as their nearest classes, as long as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    forgotten = Pool.of(assignment, assignment.forget)
    nearest = nearest_classes(assignment.originals, forgotten.images, forgotten.labels, assignment.forget)

    def loss(answer: Answer, step: int) -> Tensor:
        rows = forgotten.rows()
        return cross_entropies(answer(forgotten.images[rows]), nearest[:, rows])

    return tuned(assignment, loss, "networks after boundary shrinking")


def nearest_classes(networks: Networks, images: Tensor, labels: Tensor, forget: Tensor) -> Tensor:
    """The retained class (N, B) that each of N networks gives images (B, D) after a step up the loss of ``labels``."""
    layout, params = networks.layout, networks.params.detach()

    def logits(of_one: Tensor, image: Tensor) -> Tensor:
        return layout.forward_parts(layout.split(of_one.unsqueeze(0)), image.unsqueeze(1))[1].flatten()  # (C,)

    def answered(of_one: Tensor, image: Tensor, label: Tensor) -> Tensor:
        slope = torch.func.grad(lambda each: F.cross_entropy(logits(of_one, each), label))(image)
        return logits(of_one, image + STEP * slope.sign())

    every = torch.func.vmap(torch.func.vmap(answered, in_dims=(None, 0, 0)), in_dims=(0, None, None))
    at_once = max(1, _NUMBERS_AT_ONCE // (len(params) * (layout.inputs + layout.activations)))
    chunks = zip(images.split(at_once), labels.split(at_once), strict=True)
    found = torch.cat([every(params, some, wanted) for some, wanted in chunks], dim=1)  # (N, B, C)
    return found.masked_fill(forget, -torch.inf).argmax(dim=2)
