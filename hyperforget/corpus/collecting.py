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

from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.corpus.admission import Admission
from hyperforget.corpus.segment import empty_segment, keep
from hyperforget.data.splits import Split
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import Curriculum, train_population
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State

# Up to this keep rate a class counts as unseen when a run is compared with the held-out forget sets.
STRONGLY_UNDERSAMPLED = 0.05
_NETWORKS_AT_ONCE = 250


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
    resuming: Resuming = NOT_RESUMING,
) -> tuple[dict[str, np.ndarray], Admission]:
    """Train ``runs`` networks and return their admitted checkpoints as `SEGMENT_ARRAYS`, with the admission's
    counts; both splits lie on the device that computes.

    Checkpoint 0 of every run is its start. ``review`` is the split whose class losses (nats) condition and
    admit: validation, or test under the thesis' protocol. Each run draws one of ``recipes``, all alike. Rows
    beyond ``saved`` are zero.
    """
    free = [label for label in range(layout.classes) if label not in pivots]
    admission = Admission(config, pivots, free, runs, review.class_sizes)
    segment = empty_segment(runs, config.checkpoints, layout)
    # Decisions have a stream of their own: one decided otherwise leaves the minibatches as they are.
    decisions = torch.Generator()
    done = begun = 0
    before_plan = generator.get_state()

    def state() -> State:
        generators = {"before plan": before_plan, "decisions": decisions.get_state()}
        return State({name: array[:begun] for name, array in segment.items()} | generators, {"done": done})

    with resuming.part("run", state) as found, resuming.part("admission", admission.state) as decided:
        if found is not None and decided is not None:
            for name, array in segment.items():
                array[: len(found.tensors[name])] = found.tensors[name]
            done = found.facts["done"]
            generator.set_state(found.tensors["before plan"])
            decisions.set_state(found.tensors["decisions"])
            admission.restore(decided)
            # A gigabyte at the thesis' scale.
            found.tensors.clear()
        for first in range(done - done % _NETWORKS_AT_ONCE, runs, _NETWORKS_AT_ONCE):
            before_plan, begun = generator.get_state(), first
            count = min(_NETWORKS_AT_ONCE, runs - first)
            plan = plan_runs(config, layout.classes, free, holdout, count, generator)
            for index, rows in _draw_recipes(len(recipes), count, generator):
                begun += len(rows)
                if begun <= done:
                    continue
                starts = (
                    initialise(layout, len(rows), generator, recipes[index].initialisation)
                    if shared_start is None
                    else shared_start.expand(len(rows), -1)
                )
                own = {name: array[begun - len(rows) : begun] for name, array in segment.items()}
                own["recipe"][:] = index
                _run(
                    layout, train, review, recipes[index], config, plan.take(rows), starts, own, admission,
                    decisions, generator, resuming,
                )  # fmt: skip
                done = begun
    return {name: array.numpy() for name, array in segment.items()}, admission


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
    segment: dict[str, Tensor],
    admission: Admission,
    decisions: torch.Generator,
    generator: torch.Generator,
    resuming: Resuming,
) -> None:
    """Train the runs of a plan by one recipe and fill the arrays of their ``segment``."""
    curriculum = plan.curriculum
    segment["switch"][:] = curriculum.switch
    segment["rate_before"][:] = curriculum.before
    segment["rate_after"][:] = curriculum.after
    segment["learning_rate"][:] = plan.learning_rates * recipe.learning_rate

    def observe(step: int, params: Tensor) -> None:
        outcomes = measure(Networks(params, layout), review)
        if step == 0:
            rows = torch.arange(params.shape[0])
        else:
            due = plan.reviews[:, int((plan.review_steps == step).nonzero())]
            due = due & (segment["saved"] <= config.checkpoints)
            rows = admission.admit(torch.nonzero(due).flatten(), outcomes, decisions)
        keep(segment, rows, step, params, outcomes)

    # Runs that were stopped on their way have saved their starts.
    if not segment["saved"].any():
        decisions.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        observe(0, starts)
    train_population(
        starts,
        layout,
        train.images,
        train.labels,
        recipe,
        config.steps,
        curriculum,
        plan.learning_rates,
        generator,
        observe,
        frozenset(plan.review_steps.tolist()),
        resuming,
    )
