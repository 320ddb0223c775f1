"""Sampling networks from a trained hypernetwork."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import SamplingConfig
from hyperforget.data.splits import Split
from hyperforget.hypernet.diffusion import Process, denoise
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.stored import StoredHypernetwork
from hyperforget.metrics.measuring import Outcomes, measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.batch import Networks
from hyperforget.runtime.resuming import NOT_RESUMABLE, Resumable
from hyperforget.runtime.saved_state import State

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
    resumable: Resumable = NOT_RESUMABLE,
) -> Tensor:
    """One network (B, P) for each row of the prompted performance ``targets`` (B, K), in the metric's unit.

    Models that read a start take one for each row from ``starts``; others ignore it. ``steps`` and
    ``stochasticity`` are those of `hyperforget.hypernet.diffusion.denoise`. All but the model lies on the CPU;
    batches of it go to the model's device and back.
    """
    count, device = targets.shape[0], model.device
    gaussian = torch.randn(count, model.space.dimension, generator=generator)
    sampled, done = torch.empty(count, model.layout.size), 0

    def state() -> State:
        return State({"gaussian": gaussian[done:], "sampled": sampled[:done]}, {"done": done})

    with resumable.part("network", state) as found:
        if found is not None:
            done = found.facts["done"]
            gaussian[done:], sampled[:done] = found.tensors["gaussian"], found.tensors["sampled"]
        for rows in torch.arange(done, count).split(_NETWORKS_AT_ONCE):
            told = targets[rows].to(device)
            network = start = start_performance = None
            if model.conditioning.uses_start:
                if starts is None:
                    raise ValueError("this hypernetwork reads start parameters, but none were given")
                network = starts.params[rows].to(device)
                start, start_performance = model.space.normalise(network), starts.performance[rows].to(device)

            def predict(
                noised: Tensor,
                time: Tensor,
                told: Tensor = told,
                start: Tensor | None = start,
                start_performance: Tensor | None = start_performance,
            ) -> Tensor:
                clean: Tensor = model(noised, time, told, start, start_performance)
                return clean

            noise = gaussian[rows].to(device)
            clean = denoise(process, predict, noise, steps, generator, stochasticity, resumable)
            sampled[rows] = model.space.denormalise(clean, network).cpu()
            done += len(rows)
    return sampled


@dataclass(frozen=True)
class Chain:
    """Networks after 0, 1, … U updates: ``params`` (U + 1, S, P), and on the split that conditions their class
    ``losses`` (U + 1, S, C) in nats and ``correct`` counts (U + 1, S, C).
    """

    params: Tensor
    losses: Tensor
    correct: Tensor


def chain_networks(
    hypernet: StoredHypernetwork,
    prompt: Tensor,
    starts: Tensor,
    updates: int,
    split: Split,
    sampling: SamplingConfig,
    generator: torch.Generator,
    resumable: Resumable = NOT_RESUMABLE,
) -> Chain:
    """The networks on the way from ``starts`` (S, P), entry 0, towards ``prompt``, one (K,) for all or one each (S, K).

    The hypernetwork reads a start. It is also told how good its start is, so before each update the networks are
    measured on ``split``, the one that conditions.
    """
    model = hypernet.model
    networks, measured = [starts], [measure(Networks(starts, model.layout), split)]

    def chain() -> Chain:
        losses, correct = (
            torch.stack([getattr(one, name) for one in measured]) for name in ("losses", "correct")
        )
        return Chain(torch.stack(networks), losses, correct)

    with resumable.part("update", lambda: State(vars(chain()), {"done": len(networks) - 1})) as found:
        if found is not None:
            known = Chain(**found.tensors)
            networks = list(known.params)
            measured = [
                Outcomes(losses, correct, split.class_sizes)
                for losses, correct in zip(known.losses, known.correct, strict=True)
            ]
        while len(networks) <= updates:
            performance = performance_values(measured[-1], hypernet.performance)
            sampled = sample_networks(
                model,
                hypernet.process,
                prompt.expand(starts.shape[0], -1),
                Starts(networks[-1], performance),
                sampling.steps,
                sampling.stochasticity,
                generator,
                resumable,
            )
            networks.append(sampled)
            measured.append(measure(Networks(sampled, model.layout), split))
    return chain()
