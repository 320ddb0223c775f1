"""Learned and hand-made optimisers side by side: how good networks are after each number of updates."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from hyperforget.config import OptimizersConfig, RecipeConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.training import Hooks, constant_curriculum, train_population
from hyperforget.records.hypernets import Optimizer, OptimizerRow
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State

HYPERNETWORK: Optimizer = "hypernetwork"


def rival_recipes(recipe: RecipeConfig, config: OptimizersConfig) -> list[RecipeConfig]:
    """The task's recipe, and recipes of the optimiser that it does not use, as torch has it by default, one
    a learning rate.
    """
    other, learning_rates = (
        ("adam", config.adam_learning_rates) if recipe.optimizer == "sgd" else ("sgd", config.sgd_learning_rates)
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
    learned: Sequence[Networks],
    data: TaskData,
    rivals: list[RecipeConfig],
    minibatches: Callable[[], torch.Generator],
    resuming: Resuming = NOT_RESUMING,
) -> list[OptimizerRow]:
    """The networks ``learned`` after 0, 1, … updates by a hypernetwork, and what each recipe of ``rivals`` makes of the
    first of them, all measured on test images.

    ``minibatches()`` gives all rivals the same numbers.
    """
    rows = optimizer_rows(HYPERNETWORK, None, dict(enumerate(learned)), data.test)
    for rival in rivals:
        networks = descend(learned[0], data.train, rival, minibatches(), resuming)
        rows += optimizer_rows(rival.optimizer, rival.learning_rate, networks, data.test)
    return rows


def descend(
    starts: Networks,
    split: Split,
    recipe: RecipeConfig,
    generator: torch.Generator,
    resuming: Resuming = NOT_RESUMING,
) -> dict[int, Networks]:
    """Train ``starts`` on all classes of ``split`` as ``recipe`` says; networks by number of steps."""
    steps = observed_steps(recipe.steps)

    def train() -> Tensor:
        networks = [starts.params]
        with resuming.part("networks", lambda: State({"networks": torch.stack(networks)})) as saved:
            if saved is not None:
                networks[:] = saved.tensors["networks"]
            shown = constant_curriculum(torch.ones(len(starts), split.classes))
            hooks = Hooks(lambda _, after: networks.append(after.params.cpu()), frozenset(steps), resuming)
            train_population(starts, split, recipe, shown, generator, hooks)
        return torch.stack(networks)

    trained = (Networks(params, starts.layout) for params in resuming.remember("descent", train))
    return dict(zip([0, *steps], trained, strict=True))


def optimizer_rows(
    optimizer: Optimizer, learning_rate: float | None, networks: Mapping[int, Networks], split: Split
) -> list[OptimizerRow]:
    """One row a network, of ``networks`` by number of updates, measured on ``split``."""
    rows = []
    for update, after in networks.items():
        measured = measure(after, split)
        accuracies = measured.correct.sum(dim=1).double() / split.class_sizes.sum()
        outcomes = zip(measured.losses.mean(dim=1).tolist(), accuracies.tolist(), strict=True)
        rows += [
            OptimizerRow(optimizer, learning_rate, update, network, loss, accuracy)
            for network, (loss, accuracy) in enumerate(outcomes)
        ]
    return rows
