"""Gradient descent from given starts, measured on the way."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config import OptimizersConfig, RecipeConfig, SamplingConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Sampling, chain
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.probing.optimizer_curves import (
    compare_optimizers,
    descend,
    observed_steps,
    optimizer_rows,
    rival_recipes,
)
from hyperforget.records.hypernets import OptimizerRow
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from tests.conftest import InPieces

CONFIG = OptimizersConfig(sgd_learning_rates=[0.3], adam_learning_rates=[0.002, 0.02])


def test_a_recipe_of_sgd_is_compared_with_adam_as_torch_has_it() -> None:
    recipe = RecipeConfig(learning_rate=0.2, momentum=0.9, weight_decay=0.1, batch_size=7)
    own, *others = rival_recipes(recipe, CONFIG)
    assert own == recipe
    assert [(other.optimizer, other.learning_rate) for other in others] == [("adam", 0.002), ("adam", 0.02)]
    for other in others:
        assert (other.momentum, other.weight_decay, other.batch_size) == (0, 0, 7)


def test_a_recipe_of_adam_is_compared_with_sgd() -> None:
    recipe = RecipeConfig(optimizer="adam", learning_rate=0.001, weight_decay=0.1)
    own, other = rival_recipes(recipe, CONFIG)
    assert own == recipe
    assert other == recipe.model_copy(update={"optimizer": "sgd", "learning_rate": 0.3, "weight_decay": 0.0})


def test_steps_between_powers_of_two_and_the_last() -> None:
    assert observed_steps(1) == [1]
    assert observed_steps(2) == [1, 2]
    assert observed_steps(30) == [1, 2, 3, 4, 6, 8, 11, 16, 23, 30]


@given(last=st.integers(1, 10**6))
def test_steps_rise_to_the_last_with_no_gap_above_two(last: int) -> None:
    steps = observed_steps(last)
    assert steps[0] == 1
    assert steps[-1] == last
    assert all(before < after <= 2 * before for before, after in pairwise(steps))


def test_networks_on_the_way_are_those_of_shorter_trainings(layout: Layout) -> None:
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.randn(30, 6, generator=generator), torch.arange(30).remainder(4), 4)
    starts = initialise(layout, 3, generator)
    recipe = RecipeConfig(steps=5, batch_size=8)
    found = descend(starts, split, recipe, torch.Generator().manual_seed(1))
    assert list(found) == [0, 1, 2, 3, 4, 5]
    assert torch.equal(found[0].params, starts.params)
    for steps in (1, 4, 5):
        expected = train_population(
            starts,
            split,
            recipe.model_copy(update={"steps": steps}),
            constant_curriculum(torch.ones(3, 4)),
            torch.Generator().manual_seed(1),
        )
        assert torch.equal(found[steps].params, expected.params)


def test_rows_hold_mean_class_loss_and_accuracy() -> None:
    layout = PerceptronLayout((2, 2, 2))
    # Without weights all logits are the biases of the output: 0 and ln 3, so probabilities 1/4 and 3/4.
    network = Networks(torch.zeros(1, layout.size), layout)
    network.params[0, -1] = torch.log(torch.tensor(3.0))
    split = Split(torch.zeros(5, 2), torch.tensor([0, 1, 1, 1, 1]), 2)
    (row,) = optimizer_rows("sgd", 0.1, {7: network}, split)
    assert (row.optimizer, row.learning_rate, row.update, row.network) == ("sgd", 0.1, 7, 0)
    # Classes count alike in the loss, however many images they have; the accuracy is over images.
    expected = torch.tensor([0.25, 0.75]).log().mean().neg()
    torch.testing.assert_close(torch.tensor(row.loss), expected)
    assert row.accuracy == 0.8
    rows = optimizer_rows("hypernetwork", None, {0: network[torch.tensor([0, 0])], 1: network}, split)
    assert [(row.update, row.network) for row in rows] == [(0, 0), (0, 1), (1, 0)]
    assert rows[0] == OptimizerRow("hypernetwork", None, 0, 0, row.loss, 0.8)


@pytest.mark.parametrize("kills", [[4], [10, 8], [20, 7, 1], [30]])
def test_a_comparison_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces: InPieces, build: Callable[..., Hypernetwork], layout: Layout, kills: list[int]
) -> None:
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.randn(30, 6, generator=generator), torch.arange(30).remainder(4), 4)
    data = TaskData(split, split, split, 0.0, 1.0, tuple(range(split.classes)))
    starts = initialise(layout, 3, generator)
    hypernet = TrainedHypernetwork(build("dihyfo-1"), PROCESSES["ddpm"], {})
    rivals = rival_recipes(RecipeConfig(steps=12, batch_size=8, momentum=0.9), CONFIG)

    def work(resuming: Resuming) -> list[OptimizerRow]:
        sampling = Sampling(SamplingConfig(steps=3), torch.Generator().manual_seed(1), resuming)
        learned = chain(hypernet, torch.full((4,), 0.3), starts, 2, split, sampling).networks
        minibatches = lambda: torch.Generator().manual_seed(2)  # noqa: E731
        return compare_optimizers(learned, data, rivals, minibatches, resuming)

    rows = in_pieces(work, kills)
    assert rows == work(NOT_RESUMING)
    # The hypernetwork's starts and two updates; steps 0, 1, 2, 3, 4, 6, 8, 11 and 12 of SGD and of Adam
    # at two rates.
    assert len(rows) == 3 * (3 + 9 + 2 * 9)
