"""Candidates: the networks that a method offers for a forget set, as they are measured and stored."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.metrics.classes import accuracy_on
from hyperforget.metrics.measuring import DIVERGENCE, have_diverged, measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.kinds import layout_of, stored_attributes
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token

_ARRAYS = {
    "params": {"unit": "1", "description": "flat parameters in state-dict order"},
    "losses": {"unit": "nats", "description": "mean cross-entropy of each class on the split that selects"},
    "correct": {"unit": "images", "description": "correctly classified images of each class on that split"},
    "discriminability": {"unit": "1", "description": "d′ of each class on that split: whether it is told from others"},
    "prompt": {"unit": "1", "description": "index of the prompt, -1 without one"},
    "start": {"unit": "1", "description": "index of the start or seed"},
}
_DIMENSIONS = {
    "params": ("network", "parameter"),
    "losses": ("network", "class"),
    "correct": ("network", "class"),
    "discriminability": ("network", "class"),
    "prompt": ("network",),
    "start": ("network",),
}


class Measured(Protocol):
    """What networks are chosen by: class ``losses`` (N, C) in nats, ``correct`` counts and ``discriminability`` (N, C)
    on the split that selects, of `Candidates` or of the checkpoints of a corpus.
    """

    @property
    def losses(self) -> Tensor: ...

    @property
    def correct(self) -> Tensor: ...

    @property
    def discriminability(self) -> Tensor: ...


@dataclass(frozen=True)
class Candidates:
    """N networks, their class ``losses`` (N, C) in nats, ``correct`` counts and ``discriminability`` (N, C) on the
    split that selects, and which ``prompt`` (N,), -1 without one, and ``start`` (N,) each came from.
    """

    networks: Networks
    losses: Tensor
    correct: Tensor
    discriminability: Tensor
    prompt: Tensor
    start: Tensor


@dataclass(frozen=True)
class StoredCandidates:
    """Candidates with the index of the ``chosen`` one, and the indices of the M that stand for the method, it among
    them: the chosen edit of each start where trained networks were edited, else all.
    """

    candidates: Candidates
    chosen: int
    population: list[int]


def make_candidates(
    networks: Networks, split: Split, prompt: Tensor | None = None, start: Tensor | None = None
) -> Candidates:
    """Measure networks on the split that selects; without ``start`` each counts as a start of its own."""
    outcomes = measure(networks, split)
    count = len(networks)
    return Candidates(
        networks,
        outcomes.losses,
        outcomes.correct,
        outcomes.discriminability,
        torch.full((count,), -1) if prompt is None else prompt,
        torch.arange(count) if start is None else start,
    )


def check_diverged(losses: Tensor, sizes: Tensor, made: str, remedy: str) -> None:
    """Raise `UserError` where any of N trained networks has diverged, by its class ``losses`` (N, C) on ``sizes`` (C,)
    images; ``made`` says what they are, and ``remedy`` what to change.
    """
    diverged = int(have_diverged(losses, sizes).sum())
    if diverged:
        raise UserError(f"{diverged} of {len(losses)} {made} diverged, {DIVERGENCE}: {remedy}")


def without_diverged(candidates: Candidates, sizes: Tensor) -> Candidates:
    """The candidates that a hypernetwork made without those that have diverged; how many there were is printed.

    Raises `UserError` where these are more than half, or all of a start or of a prompt.
    """
    kept = ~have_diverged(candidates.losses, sizes)
    count, diverged = len(kept), int((~kept).sum())
    if not diverged:
        return candidates
    told = f"{diverged} of {count} networks that the hypernetwork made diverged, {DIVERGENCE}"
    lost = any(len(of[kept].unique()) < len(of.unique()) for of in (candidates.start, candidates.prompt))
    if lost or diverged > count / 2:
        raise UserError(f"{told}: train it anew with a lower models.….training.learning_rate or with more steps")
    print(f"{told}, and are kept out", file=sys.stderr)
    networks = candidates.networks[torch.nonzero(kept).flatten()]
    others = {name: values[kept] for name, values in vars(candidates).items() if name != "networks"}
    return Candidates(networks, **others)


def class_accuracies(networks: Measured, sizes: Tensor, forget: Tensor) -> tuple[Tensor, Tensor]:
    """Exact accuracy (N,), float64, on the forgotten and on the retained classes of the split that selects, which has
    ``sizes`` (C,) images a class.
    """
    return accuracy_on(networks.correct, sizes, forget), accuracy_on(networks.correct, sizes, ~forget)


def publish_candidates(
    store: Store,
    token: Path,
    candidates: Candidates,
    chosen: int,
    attributes: dict[str, Any],
    population: list[int] | None = None,
) -> None:
    """Store candidates and write their token; ``attributes`` name the task, method and forget set.

    ``population`` is that of `StoredCandidates`; without it, all of them.
    """
    networks = candidates.networks
    tensors = {**vars(candidates), "params": networks.params}
    content = attributes | {
        **stored_attributes(networks.layout),
        "chosen": chosen,
        "population": list(range(len(networks))) if population is None else population,
        "arrays": _ARRAYS,
    }
    arrays = {name: tensors[name].numpy() for name in _ARRAYS}
    object_id = store.publish("networks", arrays, content, dimensions=_DIMENSIONS)
    write_token(token, "networks", object_id, attributes | {"networks": len(networks), "chosen": chosen})


def load_candidates(store: Store, token: Path) -> StoredCandidates:
    """What a token names; raises `hyperforget.store.errors.MissingObjectError` or `CorruptObjectError`."""
    stored = store.read(read_token(token, kind="networks").object_id, kind="networks")
    arrays, attributes = stored.arrays, stored.attributes
    params, *others = (torch.from_numpy(arrays[name]) for name in _ARRAYS)
    networks = Networks(params, layout_of(attributes))
    return StoredCandidates(Candidates(networks, *others), attributes["chosen"], attributes["population"])
