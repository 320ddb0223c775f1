"""The corpus: checkpoints of many runs, and how a hypernetwork's training draws from them.

Parameters stay on disk and are read where they are taken, since a corpus may be larger than memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from hyperforget.collection.bounds import Bounds, class_bounds, stored_bounds
from hyperforget.config.performance import Performance
from hyperforget.errors import UserError
from hyperforget.metrics.measuring import Outcomes
from hyperforget.metrics.performance import performance_values
from hyperforget.store.packs import ARRAYS, load_pack
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token

# What segments tell of checkpoints, and of what runs were shown.
_OUTCOMES = ("loss", "correct", "discriminability", "separability")
RATES = ("switch", "rate_before", "rate_after")


class Rows(Protocol):
    """Checkpoints, of which some are taken: a tensor (M, P), or `Checkpoints`."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: Tensor, /) -> Tensor: ...


@dataclass(frozen=True)
class Corpus:
    """Checkpoints of R runs, and their ``performance`` (R, T, K), as a hypernetwork is told it; run r has ``saved[r]``
    of them, first its start.

    ``known`` bool (R, T, C) tells the classes that a checkpoint knows: it gets them right at least every second time.

    ``all_theta`` (A, T, P) are the parameters of all runs that were collected, and ``rows`` (R,) says which of them
    these runs are; without it they are all. With ``cumulative`` (R * T,), which rises to 1, the later checkpoints of
    pairs are drawn by these chances.

    Entry ``r * T + t`` is checkpoint t of run r.
    """

    all_theta: Tensor
    performance: Tensor
    known: Tensor
    saved: Tensor
    cumulative: Tensor | None = None
    rows: Tensor | None = None

    @property
    def slots(self) -> int:
        """T, the checkpoints that a run has at the most."""
        return self.all_theta.shape[1]

    def runs(self, rows: Tensor) -> "Corpus":
        """The corpus of some runs only, drawn uniformly; their parameters are not copied."""
        return Corpus(
            self.all_theta,
            self.performance[rows],
            self.known[rows],
            self.saved[rows],
            rows=rows if self.rows is None else self.rows[rows],
        )

    def split(self, unseen: float, generator: torch.Generator) -> tuple["Corpus", "Corpus"]:
        """The runs with an admitted checkpoint, divided at random: some to train on, a share ``unseen``."""
        usable = torch.nonzero(self.saved >= 2).flatten()
        usable = usable[torch.randperm(usable.numel(), generator=generator)]
        held_out = max(1, round(unseen * usable.numel()))
        return self.runs(usable[held_out:]), self.runs(usable[:held_out])

    def admitted(self) -> Tensor:
        """Which entries (R, T) are admitted checkpoints: neither a start nor padding."""
        return admitted_mask(self.saved, self.slots)

    def checkpoints(self) -> "Checkpoints":
        """The admitted checkpoints, run after run."""
        return Checkpoints(self, torch.nonzero(self.admitted().flatten()).flatten())

    def parameters(self, entries: Tensor) -> Tensor:
        """Parameters (B, P) of entries (B,)."""
        if self.rows is not None:
            runs = entries // self.slots
            entries = entries + self.slots * (self.rows[runs] - runs)
        # Of a matrix, since selecting its rows takes half the time of indexing two dimensions at once.
        return self.all_theta.flatten(0, 1).index_select(0, entries)


@dataclass(frozen=True)
class Checkpoints:
    """M checkpoints of a corpus, by their ``entries`` (M,)."""

    corpus: Corpus
    entries: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, P)."""
        return self.entries.numel(), self.corpus.all_theta.shape[2]

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Parameters (B, P) of some of them."""
        return self.corpus.parameters(self.entries[rows])


def admitted_mask(saved: Tensor, slots: int) -> Tensor:
    """Which of each run's ``slots`` entries, bool (R, slots), are admitted checkpoints, of ``saved`` (R,)."""
    mask = torch.arange(slots) < saved.unsqueeze(1)
    mask[:, 0] = False
    return mask


def knows_all_but(known: Tensor, sets: Sequence[tuple[int, ...]]) -> Tensor:
    """Which checkpoints, that know ``known`` bool (..., C), miss exactly the classes of one of the sets, bool (...)."""
    states = torch.ones(len(sets), known.shape[-1], dtype=torch.bool)
    for state, classes in zip(states, sets, strict=True):
        state[list(classes)] = False
    return (known.unsqueeze(-2) == states.to(known.device)).all(dim=-1).any(dim=-1)


def read_segments(store: Store, segments: list[str], names: list[str]) -> dict[str, np.ndarray]:
    """The named arrays of all segments, joined along their runs."""
    parts = [store.read(segment, names, kind="segment").arrays for segment in segments]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def load_corpus(store: Store, token: Path, performance: Performance, sizes: Tensor) -> Corpus:
    """All checkpoints of the corpus that a token names; ``sizes`` (C,) are images a class."""
    object_id = read_token(token, kind="corpus").object_id
    arrays = load_pack(store, object_id, mapped=True)
    if not set(ARRAYS) <= set(arrays):
        raise UserError(
            f"corpus {object_id} was collected before checkpoints had a discriminability; collect it anew, for "
            f"example by deleting {token}"
        )
    theta, losses, correct, saved, outputs, hidden = (torch.from_numpy(arrays[name]) for name in ARRAYS)
    outcomes = Outcomes(losses, correct, outputs, hidden, sizes)
    bounds = stored_bounds(store.read_attributes(object_id, kind="corpus"), len(sizes))
    known = outcomes.accuracies >= torch.tensor(bounds.known)
    return Corpus(theta, performance_values(outcomes, performance), known, saved)


@dataclass(frozen=True)
class CorpusOutcomes(Outcomes):
    """What M checkpoints do, and which classes their runs had ``never_seen``, bool (M, C); of groups also up to which
    accuracies they count as forgotten, ``of_groups``.
    """

    never_seen: Tensor
    of_groups: Bounds | None = None

    @property
    def bounds(self) -> Bounds:
        """Up to which accuracies each class counts as forgotten, and from which on as known."""
        return self.of_groups or class_bounds(len(self.sizes))

    @property
    def known(self) -> Tensor:
        """The classes that checkpoints know, bool (M, C)."""
        return self.accuracies >= torch.tensor(self.bounds.known)

    def unanswered(self, label: int) -> Tensor:
        """The checkpoints, bool (M,), that do not answer a class, or a group as if they had never seen it."""
        return self.accuracies[:, label] <= torch.tensor(self.bounds.forgotten[label])

    def forgotten(self, label: int) -> Tensor:
        """The checkpoints, bool (M,), that do not answer a class because their run never saw it."""
        return self.unanswered(label) & self.never_seen[:, label]


def load_outcomes(store: Store, token: Path, sizes: Tensor) -> CorpusOutcomes:
    """What all admitted checkpoints do, without their parameters; ``sizes`` (C,) are images per class."""
    object_id = read_token(token, kind="corpus").object_id
    attributes = store.read_attributes(object_id, kind="corpus")
    arrays = read_segments(store, attributes["segments"], [*_OUTCOMES, "saved", *RATES])
    saved = torch.from_numpy(arrays["saved"])
    mask = admitted_mask(saved, arrays["loss"].shape[1])
    losses, correct, outputs, hidden = (torch.from_numpy(arrays[name])[mask] for name in _OUTCOMES)
    unseen = torch.from_numpy(never_seen(arrays))[torch.nonzero(mask)[:, 0]]
    bounds = stored_bounds(attributes, len(sizes))
    return CorpusOutcomes(losses, correct, outputs, hidden, sizes, unseen, bounds if bounds.of_groups else None)


def never_seen(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which classes each run never saw, from its first step on, bool (R, C), by the `RATES` of segments."""
    before = np.where(arrays["switch"][:, None] > 0, arrays["rate_before"], 0)
    unseen: np.ndarray = (before == 0) & (arrays["rate_after"] == 0)
    return unseen
