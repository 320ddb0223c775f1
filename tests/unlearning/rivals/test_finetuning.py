"""Finetuning on retained images, for as long as validation images say, and masked outputs."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.metrics.measuring import Outcomes
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals import tuning
from hyperforget.unlearning.rivals.finetuning import LENGTHS, finetune
from hyperforget.unlearning.rivals.mask import mask_outputs

LAYOUT, FORGET = PerceptronLayout((6, 8, 4)), torch.tensor([False, True, False, False])
RECIPE = RecipeConfig(steps=200, batch_size=32, learning_rate=0.3, weight_decay=0.01)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split_of(seed: int) -> Split:
    labels = torch.arange(80) % 4
    return Split(0.5 * torch.randn(80, 6, generator=generator(seed)) + 2 * F.one_hot(labels, 6), labels, 4)


TRAIN, VALIDATION = split_of(0), split_of(1)


@pytest.fixture(scope="module")
def originals() -> Networks:
    everything = constant_curriculum(torch.ones(3, 4))
    return train_population(initialise(LAYOUT, 3, generator()), TRAIN, RECIPE, everything, generator(1))


def assigned(originals: Networks, train: Split = TRAIN) -> Assignment:
    return Assignment(originals, FORGET, train, VALIDATION, RECIPE, generator(2))


def test_finetuning_sees_retained_images_alone(originals: Networks) -> None:
    noise = torch.where(FORGET[TRAIN.labels].unsqueeze(1), 100.0, TRAIN.images)
    same = finetune(assigned(originals, Split(noise, TRAIN.labels, 4)))
    torch.testing.assert_close(same.params, finetune(assigned(originals)).params)


@pytest.mark.parametrize("best", range(len(LENGTHS)))
def test_finetuning_takes_the_length_that_validation_images_prefer(
    originals: Networks, best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []

    def merit(outcomes: Outcomes, forget: Tensor, forgotten_up_to: float) -> tuple[float, float, float]:
        assert torch.equal(outcomes.sizes, VALIDATION.class_sizes)
        seen.append(forgotten_up_to)
        return 0.0, (0.0 if len(seen) == best + 1 else 1.0), 0.0

    monkeypatch.setattr(tuning, "merit", merit)
    found = finetune(assigned(originals))
    steps = round(LENGTHS[best] * RECIPE.steps)
    shown = constant_curriculum((~FORGET).float().expand(3, -1))
    expected = train_population(originals, TRAIN, RECIPE.model_copy(update={"steps": steps}), shown, generator(2))
    torch.testing.assert_close(found.params, expected.params)
    assert seen == [0.0] * len(LENGTHS)


def test_masked_outputs_are_never_answered_and_leave_all_others_as_they_are(originals: Networks) -> None:
    masked = mask_outputs(assigned(originals))
    before, after = forward(originals, TRAIN.images), forward(masked, TRAIN.images)
    assert torch.equal(after[..., ~FORGET], before[..., ~FORGET])
    assert not FORGET[after.argmax(-1)].any()
    assert torch.equal(after[..., ~FORGET].argmax(-1), before[..., ~FORGET].argmax(-1))
