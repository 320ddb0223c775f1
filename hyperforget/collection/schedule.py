"""What runs are shown, and when they are reviewed: drawn at random (thesis, section 3.3.1).

An *optimisation run* undersamples a random set of classes from its first step on (figure 3.5); a *de-optimisation run*
trains on everything and deletes a random set of classes on the way, so that their losses rise (figure 3.6). What was
deleted on the way is hidden rather than forgotten, so other runs never see a random set of classes. Pivot classes are
never undersampled, and no run undersamples exactly the classes of a held-out set.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import RunsConfig
from hyperforget.config.tasks import MinibatchConfig
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import Curriculum

# Up to this keep rate a class counts as unseen when a run is compared with the held-out forget sets.
STRONGLY_UNDERSAMPLED = 0.05


@dataclass(frozen=True)
class Runs:
    """The runs of a shard: how many, of which main network, trained by one of ``recipes`` each, drawn alike.

    Pivots are never undersampled, and none deletes exactly a set of ``holdout``; both go by the places of classes among
    the outputs. All begin at ``shared_start``, a single network, or without it each at a random start of its own. Where
    there are ``groups``, all that is said of classes holds of these.
    """

    layout: Layout
    count: int
    config: RunsConfig
    recipes: Sequence[MinibatchConfig]
    pivots: Sequence[int]
    holdout: Sequence[tuple[int, ...]] = ()
    shared_start: Networks | None = None
    groups: int = 0

    @property
    def of_groups(self) -> bool:
        """Whether runs are shown more or less of groups instead of classes."""
        return self.groups > 0

    @property
    def classes(self) -> int:
        """The number of classes C, or of groups."""
        return self.groups or self.layout.classes

    @property
    def free(self) -> list[int]:
        """The classes that are no pivots."""
        return [label for label in range(self.classes) if label not in self.pivots]


@dataclass(frozen=True)
class Schedule:
    """What R runs are shown, and the ``reviews`` bool (R, G) of each among the review ``steps`` (G,)."""

    curriculum: Curriculum
    steps: Tensor
    reviews: Tensor

    def __getitem__(self, rows: Tensor) -> "Schedule":
        """That of some of the runs, in that order."""
        return Schedule(self.curriculum[rows], self.steps, self.reviews[rows])


def draw_schedule(runs: Runs, count: int, generator: torch.Generator) -> Schedule:
    """What ``count`` runs are shown: each deletes classes after a switch, or leaves out or undersamples some from
    step 0.
    """
    config, classes = runs.config, runs.classes
    before = torch.ones(count, classes)
    after = torch.ones(count, classes)
    kind = torch.rand(count, generator=generator)
    deletes = kind < config.deoptimisation
    leaves_out = ~deletes & (kind < config.deoptimisation + config.never_seen)
    low, high = config.switch
    switch = (config.steps * (low + (high - low) * torch.rand(count, generator=generator))).long()
    rates = torch.tensor(config.undersampling)
    for run in range(count):
        if deletes[run]:
            after[run, _draw_classes(runs, generator)] = 0.0
            continue
        switch[run] = 0
        if leaves_out[run]:
            after[run, _draw_classes(runs, generator)] = 0.0
            continue
        chosen = _draw_classes(runs, generator, allow_none=True)
        after[run, chosen] = rates[torch.randint(len(rates), (len(chosen),), generator=generator)]
        if {deleted_classes(after[run]), deleted_classes(after[run], STRONGLY_UNDERSAMPLED)} & set(runs.holdout):
            after[run, chosen] = 1.0
    low, high = config.learning_rates
    learning_rates = low * (high / low) ** torch.rand(count, generator=generator)
    steps, reviews = _draw_reviews(config, switch, generator)
    return Schedule(Curriculum(before, after, switch, learning_rates), steps, reviews)


def deleted_classes(rates: Tensor, below: float = 0.0) -> tuple[int, ...]:
    """The classes whose keep rate, of ``rates`` (C,), is ``below`` or less."""
    return tuple(torch.nonzero(rates <= below).flatten().tolist())


def _draw_classes(runs: Runs, generator: torch.Generator, allow_none: bool = False) -> list[int]:
    """A random set of free classes that is not held out, of uniform size, so that single ones are common."""
    free = runs.free
    while True:
        size = int(torch.randint(0 if allow_none else 1, len(free) + 1, (), generator=generator))
        chosen = sorted(free[index] for index in torch.randperm(len(free), generator=generator)[:size].tolist())
        if tuple(chosen) not in runs.holdout:
            return chosen


def _draw_reviews(config: RunsConfig, switch: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Review steps (G,), and for each run (R, G) which of them it is reviewed at.

    Always at its end and just before a deletion: between these two lies what an edit has to learn.

    ``uniform`` reviews all steps alike; ``early`` reviews more often after the start and after a deletion, where losses
    move fast; ``ends`` prefers the first and the last steps.
    """
    steps = config.steps
    grid = torch.linspace(steps / config.reviews, steps, config.reviews).round().long()
    begun = grid.unsqueeze(0) > switch.unsqueeze(1)
    progress = torch.where(
        begun,
        (grid - switch.unsqueeze(1)) / (steps - switch).clamp(min=1).unsqueeze(1),
        grid / switch.clamp(min=1).unsqueeze(1),
    )
    chance = {
        "uniform": torch.ones_like(progress),
        "early": (-3 * progress).exp(),
        "ends": (-6 * progress).exp() + (-6 * (1 - progress)).exp(),
    }[config.review_schedule]
    expected = config.reviews_per_run * chance / chance.sum(dim=1, keepdim=True)
    reviews = torch.rand(expected.shape, generator=generator) < expected
    reviews[:, -1] = True
    reviews[torch.arange(switch.shape[0]), begun.int().argmax(dim=1) - 1] = True
    return grid, reviews
