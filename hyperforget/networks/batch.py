"""The noun that every producer of networks returns and every evaluator takes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.networks.layout import Layout


@dataclass(frozen=True)
class Networks:
    """N main networks: flat parameters ``params``, float32 (N, P), and the ``layout`` of each."""

    params: Tensor
    layout: Layout

    def __len__(self) -> int:
        return self.params.shape[0]

    def __getitem__(self, rows: Tensor | list[int] | slice) -> "Networks":
        """Some of them, in that order."""
        return Networks(self.params[rows], self.layout)

    def to(self, device: torch.device) -> "Networks":
        """The same on a device."""
        return Networks(self.params.to(device), self.layout)
