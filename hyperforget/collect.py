"""Collecting checkpoints: optimisation and de-optimisation runs, and which of their checkpoints are kept.

Thesis, section 3.3.1. An *optimisation run* undersamples a random set of classes from its first step on
(figure 3.5); a *de-optimisation run* trains on everything and deletes a random set of classes on the way, so
that their losses rise (figure 3.6). Pivot classes are never undersampled. Runs are reviewed at random steps;
`admission` says what is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hyperforget.admission import Admission
from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.metrics.classes import class_losses, class_sizes, correct_counts
from hyperforget.networks import Layout, forward, initialise
from hyperforget.population import Curriculum, train_population
from hyperforget.tasks import Split

# Up to this keep rate a class counts as unseen when a run is compared with the held-out forget sets.
STRONGLY_UNDERSAMPLED = 0.05
_NETWORKS_AT_ONCE = 250

SEGMENT_DIMENSIONS = {
    "theta": ("run", "checkpoint", "parameter"),
    "loss": ("run", "checkpoint", "class"),
    "correct": ("run", "checkpoint", "class"),
    "step": ("run", "checkpoint"),
    "saved": ("run",),
    "switch": ("run",),
    "rate_before": ("run", "class"),
    "rate_after": ("run", "class"),
    "learning_rate": ("run",),
    "recipe": ("run",),
}
SEGMENT_ARRAYS = {
    "theta": {
        "unit": "1",
        "description": "flat parameters in state-dict order; checkpoint 0 is the random start",
    },
    "loss": {"unit": "nats", "description": "mean cross-entropy of each class on the conditioning split"},
    "correct": {"unit": "images", "description": "correctly classified images of each class on that split"},
    "step": {"unit": "steps", "description": "training step of the checkpoint"},
    "saved": {
        "unit": "checkpoints",
        "description": "how many entries of a run are checkpoints; the rest is padding",
    },
    "switch": {"unit": "steps", "description": "step from which rate_after holds instead of rate_before"},
    "rate_before": {
        "unit": "1",
        "description": "share of each class that the run is shown before the switch",
    },
    "rate_after": {"unit": "1", "description": "share of each class that the run is shown after the switch"},
    "learning_rate": {"unit": "1", "description": "learning rate of the run"},
    "recipe": {"unit": "1", "description": "index of the run's recipe among those of the specification"},
}


@dataclass(frozen=True)
class Plan:
    """What R runs are shown: ``curriculum``, ``learning_rates`` (R,), and ``reviews`` bool (R, G) of the
    review steps (G,).
    """

    curriculum: Curriculum
    learning_rates: Tensor
    review_steps: Tensor
    reviews: Tensor

    def take(self, rows: Tensor) -> "Plan":
        """The plan of some of the runs, in that order."""
        shown = self.curriculum
        curriculum = Curriculum(shown.before[rows], shown.after[rows], shown.switch[rows])
        return Plan(curriculum, self.learning_rates[rows], self.review_steps, self.reviews[rows])


def collect_runs(
    layout: Layout,
    train: Split,
    review: Split,
    recipes: Sequence[RecipeConfig],
    config: CollectionConfig,
    pivots: list[int],
    holdout: list[tuple[int, ...]],
    runs: int,
    shared_start: Tensor | None,
    generator: torch.Generator,
) -> tuple[dict[str, np.ndarray], Admission]:
    """Train ``runs`` networks and return their admitted checkpoints as arrays, with the admission's counts.

    Checkpoint 0 of every run is its start. ``review`` is the split whose class losses (nats) condition and
    admit: validation, or test under the thesis' protocol. Each run draws one of ``recipes``, all alike. Rows
    beyond ``saved`` are zero.
    """
    free = [label for label in range(layout.classes) if label not in pivots]
    admission = Admission(config, pivots, free, runs, class_sizes(review.labels, layout.classes))
    chunks: list[dict[str, np.ndarray]] = []
    for first in range(0, runs, _NETWORKS_AT_ONCE):
        count = min(_NETWORKS_AT_ONCE, runs - first)
        plan = plan_runs(config, layout.classes, free, holdout, count, generator)
        for index, rows in _draw_recipes(len(recipes), count, generator):
            recipe = recipes[index]
            starts = (
                initialise(layout, len(rows), generator, recipe.initialisation)
                if shared_start is None
                else shared_start.expand(len(rows), -1)
            )
            collected = _run(
                layout, train, review, recipe, config, plan.take(rows), starts, admission, generator
            )
            chunks.append(collected | {"recipe": np.full(len(rows), index)})
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}, admission


def plan_runs(
    config: CollectionConfig,
    classes: int,
    free: list[int],
    holdout: list[tuple[int, ...]],
    count: int,
    generator: torch.Generator,
) -> Plan:
    """Draw kind, classes, rates, switch, learning rate and review steps of ``count`` runs."""
    before = torch.ones(count, classes)
    after = torch.ones(count, classes)
    deletes = torch.rand(count, generator=generator) < config.deoptimisation
    low, high = config.switch
    switch = (config.steps * (low + (high - low) * torch.rand(count, generator=generator))).long()
    rates = torch.tensor(config.undersampling)
    for run in range(count):
        if deletes[run]:
            after[run, _draw_classes(free, holdout, generator)] = 0.0
            continue
        switch[run] = 0
        chosen = _draw_classes(free, holdout, generator, allow_none=True)
        after[run, chosen] = rates[torch.randint(len(rates), (len(chosen),), generator=generator)]
        if (
            deleted_classes(after[run]) in holdout
            or deleted_classes(after[run], STRONGLY_UNDERSAMPLED) in holdout
        ):
            after[run, chosen] = 1.0
    low, high = config.learning_rates
    learning_rates = low * (high / low) ** torch.rand(count, generator=generator)
    review_steps, reviews = _draw_reviews(config, switch, generator)
    return Plan(Curriculum(before, after, switch), learning_rates, review_steps, reviews)


def _draw_recipes(recipes: int, count: int, generator: torch.Generator) -> Iterator[tuple[int, Tensor]]:
    """Each recipe's index with the runs, of ``count``, that drew it, unless none did."""
    # A single recipe is no draw: the random numbers are then those of a collection that knows no others.
    drawn = torch.randint(recipes, (count,), generator=generator) if recipes > 1 else torch.zeros(count)
    for index in range(recipes):
        rows = torch.nonzero(drawn == index).flatten()
        if len(rows):
            yield index, rows


def _draw_classes(
    free: list[int], holdout: list[tuple[int, ...]], generator: torch.Generator, allow_none: bool = False
) -> list[int]:
    """A random set of free classes that is not held out; its size is uniform, so that single classes are
    common.
    """
    while True:
        size = int(torch.randint(0 if allow_none else 1, len(free) + 1, (), generator=generator))
        chosen = sorted(
            free[index] for index in torch.randperm(len(free), generator=generator)[:size].tolist()
        )
        if tuple(chosen) not in holdout:
            return chosen


def deleted_classes(rates: Tensor, below: float = 0.0) -> tuple[int, ...]:
    """The classes whose keep rate, of ``rates`` (C,), is ``below`` or less."""
    return tuple(torch.nonzero(rates <= below).flatten().tolist())


def _draw_reviews(
    config: CollectionConfig, switch: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Review steps (G,), and for each run (R, G) which of them it is reviewed at.

    Always at its end and at the last review before a deletion: between these two lies what an edit has to
    learn.

    ``uniform`` reviews all steps alike; ``early`` reviews more often after the start and after a deletion,
    where losses move fast;
    ``ends`` prefers the first and the last steps.
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


def _run(
    layout: Layout,
    train: Split,
    review: Split,
    recipe: RecipeConfig,
    config: CollectionConfig,
    plan: Plan,
    starts: Tensor,
    admission: Admission,
    generator: torch.Generator,
) -> dict[str, np.ndarray]:
    count, classes, checkpoints = starts.shape[0], layout.classes, config.checkpoints
    theta = torch.zeros(count, checkpoints + 1, layout.size)
    losses = torch.zeros(count, checkpoints + 1, classes)
    correct = torch.zeros(count, checkpoints + 1, classes, dtype=torch.int32)
    step_of = torch.zeros(count, checkpoints + 1, dtype=torch.int32)
    saved = torch.zeros(count, dtype=torch.int64)
    # Decisions have a stream of their own: one decided otherwise leaves the minibatches as they are.
    decisions = torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=generator)))

    def keep(step: int, params: Tensor, rows: Tensor, step_losses: Tensor, step_correct: Tensor) -> None:
        slots = saved[rows]
        theta[rows, slots] = params[rows]
        losses[rows, slots] = step_losses[rows]
        correct[rows, slots] = step_correct[rows].int()
        step_of[rows, slots] = step
        saved[rows] += 1

    def observe(step: int, params: Tensor) -> None:
        logits = forward(params, layout, review.images)
        step_losses = class_losses(logits, review.labels, classes)
        step_correct = correct_counts(logits, review.labels, classes)
        if step == 0:
            keep(step, params, torch.arange(count), step_losses, step_correct)
            return
        due = plan.reviews[:, int((plan.review_steps == step).nonzero())] & (saved <= checkpoints)
        rows = admission.admit(torch.nonzero(due).flatten(), step_losses, step_correct, decisions)
        keep(step, params, rows, step_losses, step_correct)

    observe(0, starts)
    train_population(
        starts,
        layout,
        train.images,
        train.labels,
        recipe,
        config.steps,
        plan.curriculum,
        plan.learning_rates,
        generator,
        observe,
        frozenset(plan.review_steps.tolist()),
    )
    return {
        "theta": theta.numpy(),
        "loss": losses.numpy(),
        "correct": correct.numpy(),
        "step": step_of.numpy(),
        "saved": saved.numpy(),
        "switch": plan.curriculum.switch.numpy(),
        "rate_before": plan.curriculum.before.numpy(),
        "rate_after": plan.curriculum.after.numpy(),
        "learning_rate": (plan.learning_rates * recipe.learning_rate).numpy(),
    }
