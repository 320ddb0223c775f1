"""Pairs of an earlier and a later checkpoint of one run, which hypernetworks are trained on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus


@dataclass(frozen=True)
class Pairs:
    """B pairs of an earlier and a later checkpoint of a run: parameters (B, P) and performance (B, K), and the classes
    that the later one knows, bool (B, C).
    """

    start: Tensor
    start_performance: Tensor
    target: Tensor
    target_performance: Tensor
    target_known: Tensor


def draw_pairs(corpus: Corpus, count: int, from_start: float, generator: torch.Generator) -> Pairs:
    """Draw a run uniformly, then an earlier and a later checkpoint of it (thesis, section 3.3.2).

    With chance ``from_start`` the earlier one is the run's random start, so that prompting from scratch is
    learned. Every run must have two checkpoints at least. A corpus with chances of its own gives run and later
    checkpoint by these.
    """
    slots = corpus.slots
    if corpus.cumulative is None:
        rows = torch.randint(corpus.saved.shape[0], (count,), generator=generator)
        later = 1 + _below(corpus.saved[rows] - 1, generator)
    else:
        uniform = torch.rand(count, generator=generator, dtype=torch.float64)
        drawn = torch.searchsorted(corpus.cumulative, uniform, right=True)
        rows, later = drawn // slots, drawn % slots
    earlier = torch.where(torch.rand(count, generator=generator) < from_start, 0, _below(later, generator))
    entries = torch.cat([earlier, later]) + slots * rows.repeat(2)
    start, target = corpus.parameters(entries).split(count)
    told = corpus.performance.flatten(0, 1).index_select(0, entries)
    start_performance, target_performance = told.split(count)
    known = corpus.known.flatten(0, 1).index_select(0, entries[count:])
    return Pairs(start, start_performance, target, target_performance, known)


def _below(limits: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform whole numbers in [0, limit) for each limit (B,)."""
    uniform = torch.rand(limits.shape, generator=generator, dtype=torch.float64)
    return (uniform * limits).long()
