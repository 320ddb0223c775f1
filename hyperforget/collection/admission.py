"""Which reviewed checkpoints are kept (thesis, figure 3.7, or the rule of its second proof of concept)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from hyperforget.collection.bounds import KNOWN_ACCURACY
from hyperforget.collection.checkpoints import knows_all_but
from hyperforget.collection.schedule import Runs
from hyperforget.errors import UserError
from hyperforget.metrics.measuring import DIVERGENCE, Outcomes
from hyperforget.records.corpora import LevelCount
from hyperforget.runtime.saved_state import State

# More of the reviewed checkpoints than this share diverge by a setting, not by chance.
_DIVERGED_SHARE = 0.5
# What `AdmissionCounts` tells beside levels.
_COUNTED = ("reviewed", "diverged", "pivots_rejected", "holdout_rejected")


@dataclass(frozen=True)
class AdmissionCounts:
    """How many checkpoints were reviewed, how many of them had diverged, how many of the rest failed the pivots'
    accuracy, and how many of those left know all classes but exactly a held-out set; what is left by loss level.
    """

    reviewed: int
    diverged: int
    pivots_rejected: int
    holdout_rejected: int
    levels: list[LevelCount]

    def named(self, labels: Sequence[int]) -> "AdmissionCounts":
        """The same with classes by their ``labels`` instead of by their places among the outputs."""
        return replace(self, levels=[replace(row, class_=labels[row.class_]) for row in self.levels])


class Admission:
    """Counts loss levels over all runs of a shard and decides, checkpoint by checkpoint.

    Pivots must each reach ``pivot_accuracy`` on a split of ``sizes`` (C,) images a class, and the classes that are not
    known must not be exactly a held-out set. Under the rule ``bins`` a checkpoint falls into one joint bin, the
    combination of its free classes' loss levels: the fuller a bin is, up to its cap, the rarer it is chosen. Under
    ``relaxed`` accurate pivots suffice. Of groups, of which nobody knows yet what counts as known, runs alone keep
    held-out sets out: none is without exactly such a set.
    """

    def __init__(self, runs: Runs, sizes: Tensor) -> None:
        config, free = runs.config, runs.free
        self.config = config
        self.pivots = list(runs.pivots)
        self.free = free
        held_out = () if runs.of_groups else runs.holdout
        self.holdout = [tuple(free.index(label) for label in classes if label in free) for classes in held_out]
        self.sizes = sizes
        self.edges = torch.tensor(config.loss_levels)
        self.cap = max(1, round(config.bin_cap * runs.count * config.checkpoints))
        self.bins: dict[tuple[int, ...], int] = {}
        self.admitted = torch.zeros(len(free), len(config.loss_levels) + 1, dtype=torch.int64)
        self.rejected = torch.zeros_like(self.admitted)
        self.reviewed = 0
        self.diverged = 0
        self.pivots_rejected = 0
        self.holdout_rejected = 0

    def admit(self, rows: Tensor, outcomes: Outcomes, generator: torch.Generator) -> Tensor:
        """Those of ``rows`` (M,) whose checkpoints are kept, by what all N networks do in a review."""
        self.reviewed += rows.numel()
        diverged = outcomes.diverged[rows]
        self.diverged += int(diverged.sum())
        rows = rows[~diverged]
        # In double precision and a hair below: 15 of 25 images are an accuracy of 0.6 whatever 0.6 rounds to.
        needed = self.config.pivot_accuracy * self.sizes[self.pivots].double() - 1e-9
        accurate = (outcomes.correct[rows][:, self.pivots] >= needed).all(dim=1)
        self.pivots_rejected += int((~accurate).sum())
        rows = rows[accurate]
        if self.holdout:
            # What knows all but a held-out set would show how that is forgotten, whatever run it is of.
            held_out = knows_all_but(outcomes.accuracies[rows][:, self.free] >= KNOWN_ACCURACY, self.holdout)
            self.holdout_rejected += int(held_out.sum())
            rows = rows[~held_out]
        levels = torch.bucketize(outcomes.losses[rows][:, self.free].contiguous(), self.edges)
        chances = torch.rand(rows.numel(), generator=generator).tolist()
        kept = [self._take(tuple(bin_), chance) for bin_, chance in zip(levels.tolist(), chances, strict=True)]
        mask = torch.tensor(kept, dtype=torch.bool)
        for index in range(len(self.free)):
            self.admitted[index] += torch.bincount(levels[mask, index], minlength=self.admitted.shape[1])
            self.rejected[index] += torch.bincount(levels[~mask, index], minlength=self.admitted.shape[1])
        return rows[mask]

    def _take(self, bin_: tuple[int, ...], chance: float) -> bool:
        if self.config.admission == "relaxed":
            return True
        taken = self.bins.get(bin_, 0)
        if chance < taken / self.cap:
            return False
        self.bins[bin_] = taken + 1
        return True

    def state(self) -> State:
        """All that later decisions and counts depend on."""
        facts = {
            **{name: getattr(self, name) for name in _COUNTED},
            "bins": [[*bin_, taken] for bin_, taken in self.bins.items()],
        }
        return State({"admitted": self.admitted, "rejected": self.rejected}, facts)

    def restore(self, state: State) -> None:
        """Go on from what `state` told."""
        self.admitted, self.rejected = state.tensors["admitted"], state.tensors["rejected"]
        for name in _COUNTED:
            setattr(self, name, state.facts[name])
        self.bins = {tuple(bin_): taken for *bin_, taken in state.facts["bins"]}

    def counts(self) -> AdmissionCounts:
        """What was decided so far."""
        bounds = list(pairwise([0.0, *self.config.loss_levels, None]))
        cap = self.cap if self.config.admission == "bins" else None
        levels = [
            LevelCount(label, low or 0.0, high, cap, int(self.admitted[row, level]), int(self.rejected[row, level]))
            for row, label in enumerate(self.free)
            for level, (low, high) in enumerate(bounds)
        ]
        return AdmissionCounts(self.reviewed, self.diverged, self.pivots_rejected, self.holdout_rejected, levels)


def check_diverged(counts: AdmissionCounts, task: str, learning_rates: Sequence[float]) -> None:
    """Raise `UserError` where more than half of the checkpoints that a shard reviewed had diverged; the runs of the
    task had ``learning_rates`` of up to these.
    """
    if counts.diverged > _DIVERGED_SHARE * counts.reviewed:
        raise UserError(
            f"task {task!r}: {counts.diverged} of {counts.reviewed} reviewed checkpoints diverged, {DIVERGENCE}; "
            f"learning rates go up to {max(learning_rates):g}: lower the task's recipe.learning_rate, or its "
            "collection.learning_rates, which multiply it"
        )


def sum_counts(shards: list[dict[str, Any]]) -> AdmissionCounts:
    """The counts of all shards together, from their JSON form."""
    levels = [
        LevelCount(
            **rows[0]
            | {
                "cap": None if rows[0]["cap"] is None else sum(row["cap"] for row in rows),
                "admitted": sum(row["admitted"] for row in rows),
                "rejected": sum(row["rejected"] for row in rows),
            }
        )
        for rows in zip(*(shard["levels"] for shard in shards), strict=True)
    ]
    return AdmissionCounts(**{name: sum(shard[name] for shard in shards) for name in _COUNTED}, levels=levels)
