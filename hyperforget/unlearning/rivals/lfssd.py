"""The rival `lfssd`: dampening of what the outputs of forgotten images hang on, without any loss or label (LFSSD).

Foster, Schoepf and Brintrup (2024), "Loss-Free Machine Unlearning", arXiv:2402.19308: `ssd`, with the importance of a
parameter the mean over images of |∂ ‖f(x; θ)‖² / ∂θ|, f the logits (Aljundi et al., 2018, "Memory Aware Synapses"), in
place of the Fisher information. Magnitudes are of every image by itself, since those of a minibatch cancel. No label of
an image is read, but for which images are to be forgotten. It needs training images of all classes, and validation
images to choose α and λ.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.importance import mean_over_gradients, some_images
from hyperforget.unlearning.rivals.ssd import best_dampened

# α, from the one that changes the fewest parameters: magnitudes differ less between images than their squares.
SELECTIONS = (4.0, 2.0, 1.5, 1.2, 1.0, 0.8, 0.5)
# Training images of a class that sensitivities are means over, at the most.
_IMAGES = 500


def dampen_without_loss(assignment: Assignment) -> Networks:
    """The originals with dampened parameters, by the α and λ that validation images choose."""
    every = torch.ones_like(assignment.forget)
    of_all, of_forgotten = (
        sensitivities(assignment.originals, some_images(assignment, each, _IMAGES)[0])
        for each in (every, assignment.forget)
    )
    return best_dampened(assignment, of_all, of_forgotten, SELECTIONS)


def sensitivities(networks: Networks, images: Tensor) -> Tensor:
    """Mean over images (B, D) of the magnitude of the gradient (N, P) of the squared length of each one's logits."""

    def squared_length(logits: Tensor, label: Tensor) -> Tensor:
        return logits.square().sum()

    unread = torch.zeros(len(images), dtype=torch.int64, device=images.device)
    return mean_over_gradients(networks, (images, unread), squared_length, torch.abs)
