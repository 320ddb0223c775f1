"""Prompts against numpy's quantiles."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.config import PromptConfig
from hyperforget.unlearning.prompts import best_prompt, prompt_grid

CONFIG = PromptConfig(forget=[0.3, 0.9, 0.5], retain=[0.1, 0.5])
FORGET = torch.tensor([False, True, False, True])
CHECKPOINTS = 101
RNG = np.random.default_rng(0)
LOSSES = RNG.gamma(1.0, 2.0, size=(CHECKPOINTS, 4)).astype(np.float32)
# Of 100 images a class: 0 and 1 correct ones are forgotten, from 50 on a class is known.
ACCURACIES = (RNG.choice([0, 1, 2, 49, 50, 90], size=(CHECKPOINTS, 4)) / 100).astype(np.float32)


def grid(losses: np.ndarray, accuracies: np.ndarray, forget: torch.Tensor = FORGET) -> np.ndarray:
    return prompt_grid(torch.from_numpy(losses), torch.from_numpy(accuracies), forget, CONFIG).numpy()


def test_every_pair_of_quantiles_is_a_prompt_forget_quantiles_outermost() -> None:
    prompts = grid(LOSSES, ACCURACIES)
    assert prompts.shape == (6, 4)
    assert np.isfinite(prompts).all()
    pairs = [(0.3, 0.1), (0.3, 0.5), (0.9, 0.1), (0.9, 0.5), (0.5, 0.1), (0.5, 0.5)]
    for prompt, (high, low) in zip(prompts, pairs, strict=True):
        for label in range(4):
            losses, accuracies = LOSSES[:, label].astype(np.float64), ACCURACIES[:, label]
            among = accuracies < 0.015 if FORGET[label] else accuracies > 0.495
            expected = np.quantile(losses[among], high if FORGET[label] else low)
            assert prompt[label] == pytest.approx(expected, rel=1e-5)


def test_a_class_that_none_has_forgotten_is_asked_for_its_highest_losses() -> None:
    accuracies = ACCURACIES.copy()
    accuracies[:, 1] = 0.02
    prompts = grid(LOSSES, accuracies)
    for row, high in enumerate((0.3, 0.3, 0.9, 0.9, 0.5, 0.5)):
        expected = np.quantile(LOSSES[:, 1].astype(np.float64), 0.95 + 0.05 * high)
        assert prompts[row, 1] == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(np.delete(prompts, 1, axis=1), np.delete(grid(LOSSES, ACCURACIES), 1, axis=1))


def test_a_class_that_none_knows_is_asked_for_a_quantile_of_all() -> None:
    accuracies = ACCURACIES.copy()
    accuracies[:, 0] = 0.49
    for row, low in enumerate((0.1, 0.5) * 3):
        expected = np.quantile(LOSSES[:, 0].astype(np.float64), low)
        assert grid(LOSSES, accuracies)[row, 0] == pytest.approx(expected, rel=1e-5)


def test_one_checkpoint_is_enough() -> None:
    prompts = grid(LOSSES[:1], ACCURACIES[:1])
    np.testing.assert_array_equal(prompts, np.broadcast_to(LOSSES[0], (6, 4)))


@given(
    values=st.lists(st.floats(0, 50, width=32), min_size=1, max_size=30),
    quantile=st.floats(0, 1),
)
@settings(max_examples=100, deadline=None)
def test_quantiles_equal_numpys(values: list[float], quantile: float) -> None:
    losses = torch.tensor([[value, value] for value in values])
    config = PromptConfig(forget=[quantile], retain=[quantile])
    forget = torch.tensor([True, False])
    accuracies = torch.tensor([0.0, 1.0]).expand(len(values), 2)
    prompt = prompt_grid(losses, accuracies, forget, config)
    expected = np.quantile(np.array(values, dtype=np.float64), quantile)
    np.testing.assert_allclose(prompt.numpy(), [[expected, expected]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("share", "count"), [(1e-9, 1), (0.05, 5), (0.5, 50), (1.0, CHECKPOINTS)])
def test_the_best_prompt_is_the_median_of_those_with_the_lowest_mean_loss(share: float, count: int) -> None:
    best = LOSSES.mean(axis=1).argsort()[:count]
    losses = torch.from_numpy(LOSSES)
    np.testing.assert_allclose(best_prompt(losses, losses, share), np.median(LOSSES[best], axis=0), rtol=1e-6)
    # Whatever a hypernetwork is told, the same checkpoints are the best.
    told = best_prompt(losses, torch.from_numpy(ACCURACIES[:, :1]), share)
    np.testing.assert_allclose(told, np.median(ACCURACIES[best, :1], axis=0), rtol=1e-6)
