"""Descending a loss of a rival's own with all networks at once, by the update rule of their recipe.

Minibatches are the same for all networks, which otherwise have nothing to do with each other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.update_rules import UPDATE_RULES
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.tuning import best


@dataclass(frozen=True)
class Grid:
    """What is tried: factors ``rates`` on the learning rate of the recipe, and ``lengths``, numbers of steps as shares
    of those that the originals were trained.
    """

    rates: tuple[float, ...] = (0.1, 1.0)
    lengths: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)

    def steps(self, recipe: RecipeConfig) -> tuple[int, ...]:
        """The lengths in steps, each at least 1, rising."""
        return tuple(sorted({max(1, round(share * recipe.steps)) for share in self.lengths}))


GRID = Grid()

# Logits (N, C, B) on images (B, D), or on (N, B, D) of each network's own.
Answer = Callable[[Tensor], Tensor]
# The loss of each network (N,) at a step, counted from 1.
Loss = Callable[[Answer, int], Tensor]


@dataclass(frozen=True)
class Pool:
    """Training ``images`` (B, D) with the ``labels`` (B,) that networks are to answer, of which minibatches of ``size``
    are drawn with replacement.
    """

    images: Tensor
    labels: Tensor
    size: int
    generator: torch.Generator

    @classmethod
    def of(cls, assignment: Assignment, classes: Tensor) -> "Pool":
        """Of the classes bool (C,), or groups."""
        train, shown = assignment.train, classes[assignment.train.labels]
        return cls(train.images[shown], train.targets[shown], assignment.recipe.batch_size, assignment.generator)

    def rows(self) -> Tensor:
        """Which images a minibatch has (size,)."""
        return torch.randint(len(self.labels), (self.size,), generator=self.generator).to(self.labels.device)

    def draw(self) -> tuple[Tensor, Tensor]:
        """The images (size, D) of a minibatch and their labels (size,)."""
        rows = self.rows()
        return self.images[rows], self.labels[rows]

    @property
    def epoch(self) -> int:
        """Minibatches that have as many images as there are."""
        return -(-len(self.labels) // self.size)


@dataclass(frozen=True)
class Schedule:
    """A factor ``rate`` on the recipe's learning rate, and after which numbers of steps, ``lengths``, networks are
    handed on; of parameters only those are trained that ``trained`` marks, bool (P,) or (N, P), without it all.
    """

    rate: float
    lengths: tuple[int, ...]
    trained: Tensor | None = None


def descend(starts: Networks, recipe: RecipeConfig, loss: Loss, schedule: Schedule) -> Iterator[Networks]:
    """The networks after each of the schedule's lengths, in rising order, as ``recipe`` updates them by a ``loss``.

    Parameters that are not trained keep every bit, whatever momentum or penalty the recipe has.
    """
    layout, rule = starts.layout, UPDATE_RULES[recipe.optimizer]
    parts = [part.clone().requires_grad_() for part in layout.split(starts.params.detach())]
    slots = [[torch.zeros_like(part) for _ in range(rule.slots)] for part in layout.split(starts.params)]
    rate = parts[0].new_full((), schedule.rate * recipe.learning_rate)
    masks = None
    if schedule.trained is not None:
        masks = layout.split(schedule.trained.expand(len(starts), -1))

    def answer(images: Tensor) -> Tensor:
        return answers(layout, parts, images)

    for step in range(1, max(schedule.lengths) + 1):
        gradients = torch.autograd.grad(loss(answer, step).sum(), parts)
        with torch.no_grad():
            for index, (part, gradient, own) in enumerate(zip(parts, gradients, slots, strict=True)):
                before = part.clone() if masks else part
                rule.update(part, gradient, own, rate, step, recipe)
                if masks:
                    part.copy_(torch.where(masks[index], part, before))
        if step in schedule.lengths:
            yield Networks(layout.join([part.detach() for part in parts]), layout)


def answers(layout: Layout, parts: list[Tensor], images: Tensor) -> Tensor:
    """Logits (N, C, B) of networks, in parts as `Layout.split` gives them, on images (B, D) for all or (N, B, D), some
    for each.
    """
    if images.dim() == 2:
        return layout.forward_parts(parts, images.T)[1]

    def of_one(own: list[Tensor], shown: Tensor) -> Tensor:
        return layout.forward_parts([part.unsqueeze(0) for part in own], shown.T)[1].squeeze(0)

    found: Tensor = torch.func.vmap(of_one)(parts, images)
    return found


def tuned(assignment: Assignment, loss: Loss, made: str, grid: Grid = GRID, trained: Tensor | None = None) -> Networks:
    """The originals after descending a loss at the rate, and for the length, of a grid that are best.

    Raises `UserError`, which calls them as ``made`` says, where all diverge.
    """
    originals, recipe = assignment.originals, assignment.recipe
    schedules = (Schedule(rate, grid.steps(recipe), trained) for rate in grid.rates)
    found = (networks for schedule in schedules for networks in descend(originals, recipe, loss, schedule))
    return best(found, assignment, made)
