"""The rival `noise`: noise on all parameters of the original, whatever they do.

What is lost to chance alone: a method that does not beat it has found nothing. It is also what Zeng et al. (2025),
arXiv:2506.07998, hold generated networks against. θ + σ s n, with n standard normal and s the root mean square of the
weight or bias that a parameter is of, so that σ is the same for layers of every scale. It needs no training images, and
validation images to choose σ.
"""

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.tuning import best

# σ, from the least noise.
SCALES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)


def add_noise(assignment: Assignment) -> Networks:
    """The originals with noise, of each network its own, of the scale that validation images choose."""
    originals = assignment.originals
    drawn = torch.randn(originals.params.shape, generator=assignment.generator).to(originals.params.device)
    noise = drawn * root_mean_squares(originals.params, originals.layout)
    found = (Networks(originals.params + scale * noise, originals.layout) for scale in SCALES)
    return best(found, assignment, "networks with noise")


def root_mean_squares(params: Tensor, layout: Layout) -> Tensor:
    """Of each parameter (N, P), the root mean square over the weight or bias of its network that it is part of."""
    parts = [
        part.flatten(1).square().mean(dim=1, keepdim=True).sqrt().expand(-1, part[0].numel())
        for part in layout.split(params)
    ]
    return torch.cat(parts, dim=1)
