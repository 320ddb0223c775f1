"""Noise processes over parameters, with prediction of the clean parameters (x0).

Every process mixes clean parameters and Gaussian noise as ``signal(t) * clean + noise(t) * gaussian`` for a
time t in [0, 1]. One deterministic solver then serves them all: predict the clean parameters, infer the
noise, and mix both again at an earlier time. For `ddpm` this is DDIM (Song et al., 2021, equation 12), for
`flow` it is Euler's method.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from hyperforget.progress import progress
from hyperforget.runtime.resuming import NOT_RESUMABLE, Resumable
from hyperforget.runtime.saved_state import State

DDPM_STEPS = 1000
_BETA_FIRST, _BETA_LAST = 1e-4, 0.02


class Process(Protocol):
    """How much signal and how much noise is left at a time."""

    def coefficients(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """(signal, noise), each of the shape of ``time`` in [0, 1]; 0 is clean and 1 is (nearly) pure
        noise.
        """

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """``count`` times for training, float32."""


@dataclass(frozen=True)
class DDPM:
    """Linear β schedule over `DDPM_STEPS` steps (Ho et al., 2020; the thesis' choice). Time is (step + 1) /
    steps.
    """

    def coefficients(self, time: Tensor) -> tuple[Tensor, Tensor]:
        kept = _alphas_cumulative().to(time.device)
        step = (time * DDPM_STEPS).round().long()
        return kept[step].sqrt(), (1 - kept[step]).sqrt()

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        return (torch.randint(DDPM_STEPS, (count,), generator=generator) + 1) / DDPM_STEPS


@dataclass(frozen=True)
class Flow:
    """The straight path of flow matching (Lipman et al., 2023): signal 1 - t, noise t."""

    def coefficients(self, time: Tensor) -> tuple[Tensor, Tensor]:
        return 1 - time, time

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.rand(count, generator=generator).clamp(min=1e-3)


PROCESSES: dict[str, Process] = {"ddpm": DDPM(), "flow": Flow()}


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
    resumable: Resumable = NOT_RESUMABLE,
) -> Tensor:
    """Turn Gaussian noise (B, P) into parameters (B, P) in ``steps`` evaluations of ``predict(noised, time
    (B,))``, where the noise lies.

    ``stochasticity`` is DDIM's η: 0 is deterministic; 1 with ``steps = DDPM_STEPS`` is DDPM's ancestral
    sampling with the posterior variance. With one step the result is the prediction from pure noise.
    """
    times = torch.linspace(1, 0, steps + 1).tolist()
    state = clean = gaussian
    done = 0

    def present() -> State:
        return State({"noised": state, "generator": generator.get_state()}, {"done": done})

    with resumable.part("step", present) as found:
        if found is not None:
            state, done = found.tensors["noised"].to(gaussian.device), found.facts["done"]
            generator.set_state(found.tensors["generator"])
        remaining = list(pairwise(times))[done:]
        description = f"sampling {gaussian.shape[0]} networks"
        for time, following in progress(remaining, steps, description, initial=done, inner=True):
            resumable.save_if_due()
            now, later = (
                torch.full((gaussian.shape[0],), value, device=gaussian.device) for value in (time, following)
            )
            clean = predict(state, now)
            signal, noise = (value.unsqueeze(1) for value in process.coefficients(now))
            signal_later, noise_later = (value.unsqueeze(1) for value in process.coefficients(later))
            direction = (state - signal * clean) / noise
            ratio = (signal / signal_later) ** 2
            fresh = stochasticity * noise_later / noise * (1 - ratio).clamp(min=0).sqrt()
            state = signal_later * clean + (noise_later**2 - fresh**2).clamp(min=0).sqrt() * direction
            if stochasticity and following > 0:
                state = state + fresh * torch.randn(state.shape, generator=generator).to(state.device)
            done += 1
    return clean


def _alphas_cumulative() -> Tensor:
    """ᾱ for 0 to `DDPM_STEPS` noising steps, with ᾱ = 1 for none; float32 of a float64 product."""
    betas = torch.linspace(_BETA_FIRST, _BETA_LAST, DDPM_STEPS, dtype=torch.float64)
    return torch.cat([torch.ones(1, dtype=torch.float64), (1 - betas).cumprod(0)]).float()
