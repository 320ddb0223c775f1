"""The rival `nearest`: stored checkpoints whose losses are closest to a prompt, instead of generated ones."""

import torch
from torch import Tensor

from hyperforget.hypernet.conditioning import compress


def nearest_checkpoints(losses: Tensor, prompts: Tensor, count: int) -> Tensor:
    """Indices (K, count) of the checkpoints whose losses (M, C) are nearest to each prompt (K, C), in order.

    The distance is Euclidean between log(1 + loss), the scale on which hypernetworks are prompted, computed without
    matrix products, which could not tell close checkpoints apart.
    """
    distances = torch.cdist(compress(prompts), compress(losses), compute_mode="donot_use_mm_for_euclid_dist")
    return distances.topk(min(count, losses.shape[0]), largest=False).indices
