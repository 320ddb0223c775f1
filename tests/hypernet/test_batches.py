"""Recombined prompts, of which what is asked for comes from two pairs; values drawn evenly over their range."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.collection.checkpoints import Corpus
from hyperforget.collection.pairs import draw_pairs
from hyperforget.hypernet.batches import Batch, rebalanced, recombine, target_chances


@pytest.fixture
def batch() -> Batch:
    """200 pairs, every value another one; two are told of each of four classes."""
    generator = torch.Generator().manual_seed(0)
    count = 200
    return Batch(
        clean=torch.randn(count, 7, generator=generator),
        noised=torch.randn(count, 7, generator=generator),
        time=torch.rand(count, generator=generator),
        weight=torch.rand(count, generator=generator),
        target=torch.randn(count, 9, generator=generator),
        target_performance=torch.rand(count, 8, generator=generator),
        target_known=torch.rand(count, 4, generator=generator) < 0.5,
        answered=torch.ones(count, dtype=torch.bool),
        wanted=torch.rand(count, 8, generator=generator),
    )


def test_what_is_asked_of_a_class_is_the_own_or_that_of_one_other_pair(batch: Batch) -> None:
    own, on_images = batch.target_performance.clone(), batch.wanted
    assert on_images is not None
    changed = recombine(batch, 0.3, [], torch.Generator().manual_seed(1))
    assert changed.answered[60:].all()
    assert torch.equal(changed.target_performance[60:], own[60:])
    assert changed.wanted is not None
    assert torch.equal(changed.wanted[60:], on_images[60:])
    foreign = 0
    for row, asked in enumerate(changed.target_performance[:60]):
        taken = asked != own[row]
        # Both numbers of a class come from one pair.
        assert torch.equal(taken[:4], taken[4:])
        foreign += int(taken[:4].sum())
        if taken.any():
            others = (own[:, taken] == asked[taken]).all(dim=1).nonzero().flatten().tolist()
            assert len(others) == 1
            assert others != [row]
            assert not changed.answered[row]
            assert torch.equal(changed.wanted[row], torch.where(taken, on_images[others[0]], on_images[row]))
        else:
            assert torch.equal(changed.wanted[row], on_images[row])
    assert 90 < foreign < 150
    assert torch.equal(batch.target_performance, own)
    for field in fields(Batch):
        if field.name not in ("target_performance", "answered", "wanted"):
            assert getattr(changed, field.name) is getattr(batch, field.name)


def test_without_a_share_nothing_is_drawn(batch: Batch) -> None:
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    assert recombine(batch, 0.0, [(1,)], generator) is batch
    assert torch.equal(generator.get_state(), before)


def test_the_same_generator_gives_the_same_prompts(batch: Batch) -> None:
    one, other = (recombine(batch, 1.0, [(1, 2)], torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one.target_performance, other.target_performance)
    assert torch.equal(one.answered, other.answered)


def in_state(known: torch.Tensor, holdout: list[tuple[int, ...]]) -> bool:
    """Whether all classes are known but exactly a held-out set."""
    return tuple((~known).nonzero().flatten().tolist()) in holdout


def numbered_pairs(known: torch.Tensor, told: int) -> Batch:
    """Pairs that are asked, ``told`` times for each class, for their own number and the class."""
    count, classes = known.shape
    numbers = torch.arange(count).float().unsqueeze(1) + torch.arange(classes) / 1000
    empty = torch.zeros(count, 1)
    performance = torch.cat([numbers + 10_000 * part for part in range(told)], dim=1)
    answered = torch.ones(count, dtype=torch.bool)
    return Batch(empty, empty, empty[:, 0], empty[:, 0], empty, performance, known, answered)


def sources(batch: Batch, classes: int) -> torch.Tensor:
    """The pair that each number of `numbered_pairs` comes from, (B, told, C); of its own place and class."""
    numbers = batch.target_performance.unflatten(1, (-1, classes))
    parts = 10_000 * torch.arange(numbers.shape[1]).view(1, -1, 1)
    rows = numbers - parts - torch.arange(classes) / 1000
    torch.testing.assert_close(rows, rows.round(), atol=2e-3, rtol=0)
    found: torch.Tensor = rows.round().long()
    return found


HELD_OUT = st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True).map(lambda labels: tuple(sorted(labels)))


@given(
    st.lists(HELD_OUT, max_size=4),
    st.integers(0, 10_000),
    st.floats(0.2, 0.95),
    st.sampled_from([0.25, 0.6, 1.0]),
    st.sampled_from([1, 2]),
)
@settings(deadline=None)
def test_a_recombined_pair_is_never_asked_for_a_held_out_state(
    holdout: list[tuple[int, ...]], seed: int, chance: float, share: float, told: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    known = torch.rand(120, 4, generator=generator) < chance
    changed = recombine(numbered_pairs(known, told), share, holdout, generator)
    found = sources(changed, 4)
    assert torch.equal(found, found[:, :1].expand_as(found))
    moved = found[:, 0] != torch.arange(120).unsqueeze(1)
    assert not moved[round(share * 120) :].any()
    for row, of_class in enumerate(found[:, 0]):
        assert len(set(of_class[moved[row]].tolist())) <= 1
        if moved[row].any():
            asked = torch.stack([known[int(of_class[label]), label] for label in range(4)])
            assert not in_state(asked, holdout)
            assert not changed.answered[row]
    if not holdout:
        # With a partner of its own, four coins, all of which fall to the own side once in sixteen times.
        assert moved.any(dim=1)[: round(share * 120)].double().mean() > 0.7


@pytest.mark.parametrize("told", [1, 2])
def test_without_held_out_sets_half_of_what_is_asked_for_is_swapped(told: int) -> None:
    known = torch.ones(4000, 4, dtype=torch.bool)
    changed = recombine(numbered_pairs(known, told), 0.5, [], torch.Generator().manual_seed(3))
    moved = sources(changed, 4)[:, 0] != torch.arange(4000).unsqueeze(1)
    swapped = moved[:2000]
    assert swapped.double().mean().item() == pytest.approx(0.5, abs=4 * (0.25 / 8000) ** 0.5)
    for label in range(4):
        assert swapped[:, label].double().mean().item() == pytest.approx(0.5, abs=4 * (0.25 / 2000) ** 0.5)
    # One in sixteen is swapped nowhere and keeps its answer.
    kept = changed.answered[:2000]
    assert kept.double().mean().item() == pytest.approx(1 / 16, abs=4 * (1 / 16 / 2000) ** 0.5)
    assert not swapped[kept].any()
    assert not moved[2000:].any()
    assert changed.answered[2000:].all()


def test_a_pair_that_would_be_asked_for_a_held_out_state_keeps_its_own_and_its_answer() -> None:
    """Half of the pairs know all, half nothing of class 0 and 1: any mixture of two kinds but one is held out."""
    known = torch.ones(1000, 3, dtype=torch.bool)
    known[::2, :2] = False
    changed = recombine(numbered_pairs(known, 2), 1.0, [(0,), (1,)], torch.Generator().manual_seed(0))
    found = sources(changed, 3)[:, 0]
    moved = found != torch.arange(1000).unsqueeze(1)
    for row, of_class in enumerate(found):
        asked = [bool(known[int(of_class[label]), label]) for label in range(3)]
        assert asked[0] == asked[1]
        assert changed.answered[row] or moved[row].any()
    assert 100 < int(changed.answered.sum()) < 600
    assert not moved[changed.answered].any()


def skewed(count: int = 4000, columns: int = 1, seed: int = 0) -> torch.Tensor:
    """Values in (0, 1), most of them near 0."""
    return torch.rand(count, columns, generator=torch.Generator().manual_seed(seed)) ** 4


def corpus_of(values: torch.Tensor, slots: int = 5) -> Corpus:
    """A corpus whose admitted checkpoints have these values (M, K); starts and padding have none."""
    runs = len(values) // (slots - 2)
    performance = torch.full((runs, slots, values.shape[1]), torch.nan)
    performance[:, 1:-1] = values[: runs * (slots - 2)].view(runs, slots - 2, -1)
    places = torch.arange(runs * slots).float().view(runs, slots, 1)
    known = torch.ones(runs, slots, 3, dtype=torch.bool)
    return Corpus(places, performance, known, torch.full((runs,), slots - 1))


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
