"""What each hypernetwork is told: which scalars it is prompted with, and whether it sees start parameters.

G.pt (Peebles et al., 2022; thesis, equation 2.20) knows one number of a network, such as its loss; DiHyFo-1 and 2
(equations 3.4 and 3.7, 3.8; 3.7 repeats 3.4, and the text means: the wanted losses alone) the loss of every class.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """``scalars(target, start)`` maps the performance (B, K) of both networks, compressed or not, to (B, S).

    ``uses_start`` tells whether θ is read, ``per_class`` whether something of each class is told, else one number.
    """

    name: str
    uses_start: bool
    per_class: bool
    scalars: Callable[[Tensor, Tensor | None], Tensor]

    def scalar_count(self, told: int) -> int:
        """S, with K = ``told``."""
        return told * (2 if self.uses_start else 1)


def compress(performance: Tensor) -> Tensor:
    """log(1 + value): class losses span 0.01 to 20 nats, and differences matter most where they are small; of
    discriminability likewise; shares of images hardly change.
    """
    return torch.log1p(performance)


def _start_and_change(target: Tensor, start: Tensor | None) -> Tensor:
    assert start is not None
    return torch.cat([start, target - start], dim=1)  # (B, 2 * K)


def _target_only(target: Tensor, start: Tensor | None) -> Tensor:
    return target


CONDITIONINGS = {
    conditioning.name: conditioning
    for conditioning in (
        Conditioning("gpt", uses_start=True, per_class=False, scalars=_start_and_change),
        Conditioning("dihyfo-1", uses_start=True, per_class=True, scalars=_start_and_change),
        Conditioning("dihyfo-2", uses_start=False, per_class=True, scalars=_target_only),
    )
}


def frequency_encoding(values: Tensor, frequencies: int, largest_exponent: float) -> Tensor:
    """Each scalar with its sines and cosines at frequencies 2^0 … 2^largest_exponent (Peebles et al., 2022).

    (..., ) to (..., 2 * frequencies + 1).
    """
    scales = 2 ** torch.linspace(0, largest_exponent, frequencies, device=values.device)
    angles = values.unsqueeze(-1) * scales  # (..., frequencies)
    return torch.cat([values.unsqueeze(-1), angles.sin(), angles.cos()], dim=-1)
