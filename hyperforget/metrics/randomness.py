"""Whether forgotten images are answered as by networks that learned nothing."""

import torch
from torch import Tensor

from hyperforget.metrics.paired import jsd


def zero_retrain_forgetting(p: Tensor, random: Tensor) -> Tensor:
    """ZRF, float64 (N,), in [0, 1]: 1 less the Jensen-Shannon divergence in bits between probabilities ``p`` (N, B, C)
    and those of R ``random`` networks (R, B, C), mean over images and over these networks.

    Chundawat et al. (2023), "Can Bad Teaching Induce Forgetting?", whose code has another divergence, which has no
    bound, and one random network. As good as can be is what a retrained network has, not 1: it answers images
    that it never saw as images of the classes that they are like, and not at random.
    """
    return 1 - torch.stack([jsd(p, each) for each in random]).mean(dim=0)
