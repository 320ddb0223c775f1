"""Levels of networks that know all classes but a set, against a corpus that is made by the rule that they assume."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config.performance import Performance
from hyperforget.unlearning.levels import ClassLevel, class_levels, expected_discriminability, quantile_of

CLASSES, SIZE = 4, 100
BOTH = Performance(also=("discriminability",))
# No checkpoint misses just classes 0 and 2.
STATES = [state for state in np.ndindex(2, 2, 2, 1) if state != (1, 0, 1, 0)]


def corpus(each: int = 5, noise: float = 0.0) -> CorpusOutcomes:
    """Checkpoints that miss some of the first three classes; what a class shows adds up over what is missing."""
    rng = np.random.default_rng(0)
    missing: np.ndarray = np.repeat(np.array(STATES), each, axis=0)  # (M, C)
    good = np.tile(np.linspace(-0.1, 0.1, each), len(STATES))[:, None]
    losses = 0.3 + 1.5 * missing + 0.1 * missing.sum(axis=1, keepdims=True) + good
    discriminable = 1.2 - 0.7 * missing - 0.1 * missing.sum(axis=1, keepdims=True) - good
    losses = losses + noise * rng.standard_normal(losses.shape)
    return CorpusOutcomes(
        torch.from_numpy(np.expm1(losses)).float(),
        torch.from_numpy(np.where(missing, 0, 90)),
        torch.from_numpy(np.expm1(discriminable)).float(),
        torch.from_numpy(np.expm1(discriminable)).float(),
        torch.full((CLASSES,), SIZE),
        torch.from_numpy(missing.astype(bool)),
    )


def levels(outcomes: CorpusOutcomes, forget: list[int], goodness: float = 0.5) -> list[ClassLevel]:
    mask = torch.zeros(CLASSES, dtype=torch.bool)
    mask[forget] = True
    found = class_levels(outcomes, mask, BOTH, [goodness])
    assert all(level is not None for level in found)
    return [level for level in found if level is not None]


@pytest.mark.parametrize("forget", [[0], [1, 2], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize(("goodness", "good"), [(0.0, -0.1), (0.5, 0.0), (1.0, 0.1)])
def test_what_adds_up_is_found_for_every_set_shown_or_not(forget: list[int], goodness: float, good: float) -> None:
    for label, level in enumerate(levels(corpus(), forget, goodness)):
        missing, count = float(label in forget), len(forget)
        expected = [0.3 + 1.5 * missing + 0.1 * count + good, 1.2 - 0.7 * missing - 0.1 * count - good]
        assert level.expected[0].tolist() == pytest.approx(expected, abs=1e-5)
        assert level.deviations.abs().max() < 1e-5


def test_it_is_the_linear_regression_of_scikit_learn() -> None:
    outcomes = corpus(each=20, noise=0.2)
    unknown = (~(outcomes.accuracies >= 0.5)).numpy().astype(float)
    losses = np.log1p(outcomes.losses.double().numpy())
    mean = np.array([row[known].mean() for row, known in zip(losses, unknown == 0, strict=True)])
    excess = mean - LinearRegression().fit(unknown, mean).predict(unknown)
    predictors = np.column_stack([unknown, excess])
    asked = [[1.0, 0.0, 1.0, 0.0, np.quantile(excess, 0.3)]]
    for label, level in enumerate(levels(outcomes, [0, 2], 0.3)):
        rows = (unknown[:, label] == 1) == (label in (0, 2))
        fitted = LinearRegression().fit(predictors[rows], losses[rows, label])
        assert level.expected[0, 0] == pytest.approx(fitted.predict(asked)[0])
        away = losses[rows, label] - fitted.predict(predictors[rows])
        np.testing.assert_allclose(level.deviations[:, 0], away, atol=1e-9)
        wanted = np.expm1(np.clip(fitted.predict(asked)[0] + np.quantile(away, 0.9), *level.range[:, 0].tolist()))
        assert level.at(torch.tensor([0.9, 0.5]))[0, 0] == pytest.approx(wanted, rel=1e-5)


def test_checkpoints_whose_runs_saw_a_class_do_not_show_how_it_is_told() -> None:
    outcomes = corpus()
    hidden = CorpusOutcomes(
        torch.cat([outcomes.losses] * 2),
        torch.cat([outcomes.correct] * 2),
        torch.cat([outcomes.discriminability, outcomes.discriminability + 2]),
        torch.cat([outcomes.separability] * 2),
        outcomes.sizes,
        torch.cat([outcomes.never_seen, torch.zeros_like(outcomes.never_seen)]),
    )
    for forget in ([1], [0, 2]):
        for label in forget:
            found, expected = levels(hidden, forget)[label], levels(outcomes, forget)[label]
            torch.testing.assert_close(found.expected, expected.expected)
    # Of losses alone, all that do not answer a class show it.
    mask = torch.tensor([False, True, False, False])
    alone = class_levels(hidden, mask, Performance(), [0.5])[1]
    assert alone is not None
    assert len(alone.deviations) == 2 * len(levels(outcomes, [1])[1].deviations)


def test_nothing_is_asked_for_beyond_what_was_seen() -> None:
    for level in levels(corpus(noise=0.3), [0, 2], 0.0):
        for quantile in (0.0, 1.0):
            asked = level.at(torch.tensor([quantile, quantile])).log1p()
            assert (asked >= level.range[0] - 1e-5).all()
            assert (asked <= level.range[1] + 1e-5).all()


def test_a_class_that_no_checkpoint_has_forgotten_has_no_level() -> None:
    forget = torch.tensor([True, False, False, True])
    found = class_levels(corpus(), forget, BOTH, [0.5])
    assert [level is None for level in found] == [False, False, False, True]
    told = expected_discriminability(corpus(), forget)
    assert told.isnan().tolist() == [False, False, False, True]
    # Nothing tells what it would change that the fourth is missing, too.
    assert told[0] == pytest.approx(np.expm1(1.2 - 0.7 - 0.1), rel=1e-4)


@pytest.mark.parametrize("quantile", [0.0, 0.3, 0.5, 1.0])
def test_quantiles_are_those_of_numpy(quantile: float) -> None:
    values = torch.rand(37, generator=torch.Generator().manual_seed(0))
    assert quantile_of(values, quantile) == pytest.approx(np.quantile(values.numpy(), quantile))
