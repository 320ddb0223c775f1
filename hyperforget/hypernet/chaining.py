"""A hypernetwork as an optimiser: each sampled network is the start of the next update (Peebles et al., 2022)."""

import torch
from torch import Tensor

from hyperforget.candidates import measure
from hyperforget.config import SamplingConfig
from hyperforget.hypernet.files import StoredHypernetwork
from hyperforget.hypernet.sampling import Starts, sample_networks
from hyperforget.metrics.classes import class_sizes
from hyperforget.metrics.performance import performance_values
from hyperforget.tasks import Split


def chain_networks(
    hypernet: StoredHypernetwork,
    prompt: Tensor,
    starts: Tensor,
    updates: int,
    split: Split,
    sampling: SamplingConfig,
    generator: torch.Generator,
) -> Tensor:
    """The networks (updates + 1, S, P) on the way from ``starts`` (S, P), entry 0, towards ``prompt``, one (K,) for
    all or one each (S, K).

    The hypernetwork reads a start. It is also told how good its start is, so before each update the networks are
    measured on ``split``, the one that conditions.
    """
    model = hypernet.model
    sizes = class_sizes(split.labels, model.layout.classes)
    chain = [starts]
    for _ in range(updates):
        performance = performance_values(
            *measure(chain[-1], model.layout, split), sizes, hypernet.performance
        )
        sampled = sample_networks(
            model,
            hypernet.process,
            prompt.expand(starts.shape[0], -1),
            Starts(chain[-1], performance),
            sampling.steps,
            sampling.stochasticity,
            generator,
        )
        chain.append(sampled)
    return torch.stack(chain)
