"""Learned and hand-made optimisers side by side: how good networks are after each number of updates."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from hyperforget.config import OptimizersConfig, RecipeConfig, SamplingConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.hypernet.sampling import chain_networks
from hyperforget.hypernet.stored import StoredHypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import Hooks, constant_curriculum, train_population
from hyperforget.runtime.resuming import NOT_RESUMABLE, Resumable
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
    """The task's recipe, and recipes of the optimiser that it does not use, as torch has it by default, one a
    learning rate.
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
    hypernet: StoredHypernetwork,
    prompt: Tensor,
    starts: Tensor,
    data: TaskData,
    split: Split,
    recipe: RecipeConfig,
    config: OptimizersConfig,
    sampling: SamplingConfig,
    generator: torch.Generator,
    minibatches: Callable[[], torch.Generator],
    resumable: Resumable = NOT_RESUMABLE,
) -> list[OptimizerRow]:
    """The networks ``starts`` (S, P) on the way towards ``prompt`` (K,), and trained by each of `rival_recipes`.

    ``split`` conditions the hypernetwork; all are measured on test images. ``minibatches()`` gives all rivals the same
    numbers.
    """
    layout = hypernet.model.layout
    rows: list[OptimizerRow] = []
    done = 0

    def state() -> State:
        return State({}, {"done": done, "rows": list(map(asdict, rows))})

    with resumable.part("optimizer", state) as found:
        if found is not None:
            done, rows = found.facts["done"], [OptimizerRow(**row) for row in found.facts["rows"]]
        if done == 0:
            chain = chain_networks(
                hypernet, prompt, starts, config.updates, split, sampling, generator, resumable
            )
            rows += optimizer_rows(HYPERNETWORK, None, dict(enumerate(chain.params)), layout, data.test)
            done = 1
        for rival in rival_recipes(recipe, config)[done - 1 :]:
            networks = descend(starts, layout, data.train, rival, minibatches(), resumable)
            rows += optimizer_rows(rival.optimizer, rival.learning_rate, networks, layout, data.test)
            done += 1
    return rows


def descend(
    starts: Tensor,
    layout: Layout,
    split: Split,
    recipe: RecipeConfig,
    generator: torch.Generator,
    resumable: Resumable = NOT_RESUMABLE,
) -> dict[int, Tensor]:
    """Train ``starts`` (S, P) on all classes of ``split`` as ``recipe`` says; networks (S, P) by number of steps."""
    networks = {0: starts}
    count = starts.shape[0]

    def keep(step: int, trained: Networks) -> None:
        networks[step] = trained.params.cpu()

    def state() -> State:
        return State({str(step): params for step, params in networks.items()})

    with resumable.part("networks", state) as found:
        if found is not None:
            networks = dict(sorted((int(step), params) for step, params in found.tensors.items()))
        train_population(
            Networks(starts, layout),
            split,
            recipe,
            constant_curriculum(torch.ones(count, layout.classes)),
            generator,
            Hooks(keep, frozenset(observed_steps(recipe.steps)), resumable),
        )
    return networks


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
