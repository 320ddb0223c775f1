"""Changing networks, trained or random, with a hypernetwork; one that reads no start makes new ones in their place."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import EditingConfig, SamplingConfig
from hyperforget.config.specs import RoundsSpec
from hyperforget.data.splits import Split
from hyperforget.hypernet.sampling import Sampling, chain
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.networks.batch import Networks
from hyperforget.runtime.resuming import Resuming
from hyperforget.unlearning.candidates import Candidates, without_diverged


@dataclass(frozen=True)
class Editing(Sampling):
    """How a job samples edits."""

    config: EditingConfig

    @classmethod
    def of_random(
        cls, config: SamplingConfig | RoundsSpec, generator: torch.Generator, resuming: Resuming
    ) -> "Editing":
        """Of random networks, one edit each, which are changed as trained ones are."""
        solver = EditingConfig(steps=config.steps, stochasticity=config.stochasticity, rounds=config.rounds)
        return cls(solver, generator, resuming)


def edit_networks(
    hypernet: TrainedHypernetwork, prompts: Tensor, originals: Networks, split: Split, editing: Editing
) -> Candidates:
    """The edits of the networks ``originals`` that are offered, for each prompt (Q, K), round after round.

    The edits of a round are the starts of the next: networks come closer to what is asked for with each. ``split`` is
    the one that conditions and selects. Networks that have diverged are left out; raises `UserError` where most have.
    """
    config = editing.config
    start = torch.arange(len(originals)).repeat_interleave(config.candidates)
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(start.shape[0])
    start = start.repeat(prompts.shape[0])
    way = chain(hypernet, prompts[prompt], originals[start], config.rounds, split, editing)
    first = 1 if config.offered == "all" else config.rounds
    offered = way.outcomes[first:]
    candidates = Candidates(
        Networks(torch.cat([edits.params for edits in way.networks[first:]]), originals.layout),
        torch.cat([outcomes.losses for outcomes in offered]),
        torch.cat([outcomes.correct for outcomes in offered]),
        torch.cat([outcomes.discriminability for outcomes in offered]),
        prompt.repeat(len(offered)),
        start.repeat(len(offered)),
    )
    return without_diverged(candidates, split.class_sizes)
