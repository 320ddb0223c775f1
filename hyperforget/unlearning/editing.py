"""Editing trained networks with a hypernetwork that reads a start."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import EditingConfig
from hyperforget.data.splits import Split
from hyperforget.hypernet.sampling import Sampling, chain
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.unlearning.candidates import Candidates


@dataclass(frozen=True)
class Editing(Sampling):
    """How a job samples edits."""

    config: EditingConfig


def edit_networks(
    hypernet: TrainedHypernetwork, prompts: Tensor, originals: Tensor, split: Split, editing: Editing
) -> Candidates:
    """All edits of trained networks ``originals`` (S, P), for each prompt (Q, K), round after round.

    The edits of a round are the starts of the next, and candidates like these: one round suffices for
    networks that were trained like the corpus, others come closer to what is asked for with each. ``split``
    is the one that conditions and selects.
    """
    config = editing.config
    start = torch.arange(originals.shape[0]).repeat_interleave(config.candidates)
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(start.shape[0])
    start = start.repeat(prompts.shape[0])
    way = chain(hypernet, prompts[prompt], originals[start], config.rounds, split, editing)
    edits, losses, correct = (values[1:].flatten(0, 1) for values in (way.params, way.losses, way.correct))
    return Candidates(edits, losses, correct, prompt.repeat(config.rounds), start.repeat(config.rounds))
