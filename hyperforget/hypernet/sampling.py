"""Sampling networks from a trained hypernetwork, once or in a chain of updates."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from hyperforget.config import SolverConfig
from hyperforget.data.splits import Split
from hyperforget.hypernet.diffusion import denoise
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.measuring import Outcomes, measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.batch import Networks
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming

_NETWORKS_AT_ONCE = 256


@dataclass(frozen=True)
class Starts:
    """Networks to start from: ``params`` (S, P) and their ``performance`` (S, K), in the metric's unit."""

    params: Tensor
    performance: Tensor

    def take(self, rows: Tensor) -> "Starts":
        """Some of the starts, in that order."""
        return Starts(self.params[rows], self.performance[rows])


@dataclass(frozen=True)
class Sampling:
    """How a job samples: the solver's settings, a generator of the CPU, and what the job resumes from."""

    config: SolverConfig
    generator: torch.Generator
    resuming: Resuming = NOT_RESUMING


@torch.no_grad()
def sample(hypernet: TrainedHypernetwork, prompts: Tensor, starts: Starts | None, sampling: Sampling) -> Networks:
    """One network for each row of the prompted performance ``prompts`` (B, K), in the metric's unit.

    Models that read a start take one for each row from ``starts``; others ignore it. All but the model lies on the CPU;
    chunks go to the model's device and back, and a job that is stopped loses one chunk at most. Raises `ValueError`
    where a start is needed and none was given.
    """
    if hypernet.model.conditioning.uses_start and starts is None:
        raise ValueError("this hypernetwork reads start parameters, but none were given")
    gaussian = torch.randn(len(prompts), hypernet.model.space.dimension, generator=sampling.generator)
    return sample_from(gaussian, hypernet, prompts, starts, sampling)


@torch.no_grad()
def sample_from(
    gaussian: Tensor, hypernet: TrainedHypernetwork, prompts: Tensor, starts: Starts | None, sampling: Sampling
) -> Networks:
    """As `sample`, from given noise (B, D), of as many dimensions as the hypernetwork's space has."""
    model, config = hypernet.model, sampling.config

    def sample_chunk(rows: Tensor) -> Tensor:
        told = prompts[rows].to(model.device)  # (B, K)
        network = start = performance = None
        if model.conditioning.uses_start and starts is not None:
            network, performance = (values[rows].to(model.device) for values in (starts.params, starts.performance))
            start = model.space.normalise(network)  # (B, D) of (B, P)

        def predict(noised: Tensor, time: Tensor) -> Tensor:
            sampling.resuming.save_if_due()
            clean: Tensor = model(noised, time, told, start, performance)
            return clean

        noise = gaussian[rows].to(model.device)
        clean = denoise(hypernet.process, predict, noise, config.steps, sampling.generator, config.stochasticity)
        return model.space.denormalise(clean, network).cpu()

    chunks = torch.arange(len(prompts)).split(_NETWORKS_AT_ONCE)
    remember = sampling.resuming.remember
    params = [remember("chunk", partial(sample_chunk, rows), sampling.generator) for rows in chunks]
    return Networks(torch.cat(params), model.layout)


@dataclass(frozen=True)
class Chain:
    """The S networks after 0, 1, … updates, and their outcomes on the split that conditions."""

    networks: list[Networks]
    outcomes: list[Outcomes]


def chain(
    hypernet: TrainedHypernetwork,
    prompt: Tensor,
    starts: Networks,
    updates: int,
    split: Split,
    sampling: Sampling,
) -> Chain:
    """The networks on the way from ``starts``, entry 0, towards ``prompt``, one (K,) for all or one each (S, K).

    The hypernetwork reads a start. It is also told how good its start is, so before each update the networks are
    measured on ``split``, the one that conditions.
    """
    networks, outcomes = [starts], [measure(starts, split)]
    for _ in range(updates):
        performance = performance_values(outcomes[-1], hypernet.performance)
        before = Starts(networks[-1].params, performance)
        networks.append(sample(hypernet, prompt.expand(len(starts), -1), before, sampling))
        outcomes.append(measure(networks[-1], split))
    return Chain(networks, outcomes)
