"""The rival `nearest`: of all stored checkpoints the one that the rule of selection takes, instead of a generated one.

That is the strictest rival that a corpus has: a generator has to make a better network than any that it learned from.
Beside it stand the checkpoints whose losses are nearest to a prompt, of which nothing is chosen, as a generator's
networks at its prompt.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.hypernet.conditioning import compress


@dataclass(frozen=True)
class Offered:
    """Indices of checkpoints ``checkpoint`` (N,), the ``prompt`` (N,) that each is near to, and which of the N is the
    ``chosen`` one.
    """

    checkpoint: Tensor
    prompt: Tensor
    chosen: int


def offer_checkpoints(losses: Tensor, prompts: Tensor, count: int, chosen: int) -> Offered:
    """The ``count`` checkpoints with losses (M, C) nearest to each prompt (K, C), and the ``chosen`` one of all M.

    It counts to the prompt that it is nearest to, and comes last where it is none of those nearest to this.
    """
    nearest = nearest_checkpoints(losses, prompts, count)
    checkpoint = nearest.flatten()
    prompt = torch.arange(len(prompts)).repeat_interleave(nearest.shape[1])
    own = _distances(losses[chosen : chosen + 1], prompts).argmin()
    found = torch.nonzero((checkpoint == chosen) & (prompt == own)).flatten()
    if found.numel():
        return Offered(checkpoint, prompt, int(found[0]))
    last = torch.tensor([chosen])
    return Offered(torch.cat([checkpoint, last]), torch.cat([prompt, own.reshape(1)]), len(checkpoint))


def nearest_checkpoints(losses: Tensor, prompts: Tensor, count: int) -> Tensor:
    """Indices (K, count) of the checkpoints whose losses (M, C) are nearest to each prompt (K, C), in order."""
    return _distances(losses, prompts).topk(min(count, losses.shape[0]), largest=False).indices


def _distances(losses: Tensor, prompts: Tensor) -> Tensor:
    """Euclidean (K, M) between log(1 + loss), the scale on which hypernetworks are prompted, computed without matrix
    products, which could not tell close checkpoints apart.
    """
    return torch.cdist(compress(prompts), compress(losses), compute_mode="donot_use_mm_for_euclid_dist")
