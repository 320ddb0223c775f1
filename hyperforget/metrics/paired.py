"""How alike two networks answer: every function compares networks with a retrained one on the same samples.

All take ``p``, probabilities ``(networks, samples, classes)``, and ``q``, those of the retrained network, ``(samples,
classes)`` for all or ``(networks, samples, classes)`` one each, and return float64 ``(networks,)``, one value each.
"""

import math

import torch
from torch import Tensor
from torch.special import xlogy


def overlap(p: Tensor, q: Tensor) -> Tensor:
    """Share of samples for which both predict the same class, right or wrong (thesis, section 3.2)."""
    return torch.eq(p.argmax(-1), q.argmax(-1)).double().mean(-1)


def activation_distance(p: Tensor, q: Tensor) -> Tensor:
    """Mean over samples of the Euclidean distance of the probabilities, in [0, √2] (thesis, equation 3.1)."""
    distance: Tensor = torch.linalg.vector_norm(p - q, dim=-1)
    return distance.mean(-1, dtype=torch.float64)


def total_variation(p: Tensor, q: Tensor) -> Tensor:
    """Mean over samples of the total variation distance of the probabilities, in [0, 1]: half the sum of absolute
    differences, 0 only for equal ones and 1 where no class is possible to both.
    """
    distance: Tensor = (p - q).abs().sum(-1) / 2
    return distance.mean(-1, dtype=torch.float64)


def phi(p: Tensor, q: Tensor) -> Tensor:
    """The score of the thesis' tables as the code behind them computes it, at most 1 and without lower bound.

    Thesis, equation 3.3, defines it as 1 - JSD, but the published code (``JSDiv`` of Chundawat et al., 2023, and of
    Foster et al., 2024) swaps the arguments of the Kullback-Leibler divergence and averages over samples *and* classes.
    The result is 1 - mean(KL(m‖p) + KL(m‖q)) / (2 classes) with m = (p + q) / 2, in nats: one minus the
    arithmetic-geometric divergence over the number of classes. It is -inf as soon as one probability of one sample
    underflows to 0 where that of the other network does not (a class at 0 in both adds nothing), and scores of tasks
    with different numbers of classes do not compare.
    """
    m = (p + q) / 2
    # Logarithms are subtracted, not divided: m / p overflows for the smallest probabilities of a softmax.
    divergence: Tensor = (xlogy(m, m) - (xlogy(m, p) + xlogy(m, q)) / 2).sum(-1)
    return 1 - divergence.mean(-1, dtype=torch.float64) / p.shape[-1]


def jsd(p: Tensor, q: Tensor) -> Tensor:
    """Mean over samples of the Jensen-Shannon divergence in bits, in [0, 1] (thesis, equation 3.2).

    It is 0 only for equal probabilities, and 1 where no class is possible to both.
    """
    total = p + q
    nats = (_relative_entropy_to_half(p, total) + _relative_entropy_to_half(q, total)) / 2
    return (nats.mean(-1, dtype=torch.float64) / math.log(2)).clamp(0, 1)


def _relative_entropy_to_half(p: Tensor, total: Tensor) -> Tensor:
    """KL(p‖total / 2) over the last dimension, in nats; ``p`` doubles exactly, a tiny total may not halve."""
    terms: Tensor = xlogy(p, torch.where(p > 0, 2 * p / total, 1))
    return terms.sum(-1)
