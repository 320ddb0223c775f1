"""The rival `fisher`: noise on what retained images do not need (Fisher forgetting).

Golatkar, Achille and Soatto (2020), "Eternal Sunshine of the Spotless Net": θ + (λ σ²)^¼ F^-¼ n, with n standard normal
and F the diagonal of the Fisher information on retained images, its labels those that the network itself would draw. As
in the released code F^-½ is at most 1,000; that code also resets the output weights of a forgotten class, which would
mask it, and here is left out. It needs retained training images, and validation images to choose (λ σ²)^¼.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.importance import importance, some_images
from hyperforget.unlearning.rivals.tuning import best

# (λ σ²)^¼, from the least noise.
SCALES = (0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
# The least information that counts, so that F^-½ is at most 1,000.
_LEAST = 1e-6
# Training images of a class that information is a mean over, at the most; each counts with every label.
_IMAGES = 100


def add_fisher_noise(assignment: Assignment) -> Networks:
    """The originals with noise, of each network its own, of the scale that validation images choose."""
    originals, device = assignment.originals, assignment.forget.device
    images, _ = some_images(assignment, ~assignment.forget, _IMAGES)
    deviation = fisher_information(originals, images).clamp(min=_LEAST) ** -0.25
    noise = deviation * torch.randn(originals.params.shape, generator=assignment.generator).to(device)
    found = (Networks(originals.params + scale * noise, originals.layout) for scale in SCALES)
    return best(found, assignment, "networks with Fisher noise")


def fisher_information(networks: Networks, images: Tensor) -> Tensor:
    """Its diagonal (N, P): the mean over images (B, D), and over labels as likely as each network has them, of the
    squared gradient of the log-likelihood.
    """
    classes = networks.layout.classes
    likely = forward(networks, images).softmax(dim=2).flatten(1)  # (N, B * C)
    labels = torch.arange(classes).repeat(len(images)).to(images.device)
    return classes * importance(networks, images.repeat_interleave(classes, dim=0), labels, likely)
