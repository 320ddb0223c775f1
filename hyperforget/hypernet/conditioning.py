"""What each hypernetwork is told: which scalars it is prompted with, and whether it sees start parameters.

Thesis, equations 3.4 (DiHyFo-1) and 3.7, 3.8 (DiHyFo-2; 3.7 repeats 3.4, and the text means: the wanted losses
alone).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """``scalars(target_losses, start_losses)`` maps (B, C) each to (B, S); ``uses_start`` tells whether θ is
    read.
    """

    uses_start: bool
    scalar_count: Callable[[int], int]
    scalars: Callable[[Tensor, Tensor | None], Tensor]


def compress(losses: Tensor) -> Tensor:
    """log(1 + loss): class losses span 0.01 to 20 nats, and differences matter most where they are small."""
    return torch.log1p(losses)


def _start_and_change(target: Tensor, start: Tensor | None) -> Tensor:
    assert start is not None
    return torch.cat([compress(start), compress(target) - compress(start)], dim=1)


def _target_only(target: Tensor, start: Tensor | None) -> Tensor:
    return compress(target)


CONDITIONINGS: dict[str, Conditioning] = {
    "dihyfo-1": Conditioning(True, lambda classes: 2 * classes, _start_and_change),
    "dihyfo-2": Conditioning(False, lambda classes: classes, _target_only),
}


def frequency_encoding(values: Tensor, frequencies: int, largest_exponent: float) -> Tensor:
    """Each scalar with its sines and cosines at frequencies 2^0 … 2^largest_exponent (Peebles et al., 2022).

    (..., ) to (..., 2 * frequencies + 1).
    """
    scales = 2 ** torch.linspace(0, largest_exponent, frequencies, device=values.device)
    angles = values.unsqueeze(-1) * scales
    return torch.cat([values.unsqueeze(-1), angles.sin(), angles.cos()], dim=-1)
