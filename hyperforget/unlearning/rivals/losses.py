"""Losses of many networks at once, each by itself, in nats."""

import torch.nn.functional as F
from torch import Tensor


def cross_entropies(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy (N,) of logits (N, C, B) with ``labels`` (B,), or (N, B) of each network's own."""
    return F.cross_entropy(logits, labels.expand(len(logits), -1), reduction="none").mean(dim=1)


def divergences(teachers: Tensor, students: Tensor) -> Tensor:
    """Mean over images of the Kullback-Leibler divergence KL(teacher || student), (N,), of logits (N, C, B) both."""
    known, learned = teachers.log_softmax(dim=1), students.log_softmax(dim=1)
    return (known.exp() * (known - learned)).sum(dim=1).mean(dim=1)
