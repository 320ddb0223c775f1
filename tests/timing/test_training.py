"""The price of retraining, from a tenth of it."""

import pytest
import torch

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.timing import training

LAYOUT = PerceptronLayout((5, 4, 3))
TRAIN = Split(torch.randn(30, 5, generator=torch.Generator().manual_seed(1)), torch.arange(30) % 3, 3)


class Clock:
    """Time that passes when networks are trained, by a second a step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.steps: list[int] = []
        self.networks: list[int] = []
        monkeypatch.setattr(training, "train_population", self.train)
        monkeypatch.setattr("time.process_time", lambda: self.now)

    def train(self, starts: Networks, split: Split, recipe: RecipeConfig, *given: object) -> None:
        self.steps.append(recipe.steps)
        self.networks.append(len(starts))
        self.now += recipe.steps


@pytest.mark.parametrize(("steps", "timed"), [(1000, 100), (200, 50), (20, 20)])
def test_a_tenth_of_the_steps_stands_for_all(monkeypatch: pytest.MonkeyPatch, steps: int, timed: int) -> None:
    clock = Clock(monkeypatch)
    assert training.seconds_of_training(LAYOUT, TRAIN, RecipeConfig(steps=steps), 7) == pytest.approx(steps)
    assert (clock.steps, clock.networks) == ([timed], [7])


def test_it_trains_and_leaves_random_numbers_alone() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert 0 < training.seconds_of_training(LAYOUT, TRAIN, RecipeConfig(steps=60), 1) < 60
    assert torch.equal(torch.get_rng_state(), before)


def test_an_epoch_is_as_many_minibatches_as_hold_the_training_images() -> None:
    assert training.steps_of_an_epoch(TRAIN, RecipeConfig(batch_size=12)) == 2.5
