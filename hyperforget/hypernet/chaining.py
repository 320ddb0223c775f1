"""A hypernetwork as an optimiser: each sampled network is the start of the next update (Peebles et al., 2022)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.candidates import measure
from hyperforget.config import SamplingConfig
from hyperforget.hypernet.files import StoredHypernetwork
from hyperforget.hypernet.sampling import Starts, sample_networks
from hyperforget.metrics.classes import class_sizes
from hyperforget.metrics.performance import performance_values
from hyperforget.resumable import NOT_RESUMABLE, Resumable
from hyperforget.tasks import Split
from hyperforget.unfinished import State


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
    sizes = class_sizes(split.labels, model.layout.classes)
    networks, measured = [starts], [measure(starts, model.layout, split)]

    def chain() -> Chain:
        losses, correct = zip(*measured, strict=True)
        return Chain(torch.stack(networks), torch.stack(losses), torch.stack(correct))

    with resumable.part("update", lambda: State(vars(chain()), {"done": len(networks) - 1})) as found:
        if found is not None:
            known = Chain(**found.tensors)
            networks = list(known.params)
            measured = list(zip(known.losses, known.correct, strict=True))
        while len(networks) <= updates:
            performance = performance_values(*measured[-1], sizes, hypernet.performance)
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
            measured.append(measure(sampled, model.layout, split))
    return chain()
