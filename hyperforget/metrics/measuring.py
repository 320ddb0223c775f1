"""What networks do on a split: the loss and the correctly classified images of every class."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.metrics.classes import class_losses, correct_counts
from hyperforget.metrics.discriminability import discriminability, separability
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import units_and_logits

_NETWORKS_AT_ONCE = 256

# Nats. No network that learned something, or was made by one, gives what it sees a probability of e^-1000.
_LARGEST_LOSS = 1000.0
# How messages say what `have_diverged` finds.
DIVERGENCE = f"their losses are NaN, infinite or above {_LARGEST_LOSS:,.0f} nats"


@dataclass(frozen=True)
class Outcomes:
    """What networks do on a split of ``sizes`` (C,) images a class: class ``losses`` (..., C) in nats, ``correct``
    counts int64 (..., C) of correctly classified images, and ``discriminability`` and ``separability`` (..., C). All
    lie on the CPU.
    """

    losses: Tensor
    correct: Tensor
    discriminability: Tensor
    separability: Tensor
    sizes: Tensor

    @property
    def accuracies(self) -> Tensor:
        """Accuracy of each class (..., C)."""
        return self.correct / self.sizes

    @property
    def diverged(self) -> Tensor:
        """Which networks have diverged, bool (...); see `have_diverged`."""
        return have_diverged(self.losses, self.sizes)


def have_diverged(losses: Tensor, sizes: Tensor) -> Tensor:
    """Which networks have diverged, bool (...), by their class ``losses`` (..., C) in nats on ``sizes`` (C,) images.

    That is, the loss of a class with images is NaN, infinite or beyond 1,000 nats: the numbers of such a network say
    nothing, and its answer may be one class for all images.
    """
    return ~(losses[..., sizes > 0] < _LARGEST_LOSS).all(dim=-1)


def measure(networks: Networks, split: Split) -> Outcomes:
    """What N networks do on a split, of every class (N, C).

    It computes where the split lies; networks may lie elsewhere. Of groups, which have no output, discriminability and
    separability are not known: NaN.
    """
    labels, classes, targets = split.labels, split.classes, split.targets
    found: list[tuple[Tensor, ...]] = []
    for first in range(0, len(networks), _NETWORKS_AT_ONCE):
        some = networks[first : first + _NETWORKS_AT_ONCE].to(split.images.device)
        units, logits = units_and_logits(some, split.images)
        losses = class_losses(logits, labels, classes, targets)
        counts = correct_counts(logits, labels, classes, targets)
        if split.answers is None:
            told_apart = (discriminability(logits, labels), separability(units, labels, classes))
        else:
            told_apart = (torch.full_like(losses, torch.nan),) * 2
        values = (losses, counts, *told_apart)
        found.append(tuple(each.cpu() for each in values))
    losses, correct, discriminable, separable = (torch.cat(each) for each in zip(*found, strict=True))
    return Outcomes(losses, correct, discriminable, separable, split.class_sizes)
