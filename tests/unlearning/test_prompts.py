"""Prompts against numpy's quantiles, and against the levels of networks that know all classes but a set."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config import PromptConfig
from hyperforget.config.performance import Performance
from hyperforget.unlearning.levels import fit_levels
from hyperforget.unlearning.prompts import best_prompt, prompt_grid

CONFIG = PromptConfig(conditional=False, forget=[0.3, 0.9, 0.5], retain=[0.1, 0.5])
FORGET = torch.tensor([False, True, False, True])
CHECKPOINTS = 101
RNG = np.random.default_rng(0)
LOSSES = RNG.gamma(1.0, 2.0, size=(CHECKPOINTS, 4)).astype(np.float32)
# Of 100 images a class: 0 and 1 correct ones are forgotten, from 50 on a class is known.
CORRECT = RNG.choice([0, 1, 2, 49, 50, 90], size=(CHECKPOINTS, 4))
DISCRIMINABILITY = RNG.gamma(2.0, 1.0, size=(CHECKPOINTS, 4)).astype(np.float32)
NEVER_SEEN = RNG.random(size=(CHECKPOINTS, 4)) < 0.4
BOTH = Performance(also=("discriminability",))
PAIRS = [(0.3, 0.1), (0.3, 0.5), (0.9, 0.1), (0.9, 0.5), (0.5, 0.1), (0.5, 0.5)]


def outcomes_of(
    losses: np.ndarray = LOSSES, correct: np.ndarray = CORRECT, never_seen: np.ndarray = NEVER_SEEN
) -> CorpusOutcomes:
    arrays = (
        losses,
        correct,
        DISCRIMINABILITY[: len(losses)],
        DISCRIMINABILITY[: len(losses)] + 1,
        np.full(4, 100),
        never_seen[: len(losses)],
    )
    done, right, outputs, hidden, sizes, unseen = (torch.from_numpy(array) for array in arrays)
    return CorpusOutcomes(done, right, outputs, hidden, sizes, unseen)


def grid(
    losses: np.ndarray = LOSSES,
    correct: np.ndarray = CORRECT,
    never_seen: np.ndarray = NEVER_SEEN,
    performance: Performance | None = None,
) -> np.ndarray:
    outcomes = outcomes_of(losses, correct, never_seen)
    return prompt_grid(outcomes, FORGET, CONFIG, performance or Performance()).numpy()


def test_every_pair_of_quantiles_is_a_prompt_forget_quantiles_outermost() -> None:
    prompts = grid()
    assert prompts.shape == (6, 4)
    assert np.isfinite(prompts).all()
    for prompt, (high, low) in zip(prompts, PAIRS, strict=True):
        for label in range(4):
            losses, correct = LOSSES[:, label].astype(np.float64), CORRECT[:, label]
            among = correct <= 1 if FORGET[label] else correct >= 50
            expected = np.quantile(losses[among], high if FORGET[label] else low)
            assert prompt[label] == pytest.approx(expected, rel=1e-5)


def test_where_discriminability_is_told_what_never_saw_a_class_says_how_it_is_forgotten() -> None:
    """Losses of all classes, then their discriminability at one minus the quantile, of the same checkpoints."""
    prompts = grid(performance=BOTH)
    assert prompts.shape == (6, 8)
    for prompt, (high, low) in zip(prompts, PAIRS, strict=True):
        for label in range(4):
            correct, quantile = CORRECT[:, label], high if FORGET[label] else low
            among = (correct <= 1) & NEVER_SEEN[:, label] if FORGET[label] else correct >= 50
            assert 0 < among.sum() < CHECKPOINTS / 2
            loss = np.quantile(LOSSES[among, label].astype(np.float64), quantile)
            discriminable = np.quantile(DISCRIMINABILITY[among, label].astype(np.float64), 1 - quantile)
            assert prompt[label] == pytest.approx(loss, rel=1e-5)
            assert prompt[4 + label] == pytest.approx(discriminable, rel=1e-5)


def test_checkpoints_whose_runs_saw_a_class_change_nothing_of_how_it_is_forgotten() -> None:
    losses = np.where((CORRECT <= 1) & ~NEVER_SEEN, 100 + LOSSES, LOSSES).astype(np.float32)
    assert (losses[:, FORGET.numpy()] != LOSSES[:, FORGET.numpy()]).any()
    np.testing.assert_array_equal(grid(losses, performance=BOTH), grid(performance=BOTH))
    assert (grid(losses)[:, FORGET.numpy()] != grid()[:, FORGET.numpy()]).any()


def test_the_higher_the_loss_asked_for_the_lower_the_discriminability() -> None:
    config = PromptConfig(conditional=False, forget=[0.1, 0.4, 0.6, 0.9], retain=[0.5])
    prompts = prompt_grid(outcomes_of(), FORGET, config, BOTH)
    losses, discriminable = prompts[:, :4][:, FORGET], prompts[:, 4:][:, FORGET]
    assert (losses.diff(dim=0) > 0).all()
    assert (discriminable.diff(dim=0) < 0).all()


def test_a_class_that_all_have_seen_is_asked_for_what_those_have_that_do_not_answer_it() -> None:
    never_seen = NEVER_SEEN.copy()
    never_seen[:, 1] = False
    prompts, before = grid(never_seen=never_seen, performance=BOTH), grid(performance=BOTH)
    for row, (high, _) in enumerate(PAIRS):
        forgotten = CORRECT[:, 1] <= 1
        loss = np.quantile(LOSSES[forgotten, 1].astype(np.float64), high)
        discriminable = np.quantile(DISCRIMINABILITY[forgotten, 1].astype(np.float64), 1 - high)
        assert prompts[row, [1, 5]].tolist() == pytest.approx([loss, discriminable], rel=1e-4)
    np.testing.assert_array_equal(np.delete(prompts, [1, 5], axis=1), np.delete(before, [1, 5], axis=1))
    np.testing.assert_array_equal(grid(never_seen=never_seen), grid())


def test_a_class_that_none_has_forgotten_is_asked_for_its_highest_losses() -> None:
    correct = CORRECT.copy()
    correct[:, 1] = 2
    prompts = grid(correct=correct)
    for row, high in enumerate((0.3, 0.3, 0.9, 0.9, 0.5, 0.5)):
        expected = np.quantile(LOSSES[:, 1].astype(np.float64), 0.95 + 0.05 * high)
        assert prompts[row, 1] == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(np.delete(prompts, 1, axis=1), np.delete(grid(), 1, axis=1))


def test_a_class_that_none_knows_is_asked_for_a_quantile_of_all() -> None:
    correct = CORRECT.copy()
    correct[:, 0] = 49
    for row, low in enumerate((0.1, 0.5) * 3):
        expected = np.quantile(LOSSES[:, 0].astype(np.float64), low)
        assert grid(correct=correct)[row, 0] == pytest.approx(expected, rel=1e-5)


def test_one_checkpoint_is_enough() -> None:
    prompts = grid(LOSSES[:1], CORRECT[:1])
    np.testing.assert_array_equal(prompts, np.broadcast_to(LOSSES[0], (6, 4)))
    both = grid(LOSSES[:1], CORRECT[:1], performance=BOTH)
    np.testing.assert_array_equal(both, np.broadcast_to([*LOSSES[0], *DISCRIMINABILITY[0]], (6, 8)))


@pytest.mark.parametrize("performance", [Performance(), BOTH])
def test_conditional_prompts_are_the_levels_of_the_set_at_both_quantiles(performance: Performance) -> None:
    config = PromptConfig(forget=CONFIG.forget, retain=CONFIG.retain)
    prompts = prompt_grid(outcomes_of(), FORGET, config, performance)
    table = fit_levels(outcomes_of(), performance)
    for row, (departure, goodness) in enumerate(PAIRS):
        torch.testing.assert_close(prompts[row], table.ask(FORGET.unsqueeze(0), departure, goodness)[0])
    np.testing.assert_array_equal(prompt_grid(outcomes_of(), FORGET, config, performance, table), prompts)


def test_of_a_set_that_none_has_forgotten_conditional_prompts_are_those_of_its_classes_alone() -> None:
    correct = CORRECT.copy()
    correct[:, 1] = 60
    conditional = PromptConfig(forget=CONFIG.forget, retain=CONFIG.retain)
    prompts = prompt_grid(outcomes_of(correct=correct), FORGET, conditional, BOTH)
    np.testing.assert_array_equal(prompts[:, 1], grid(correct=correct, performance=BOTH)[:, 1])
    assert (prompts[:, 3].numpy() != grid(correct=correct, performance=BOTH)[:, 3]).any()


@given(
    values=st.lists(st.floats(0, 50, width=32), min_size=1, max_size=30),
    quantile=st.floats(0, 1),
)
@settings(max_examples=100, deadline=None)
def test_quantiles_equal_numpys(values: list[float], quantile: float) -> None:
    losses = torch.tensor([[value, value] for value in values])
    config = PromptConfig(conditional=False, forget=[quantile], retain=[quantile])
    forget = torch.tensor([True, False])
    correct = torch.tensor([0, 1]).expand(len(values), 2)
    unseen = torch.tensor([True, False]).expand(len(values), 2)
    outcomes = CorpusOutcomes(losses, correct, losses, losses, torch.ones(2), unseen)
    expected, mirrored = np.quantile(np.array(values, dtype=np.float64), [quantile, 1 - quantile])
    for performance, wanted in ((Performance(), [expected] * 2), (BOTH, [expected] * 2 + [mirrored] * 2)):
        prompt = prompt_grid(outcomes, forget, config, performance)
        np.testing.assert_allclose(prompt.numpy(), [wanted], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("share", "count"), [(1e-9, 1), (0.05, 5), (0.5, 50), (1.0, CHECKPOINTS)])
def test_the_best_prompt_is_the_median_of_those_with_the_lowest_mean_loss(share: float, count: int) -> None:
    best = LOSSES.mean(axis=1).argsort()[:count]
    losses = torch.from_numpy(LOSSES)
    np.testing.assert_allclose(best_prompt(losses, losses, share), np.median(LOSSES[best], axis=0), rtol=1e-6)
    # Whatever a hypernetwork is told, the same checkpoints are the best.
    told = best_prompt(losses, torch.from_numpy(DISCRIMINABILITY[:, :1]), share)
    np.testing.assert_allclose(told, np.median(DISCRIMINABILITY[best, :1], axis=0), rtol=1e-6)
