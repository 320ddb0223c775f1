"""Noise processes over parameters, with prediction of the clean parameters (x0).

Every process mixes clean parameters and Gaussian noise as ``signal(t) * clean + noise(t) * gaussian`` for a time t in
[0, 1]. One deterministic solver then serves them all: predict the clean parameters, infer the noise, and mix both again
at an earlier time. For `ddpm` this is DDIM (Song et al., 2021, equation 12), for `flow` it is Euler's method.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from hyperforget.progress import progress

DDPM_STEPS = 1000
_BETA_FIRST, _BETA_LAST = 1e-4, 0.02


class Process(Protocol):
    """How much signal and how much noise is left at a time."""

    @property
    def name(self) -> str:
        """As the configuration has it."""

    def coefficients(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """(signal, noise), each shaped like ``time`` in [0, 1]; 0 is clean, and 1 is (nearly) pure noise."""

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """``count`` times for training, float32."""


@dataclass(frozen=True)
class DDPM:
    """Linear β schedule over `DDPM_STEPS` steps (Ho et al., 2020; the thesis' choice). Time is (step + 1) / steps."""

    name = "ddpm"

    def coefficients(self, time: Tensor) -> tuple[Tensor, Tensor]:
        kept = _alphas_cumulative().to(time.device)
        step = (time * DDPM_STEPS).round().long()
        return kept[step].sqrt(), (1 - kept[step]).sqrt()

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        return (torch.randint(DDPM_STEPS, (count,), generator=generator) + 1) / DDPM_STEPS


@dataclass(frozen=True)
class Flow:
    """The straight path of flow matching (Lipman et al., 2023): signal 1 - t, noise t."""

    name = "flow"

    def coefficients(self, time: Tensor) -> tuple[Tensor, Tensor]:
        return 1 - time, time

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.rand(count, generator=generator).clamp(min=1e-3)


PROCESSES: dict[str, Process] = {process.name: process for process in (DDPM(), Flow())}


def add_noise(process: Process, clean: Tensor, gaussian: Tensor, time: Tensor) -> Tensor:
    """The noised parameters (B, P) at the times (B,)."""
    signal, noise = process.coefficients(time)
    return signal.unsqueeze(1) * clean + noise.unsqueeze(1) * gaussian


def denoise(
    process: Process,
    predict: Callable[[Tensor, Tensor], Tensor],
    gaussian: Tensor,
    steps: int,
    generator: torch.Generator,
    stochasticity: float = 0.0,
) -> Tensor:
    """Turn Gaussian noise (B, P) into parameters (B, P), where the noise lies.

    ``predict(noised, time (B,))`` is evaluated once in each of ``steps`` steps. ``stochasticity`` is DDIM's η: 0 is
    deterministic; 1 with ``steps = DDPM_STEPS`` is DDPM's ancestral sampling with the posterior variance. With one step
    the result is the prediction from pure noise.
    """
    times = torch.linspace(1, 0, steps + 1).tolist()
    state = clean = gaussian
    for time, following in progress(pairwise(times), steps, f"sampling {len(gaussian)} networks", inner=True):
        now, later = (torch.full(gaussian.shape[:1], value, device=gaussian.device) for value in (time, following))
        clean = predict(state, now)
        signal, noise = (value.unsqueeze(1) for value in process.coefficients(now))  # (B, 1)
        signal_later, noise_later = (value.unsqueeze(1) for value in process.coefficients(later))
        direction = (state - signal * clean) / noise
        ratio = (signal / signal_later) ** 2
        fresh = stochasticity * noise_later / noise * (1 - ratio).clamp(min=0).sqrt()
        state = signal_later * clean + (noise_later**2 - fresh**2).clamp(min=0).sqrt() * direction
        if stochasticity and following > 0:
            state = state + fresh * torch.randn(state.shape, generator=generator).to(state.device)
    return clean


def _alphas_cumulative() -> Tensor:
    """ᾱ for 0 to `DDPM_STEPS` noising steps, with ᾱ = 1 for none; float32 of a float64 product."""
    betas = torch.linspace(_BETA_FIRST, _BETA_LAST, DDPM_STEPS, dtype=torch.float64)
    return torch.cat([torch.ones(1, dtype=torch.float64), (1 - betas).cumprod(0)]).float()
