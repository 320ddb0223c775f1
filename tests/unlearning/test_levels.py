"""Levels of networks that know all classes but a set, against a corpus that is made by the rule that they assume."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config.performance import Performance
from hyperforget.hypernet.conditioning import compress
from hyperforget.metrics.performance import performance_values
from hyperforget.unlearning.levels import (
    expected_discriminability,
    fit_levels,
    forgotten_by,
    quantile_of,
)

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


def mask_of(forget: list[int]) -> torch.Tensor:
    mask = torch.zeros(1, CLASSES, dtype=torch.bool)
    mask[0, forget] = True
    return mask


def random_corpus(seed: int, checkpoints: int = 300) -> CorpusOutcomes:
    """Nothing adds up; every class is known by some, forgotten by some and never seen by some of those."""
    rng = np.random.default_rng(seed)
    numbers = [rng.gamma(2.0, 1.0, size=(checkpoints, CLASSES)).astype(np.float32) for _ in range(3)]
    correct = rng.choice([0, 1, 30, 60, 90], size=(checkpoints, CLASSES))
    never_seen = (correct <= 1) & (rng.random(correct.shape) < 0.5)
    losses, discriminable, separable = map(torch.from_numpy, numbers)
    sizes = torch.full((CLASSES,), SIZE)
    return CorpusOutcomes(
        losses, torch.from_numpy(correct), discriminable, separable, sizes, torch.from_numpy(never_seen)
    )


def asked_of_checkpoints(
    outcomes: CorpusOutcomes, forget: list[int], performance: Performance, departure: float, goodness: float
) -> torch.Tensor:
    """What a set is asked for (V * C,), fitted anew for the set and with the deviations of all checkpoints."""
    known = outcomes.accuracies >= 0.5
    state = torch.cat([torch.ones(len(known), 1), (~known).float()], dim=1).double()

    def fitted(predictors: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        inverse = torch.linalg.pinv(predictors.T @ predictors, hermitian=True)
        weights: torch.Tensor = inverse @ (predictors.T @ values)
        return weights

    losses = compress(outcomes.losses.double())
    mean = (losses * known).sum(dim=1) / known.sum(dim=1).clamp(min=1)
    excess = mean - state @ fitted(state, mean.unsqueeze(1)).squeeze(1)
    predictors = torch.cat([state, excess.unsqueeze(1)], dim=1)
    told = torch.cat([torch.ones(1), mask_of(forget)[0], quantile_of(excess, goodness).reshape(1)]).double()
    asked = torch.empty(len(performance.parts), CLASSES)
    for label in range(CLASSES):
        forgets = label in forget
        alike = forgotten_by(outcomes, label, performance) if forgets else known[:, label]
        for row, part in enumerate(performance.parts):
            values = compress(performance_values(outcomes, part).double())[alike, label]
            weights = fitted(predictors[alike], values.unsqueeze(1))
            quantile = (1 - departure if row else departure) if forgets else 0.5
            away = quantile_of(values - (predictors[alike] @ weights).squeeze(1), float(torch.tensor(quantile)))
            asked[row, label] = (told @ weights + away).clamp(values.min(), values.max()).expm1().float()
    return asked.flatten()


@pytest.mark.parametrize("performance", [Performance(), BOTH, Performance(also=("discriminability", "separability"))])
@pytest.mark.parametrize("departure", [0.02, 0.5, 0.6, 0.98])
def test_at_percentiles_the_table_asks_for_what_the_checkpoints_ask_for(
    performance: Performance, departure: float
) -> None:
    for seed in range(3):
        outcomes = random_corpus(seed)
        table = fit_levels(outcomes, performance)
        sets = [[0], [1, 2], [0, 2, 3]]
        together = table.ask(torch.cat([mask_of(each) for each in sets]), departure, 0.3)
        for asked, forget in zip(together, sets, strict=True):
            expected = asked_of_checkpoints(outcomes, forget, performance, departure, 0.3)
            torch.testing.assert_close(asked, expected, rtol=2e-7, atol=0)


def test_between_percentiles_the_table_asks_for_what_lies_between() -> None:
    table = fit_levels(random_corpus(0), BOTH)
    low, between, high = (table.ask(mask_of([1]), departure, 0.5)[0] for departure in (0.61, 0.6125, 0.62))
    moved = low != high
    assert moved.any()
    assert ((between >= torch.minimum(low, high)) & (between <= torch.maximum(low, high))).all()
    assert (between != low)[moved].all()


@pytest.mark.parametrize("forget", [[0], [1, 2], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize(("goodness", "good"), [(0.0, -0.1), (0.5, 0.0), (1.0, 0.1)])
def test_what_adds_up_is_found_for_every_set_shown_or_not(forget: list[int], goodness: float, good: float) -> None:
    table = fit_levels(corpus(), BOTH)
    for label, level in enumerate(table.expected(mask_of(forget), goodness)[0]):
        missing, count = float(label in forget), len(forget)
        expected = [0.3 + 1.5 * missing + 0.1 * count + good, 1.2 - 0.7 * missing - 0.1 * count - good]
        assert level.tolist() == pytest.approx(expected, abs=1e-5)
    assert table.deviations.nan_to_num().abs().max() < 1e-5


def test_it_is_the_linear_regression_of_scikit_learn() -> None:
    outcomes = corpus(each=20, noise=0.2)
    unknown = (~(outcomes.accuracies >= 0.5)).numpy().astype(float)
    losses = np.log1p(outcomes.losses.double().numpy())
    mean = np.array([row[known].mean() for row, known in zip(losses, unknown == 0, strict=True)])
    excess = mean - LinearRegression().fit(unknown, mean).predict(unknown)
    predictors = np.column_stack([unknown, excess])
    told = [[1.0, 0.0, 1.0, 0.0, np.quantile(excess, 0.3)]]
    table = fit_levels(outcomes, BOTH)
    expected, asked = table.expected(mask_of([0, 2]), 0.3)[0], table.ask(mask_of([0, 2]), 0.9, 0.3)[0]
    for label in range(CLASSES):
        forgets = label in (0, 2)
        rows = (unknown[:, label] == 1) == forgets
        fitted = LinearRegression().fit(predictors[rows], losses[rows, label])
        assert expected[label, 0] == pytest.approx(fitted.predict(told)[0])
        away = losses[rows, label] - fitted.predict(predictors[rows])
        seen = losses[rows, label].min(), losses[rows, label].max()
        wanted = np.expm1(np.clip(fitted.predict(told)[0] + np.quantile(away, 0.9 if forgets else 0.5), *seen))
        assert asked[label] == pytest.approx(wanted, rel=1e-5)
        percentiles = np.quantile(away, np.linspace(0, 1, 101))
        np.testing.assert_allclose(table.deviations[int(forgets), label, :, 0], percentiles, atol=1e-6)


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
    with_hidden, without = (fit_levels(each, BOTH) for each in (hidden, outcomes))
    for forget in ([1], [0, 2]):
        found, expected = (table.expected(mask_of(forget), 0.5)[0, forget] for table in (with_hidden, without))
        torch.testing.assert_close(found, expected)
    # Of losses alone, all that do not answer a class show it.
    told = Performance("discriminability")
    mixed, alone = (fit_levels(each, told).expected(mask_of([1]), 0.5)[0, 1] for each in (hidden, outcomes))
    assert mixed > alone + 0.1


def test_nothing_is_asked_for_beyond_what_was_seen() -> None:
    table = fit_levels(corpus(noise=0.3), BOTH)
    role = mask_of([0, 2])[0].long()
    low, high = table.range[role, torch.arange(CLASSES)].unbind(1)  # (C, V)
    for quantile in (0.0, 1.0):
        asked = table.ask(mask_of([0, 2]), quantile, 0.0)[0].log1p().unflatten(0, (2, CLASSES)).T
        assert (asked >= low - 1e-5).all()
        assert (asked <= high + 1e-5).all()


def test_a_class_that_no_checkpoint_has_forgotten_has_no_level() -> None:
    forget = mask_of([0, 3])
    table = fit_levels(corpus(), BOTH)
    assert table.shown(forget).tolist() == [[True, True, True, False]]
    assert table.shown(~forget).all()
    assert table.ask(forget, 0.5, 0.5).isnan().tolist() == [[False, False, False, True] * 2]
    told = expected_discriminability(corpus(), forget[0])
    assert told.isnan().tolist() == [False, False, False, True]
    # Nothing tells what it would change that the fourth is missing, too.
    assert told[0] == pytest.approx(np.expm1(1.2 - 0.7 - 0.1), rel=1e-4)


@pytest.mark.parametrize("quantile", [0.0, 0.3, 0.5, 1.0])
def test_quantiles_are_those_of_numpy(quantile: float) -> None:
    values = torch.rand(37, generator=torch.Generator().manual_seed(0))
    assert quantile_of(values, quantile) == pytest.approx(np.quantile(values.numpy(), quantile))
