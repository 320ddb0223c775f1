"""Sampling networks from a trained hypernetwork."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.hypernet.diffusion import Process, denoise
from hyperforget.hypernet.model import Hypernetwork

_NETWORKS_AT_ONCE = 256


@dataclass(frozen=True)
class Starts:
    """Networks to start from: ``params`` (S, P) and their ``performance`` (S, K)."""

    params: Tensor
    performance: Tensor

    def take(self, rows: Tensor) -> "Starts":
        """Some of the starts, in that order."""
        return Starts(self.params[rows], self.performance[rows])


@torch.no_grad()
def sample_networks(
    model: Hypernetwork,
    process: Process,
    targets: Tensor,
    starts: Starts | None,
    steps: int,
    stochasticity: float,
    generator: torch.Generator,
) -> Tensor:
    """One network (B, P) for each row of the prompted performance ``targets`` (B, K), in the metric's unit.

    Models that read a start take one for each row from ``starts``; others ignore it. ``steps`` and
    ``stochasticity`` are those of `hyperforget.hypernet.diffusion.denoise`.
    """
    gaussian = torch.randn(targets.shape[0], model.space.dimension, generator=generator)
    sampled = []
    for rows in torch.arange(targets.shape[0]).split(_NETWORKS_AT_ONCE):
        told = targets[rows]
        network = start = start_performance = None
        if model.conditioning.uses_start:
            if starts is None:
                raise ValueError("this hypernetwork reads start parameters, but none were given")
            network, start_performance = starts.params[rows], starts.performance[rows]
            start = model.space.normalise(network)

        def predict(
            noised: Tensor,
            time: Tensor,
            told: Tensor = told,
            start: Tensor | None = start,
            start_performance: Tensor | None = start_performance,
        ) -> Tensor:
            clean: Tensor = model(noised, time, told, start, start_performance)
            return clean

        clean = denoise(process, predict, gaussian[rows], steps, generator, stochasticity)
        sampled.append(model.space.denormalise(clean, network))
    return torch.cat(sampled)
