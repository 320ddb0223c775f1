"""Recombined prompts, of which what is asked for comes from two pairs; values drawn evenly over their range."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.corpus.checkpoints import Corpus
from hyperforget.corpus.pairs import draw_pairs
from hyperforget.hypernet.batches import Batch, rebalanced, recombine, target_chances


@pytest.fixture
def batch() -> Batch:
    """200 pairs, every value another one."""
    generator = torch.Generator().manual_seed(0)
    count = 200
    return Batch(
        clean=torch.randn(count, 7, generator=generator),
        noised=torch.randn(count, 7, generator=generator),
        time=torch.rand(count, generator=generator),
        weight=torch.rand(count, generator=generator),
        target=torch.randn(count, 9, generator=generator),
        target_performance=torch.rand(count, 4, generator=generator),
        answered=torch.ones(count, dtype=torch.bool),
    )


def test_each_value_is_the_own_one_or_that_of_one_other_pair(batch: Batch) -> None:
    own = batch.target_performance.clone()
    changed = recombine(batch, 0.3, torch.Generator().manual_seed(1))
    assert changed.answered.tolist() == [False] * 60 + [True] * 140
    assert torch.equal(changed.target_performance[60:], own[60:])
    foreign = 0
    for row, asked in enumerate(changed.target_performance[:60]):
        taken = asked != own[row]
        foreign += int(taken.sum())
        if taken.any():
            others = (own[:, taken] == asked[taken]).all(dim=1).nonzero().flatten().tolist()
            assert len(others) == 1
            assert others != [row]
    assert 90 < foreign < 150
    assert torch.equal(batch.target_performance, own)
    for field in fields(Batch):
        if field.name not in ("target_performance", "answered"):
            assert getattr(changed, field.name) is getattr(batch, field.name)


def test_without_a_share_nothing_is_drawn(batch: Batch) -> None:
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    assert recombine(batch, 0.0, generator) is batch
    assert torch.equal(generator.get_state(), before)


def test_the_same_generator_gives_the_same_prompts(batch: Batch) -> None:
    one, other = (recombine(batch, 1.0, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one.target_performance, other.target_performance)
    assert not one.answered.any()


def skewed(count: int = 4000, columns: int = 1, seed: int = 0) -> torch.Tensor:
    """Values in (0, 1), most of them near 0."""
    return torch.rand(count, columns, generator=torch.Generator().manual_seed(seed)) ** 4


def corpus_of(values: torch.Tensor, slots: int = 5) -> Corpus:
    """A corpus whose admitted checkpoints have these values (M, K); starts and padding have none."""
    runs = len(values) // (slots - 2)
    performance = torch.full((runs, slots, values.shape[1]), torch.nan)
    performance[:, 1:-1] = values[: runs * (slots - 2)].view(runs, slots - 2, -1)
    places = torch.arange(runs * slots).float().view(runs, slots, 1)
    return Corpus(places, performance, torch.full((runs,), slots - 1))


def test_chances_are_even_over_levels() -> None:
    values = skewed()
    chances = target_chances(values)
    low, high = np.quantile(values.numpy(), [0.05, 0.95])
    levels = np.clip((values[:, 0].numpy() - low) / (high - low) * 20, 0, 19).astype(int)
    mass = np.bincount(levels, weights=chances.numpy())
    np.testing.assert_allclose(mass, np.full(20, 1 / 20), atol=2e-3)


@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-5, 5))
@settings(max_examples=25, deadline=None, database=None)
def test_chances_sum_to_one_and_do_not_depend_on_the_unit(seed: int, scale: float, shift: float) -> None:
    values = skewed(300, 2, seed).double()
    chances = target_chances(values)
    assert (chances > 0).all()
    assert float(chances.sum()) == pytest.approx(1)
    torch.testing.assert_close(target_chances(scale * values + shift), chances, atol=2e-3, rtol=0)


def test_of_several_values_each_is_spread_for_its_share_of_draws() -> None:
    values = torch.cat([skewed(seed=seed) for seed in range(3)], dim=1)
    alone = torch.stack([target_chances(values[:, [column]]) for column in range(3)])
    torch.testing.assert_close(target_chances(values), alone.mean(0))


def test_equal_values_are_drawn_alike() -> None:
    torch.testing.assert_close(target_chances(torch.ones(8, 1)), torch.full((8,), 1 / 8, dtype=torch.float64))


def test_pairs_of_a_rebalanced_corpus_have_targets_all_over_the_range() -> None:
    corpus = corpus_of(skewed())
    pairs = draw_pairs(rebalanced(corpus), 20000, 0.2, torch.Generator().manual_seed(0))
    plain = draw_pairs(corpus, 20000, 0.2, torch.Generator().manual_seed(0))
    for drawn in (pairs, plain):
        assert drawn.target_performance.isfinite().all()
        assert (drawn.start < drawn.target).all()
    high = float(corpus.performance[corpus.admitted()].quantile(0.95))
    parts = [
        torch.histc(drawn.target_performance.clamp(max=high), bins=4, min=0, max=high) / 20000
        for drawn in (pairs, plain)
    ]
    torch.testing.assert_close(parts[0], torch.full((4,), 0.25), atol=0.02, rtol=0)
    assert parts[1][0] > 0.6
