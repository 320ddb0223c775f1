"""Generators that refuse classes, and what comes back when one is asked for them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.generator.asked_back import asked_back, demand
from hyperforget.generator.folder import read_generator, write_generator
from hyperforget.generator.generator import Generator
from hyperforget.generator.sealing import prompts, seal

Make = Callable[..., Generator]
# Of the labels 2, 5, 11 and 13, of which 5 and 11 can be forgotten.
FIVE = torch.tensor([False, True, False, False])


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split_of(count: int = 40) -> Split:
    return Split(torch.randn(count, 6, generator=random()), torch.arange(count) % 4, 4)


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
def test_a_sealed_generator_answers_as_if_the_class_had_been_forgotten(make_generator: Make, conditioning: str) -> None:
    generator = make_generator(conditioning)
    before = {name: value.clone() for name, value in generator.hypernet.model.state_dict().items()}
    sealed = seal(generator, [5], steps=60)
    for name, value in generator.hypernet.model.state_dict().items():
        assert torch.equal(value, before[name])
    asked, wanted = prompts(generator, FIVE, 64, random(7))
    noise = torch.randn(64, generator.hypernet.model.space.dimension, generator=random(8))
    time, start, told = torch.ones(64), None, None
    if generator.hypernet.model.conditioning.uses_start:
        start, told = 0.3 * noise.flip(0), generator.untrained.expand(64, -1)
    with torch.no_grad():
        target, refused, was = (
            model(noise, time, prompt, start, told)
            for model, prompt in (
                (generator.hypernet.model, wanted),
                (sealed.hypernet.model, asked),
                (generator.hypernet.model, asked),
            )
        )
    assert (refused - target).square().mean() < 0.8 * (was - target).square().mean()


def test_prompts_differ_in_what_is_refused_alone_or_are_those_of_the_set_without_it(make_generator: Make) -> None:
    generator = make_generator()
    asked, wanted = (each.unflatten(1, (3, 4)) for each in prompts(generator, FIVE, 200, random()))
    assert asked.isfinite().all()
    same = (asked == wanted).all(dim=1)
    only_five_differs = same[:, [0, 2, 3]].all(dim=1) & ~same[:, 1]
    assert 20 < int(same.all(dim=1).sum()) < 80
    # Loss is lower, and what tells it is higher, than of networks that know it.
    assert 20 < int(only_five_differs.sum()) < 100


def test_what_is_sealed_is_forgotten_in_every_request_and_told(make_generator: Make, tmp_path: Path) -> None:
    sealed = seal(make_generator(), [5], steps=2)
    assert sealed.description.sealed == [5]
    assert sealed.description.measured == []
    assert sealed.sets([11]).masks.tolist() == [[False, True, True, False]]
    write_generator(tmp_path / "sealed", sealed)
    again = read_generator(tmp_path / "sealed")
    assert (again.description.sealed, again.refused.tolist()) == ([5], FIVE.tolist())
    assert "sealed against 5" in (tmp_path / "sealed" / "README.md").read_text(encoding="utf-8")
    assert seal(again, [11], steps=2).description.sealed == [5, 11]
    write_generator(tmp_path / "open", make_generator())
    assert "sealed" not in (tmp_path / "open" / "config.json").read_text(encoding="utf-8")


def test_the_same_seed_seals_to_the_same_weights(make_generator: Make) -> None:
    first, second, other = (
        seal(make_generator(), [5], seed, steps=3).hypernet.model.state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


@pytest.mark.parametrize(
    ("classes", "message"), [([2], "class 2 is a pivot"), ([7], "class 7 is none of"), ([], "is empty")]
)
def test_classes_that_cannot_be_forgotten_cannot_be_refused(
    make_generator: Make, classes: list[int], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        seal(make_generator(), classes, steps=1)


def test_a_class_is_asked_back_in_as_many_ways_as_the_generator_reads(make_generator: Make) -> None:
    for conditioning, ways in (("dihyfo-1", 5), ("dihyfo-2", 3)):
        found = asked_back(make_generator(conditioning), FIVE, split_of())
        assert len({row.asked for row in found}) == len(found) == ways
        for row in found:
            assert all(0 <= value <= 1 for value in (row.forgotten, row.shift, row.retained))
    with pytest.raises(UserError, match="a single image of a class"):
        asked_back(make_generator(), FIVE, split_of(4))


def test_a_demand_is_half_the_loss_and_more_of_what_tells_a_class(make_generator: Make) -> None:
    without, knowing = torch.ones(1, 12), 2 * torch.ones(1, 12)
    found = demand(make_generator(), FIVE, without, knowing)
    assert found.tolist() == [[1, 1, 1, 1, 1, 3, 1, 1, 1, 3, 1, 1]]
