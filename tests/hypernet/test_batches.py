"""Recombined prompts: what is asked for comes from two pairs, all else stays."""

from dataclasses import fields

import pytest
import torch

from hyperforget.hypernet.batches import Batch, recombine


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
