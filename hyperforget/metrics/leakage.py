"""Whether what unlearning changed tells which images were forgotten: networks before it against networks after it."""

import torch
from torch import Tensor

from hyperforget.metrics.recovery import roc_area

# Probabilities of a network before and of one after, on some images: (O, B, C) and (N, B, C).
Answers = tuple[Tensor, Tensor]


def change_areas(members: Answers, others: Answers) -> Tensor:
    """Area under the ROC curve, float64 (N, O), of how far answers moved, for each network after unlearning and each
    before it: the chance that the Euclidean distance of the probabilities is larger for a training image of the
    forgotten classes, ``members``, than for a test image of these, ``others``, ties counting half.

    The information leakage of Chen et al. (2021), "When Machine Unlearning Jeopardizes Privacy", who attack both
    networks at once; of their features the Euclidean distance, and within classes, as that an entire class is gone
    tells nothing of an image. 0.5 where nothing leaks.
    """
    moved = [_moved(*each) for each in (members, others)]
    scores = torch.cat(moved, dim=2)  # (O, N, M + T)
    positive = torch.arange(scores.shape[2], device=scores.device) < moved[0].shape[2]
    return torch.stack([roc_area(each, positive) for each in scores], dim=1)


def _moved(before: Tensor, after: Tensor) -> Tensor:
    """Distances (O, N, B)."""
    return torch.stack([torch.linalg.vector_norm(after - each, dim=2) for each in before])
