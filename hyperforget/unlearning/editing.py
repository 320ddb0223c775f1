"""Editing trained networks with a hypernetwork that reads a start."""

import torch
from torch import Tensor

from hyperforget.config import EditingConfig
from hyperforget.data.splits import Split
from hyperforget.hypernet.sampling import chain_networks
from hyperforget.hypernet.stored import StoredHypernetwork
from hyperforget.networks.batch import Networks
from hyperforget.runtime.resuming import NOT_RESUMABLE, Resumable
from hyperforget.unlearning.candidates import Candidates


def edit_networks(
    hypernet: StoredHypernetwork,
    prompts: Tensor,
    originals: Tensor,
    config: EditingConfig,
    split: Split,
    generator: torch.Generator,
    resumable: Resumable = NOT_RESUMABLE,
) -> Candidates:
    """All edits of trained networks ``originals`` (S, P), for each prompt (Q, K), round after round.

    The edits of a round are the starts of the next, and candidates like these: one round suffices for networks that
    were trained like the corpus, others come closer to what is asked for with each. ``split`` is the one that
    conditions and selects.
    """
    start = torch.arange(originals.shape[0]).repeat_interleave(config.candidates)
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(start.shape[0])
    start = start.repeat(prompts.shape[0])
    chain = chain_networks(
        hypernet, prompts[prompt], originals[start], config.rounds, split, config, generator, resumable
    )
    edits, losses, correct = (
        values[1:].flatten(0, 1) for values in (chain.params, chain.losses, chain.correct)
    )
    networks = Networks(edits, hypernet.model.layout)
    return Candidates(networks, losses, correct, prompt.repeat(config.rounds), start.repeat(config.rounds))
