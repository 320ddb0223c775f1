"""What networks do on a split: the loss and the correctly classified images of every class."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.metrics.classes import class_losses, correct_counts
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import forward

_NETWORKS_AT_ONCE = 256


@dataclass(frozen=True)
class Outcomes:
    """What networks do on a split of ``sizes`` (C,) images a class: class ``losses`` (..., C) in nats, and ``correct``
    counts int64 (..., C) of correctly classified images. All lie on the CPU.
    """

    losses: Tensor
    correct: Tensor
    sizes: Tensor

    @property
    def accuracies(self) -> Tensor:
        """Accuracy of each class (..., C)."""
        return self.correct / self.sizes


def measure(networks: Networks, split: Split) -> Outcomes:
    """What N networks do on a split: losses and counts (N, C).

    It computes where the split lies; networks may lie elsewhere.
    """
    losses, correct = [], []
    for first in range(0, len(networks), _NETWORKS_AT_ONCE):
        some = networks[first : first + _NETWORKS_AT_ONCE].to(split.images.device)
        logits = forward(some, split.images)
        losses.append(class_losses(logits, split.labels, split.classes).cpu())
        correct.append(correct_counts(logits, split.labels, split.classes).cpu())
    return Outcomes(torch.cat(losses), torch.cat(correct), split.class_sizes)
