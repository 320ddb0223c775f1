"""Learned and hand-made optimisers side by side: how good networks are after each number of updates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import OptimizersConfig, RecipeConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State

HYPERNETWORK = "hypernetwork"


@dataclass(frozen=True)
class OptimizerRow:
    """One network after a number of updates: mean loss over classes in nats, and accuracy.

    ``optimizer`` is `HYPERNETWORK`, which has no ``learning_rate``, or that of a recipe.
    """

    optimizer: str
    learning_rate: float | None
    update: int
    network: int
    loss: float
    accuracy: float


def rival_recipes(recipe: RecipeConfig, config: OptimizersConfig) -> list[RecipeConfig]:
    """The task's recipe, and recipes of the optimiser that it does not use, as torch has it by default, one
    a learning rate.
    """
    other, learning_rates = (
        ("adam", config.adam_learning_rates)
        if recipe.optimizer == "sgd"
        else ("sgd", config.sgd_learning_rates)
    )
    defaults = {"optimizer": other, "momentum": 0.0, "weight_decay": 0.0}
    return [
        recipe,
        *(recipe.model_copy(update=defaults | {"learning_rate": rate}) for rate in learning_rates),
    ]


def observed_steps(last: int) -> list[int]:
    """Steps after which networks are measured, from 1 to ``last``: each about √2 times the one before."""
    powers = (round(2 ** (half / 2)) for half in range(2 * last.bit_length()))
    return sorted({step for step in powers if step <= last} | {last})


def compare_optimizers(
    learned: Tensor,
    layout: Layout,
    data: TaskData,
    rivals: list[RecipeConfig],
    minibatches: Callable[[], torch.Generator],
    resuming: Resuming = NOT_RESUMING,
) -> list[OptimizerRow]:
    """The networks ``learned`` (U + 1, S, P) after 0, 1, … U updates by a hypernetwork, and what each recipe
    of ``rivals`` makes of the first of them, all measured on test images.

    ``minibatches()`` gives all rivals the same numbers.
    """
    rows = optimizer_rows(HYPERNETWORK, None, dict(enumerate(learned)), layout, data.test)
    for rival in rivals:
        networks = descend(learned[0], layout, data.train, rival, minibatches(), resuming)
        rows += optimizer_rows(rival.optimizer, rival.learning_rate, networks, layout, data.test)
    return rows


def descend(
    starts: Tensor,
    layout: Layout,
    split: Split,
    recipe: RecipeConfig,
    generator: torch.Generator,
    resuming: Resuming = NOT_RESUMING,
) -> dict[int, Tensor]:
    """Train ``starts`` (S, P) on all classes of ``split`` as ``recipe`` says; networks (S, P) by
    number of steps.
    """
    steps, count = observed_steps(recipe.steps), starts.shape[0]

    def train() -> Tensor:
        networks = [starts]
        with resuming.part("networks", lambda: State({"networks": torch.stack(networks)})) as saved:
            if saved is not None:
                networks[:] = saved.tensors["networks"]
            train_population(
                starts,
                layout,
                split.images,
                split.labels,
                recipe,
                recipe.steps,
                constant_curriculum(torch.ones(count, layout.classes)),
                torch.ones(count),
                generator,
                lambda step, params: networks.append(params.cpu()),
                frozenset(steps),
                resuming,
            )
        return torch.stack(networks)

    return dict(zip([0, *steps], resuming.remember("descent", train), strict=True))


def optimizer_rows(
    optimizer: str, learning_rate: float | None, networks: Mapping[int, Tensor], layout: Layout, split: Split
) -> list[OptimizerRow]:
    """One row a network of ``networks`` (S, P) by number of updates, measured on ``split``."""
    rows = []
    for update, params in networks.items():
        measured = measure(Networks(params, layout), split)
        accuracies = measured.correct.sum(dim=1).double() / split.class_sizes.sum()
        outcomes = zip(measured.losses.mean(dim=1).tolist(), accuracies.tolist(), strict=True)
        rows += [
            OptimizerRow(optimizer, learning_rate, update, network, loss, accuracy)
            for network, (loss, accuracy) in enumerate(outcomes)
        ]
    return rows
