"""Edits of one network without many sets: each is what a request gives, whatever else is asked for."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hyperforget.errors import UserError
from hyperforget.generator.asking import split_of
from hyperforget.generator.generator import Generator
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.given import join_networks, network_of
from hyperforget.runtime.resuming import Resuming
from hyperforget.runtime.saved_state import Unfinished
from hyperforget.what_if.asking import Asking, correct_without
from hyperforget.what_if.sets import every_set, masks_of
from tests.generator.conftest import build, data, generator, layout, make_generator, network

# Fixtures.
__all__ = ["build", "data", "generator", "layout", "make_generator", "network"]

MASKS = masks_of(every_set(2), [1, 2], 4)


@pytest.fixture
def given(network: nn.Sequential) -> Networks:
    return join_networks([network_of(network)])


def test_each_answer_is_that_of_a_request(
    generator: Generator, given: Networks, network: nn.Sequential, data: tuple[np.ndarray, np.ndarray]
) -> None:
    split = split_of(data, generator.description)
    correct = correct_without(generator, given, MASKS, split)
    asked = [generator.forget(network, classes) for classes in (5, 11, [5, 11])]
    edits = join_networks([network_of(each) for each in asked])
    assert torch.equal(correct[1:], measure(edits, split).correct)


def test_the_answer_does_not_depend_on_what_else_is_asked(generator: Generator, given: Networks) -> None:
    together = generator.edits_of_one(given, MASKS)
    for place, mask in enumerate(MASKS):
        alone = generator.edits_of_one(given, mask.unsqueeze(0))
        torch.testing.assert_close(alone.params[0], together.params[place])
    other = generator.edits_of_one(given, MASKS, seed=1)
    assert not torch.allclose(other.params, together.params)


def test_a_generator_that_reads_no_network_is_refused(
    make_generator: Callable[..., Generator], given: Networks, data: tuple[np.ndarray, np.ndarray]
) -> None:
    makes_new_ones = make_generator("dihyfo-2")
    with pytest.raises(UserError, match="reads no network, so it cannot change one"):
        correct_without(makes_new_ones, given, MASKS, split_of(data, makes_new_ones.description))


@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_how_many_at_once_changes_nothing(
    generator: Generator, given: Networks, data: tuple[np.ndarray, np.ndarray], at_once: int
) -> None:
    split = split_of(data, generator.description)
    masks = MASKS.repeat(30, 1)
    found = correct_without(generator, given, masks, split, Asking(at_once=at_once))
    assert torch.equal(found, correct_without(generator, given, MASKS, split).repeat(30, 1))


def test_what_was_stopped_goes_on(
    generator: Generator,
    given: Networks,
    data: tuple[np.ndarray, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    split, masks, asked = split_of(data, generator.description), MASKS.repeat(5, 1), []
    whole = correct_without(generator, given, masks, split)
    answer = Generator.edits_of_one

    def counted(self: Generator, network: Networks, some: torch.Tensor, seed: int = 0) -> Networks:
        asked.append(len(some))
        if len(asked) == 3:
            signal.raise_signal(signal.SIGINT)
        return answer(self, network, some, seed)

    monkeypatch.setattr(Generator, "edits_of_one", counted)

    def go(on: Callable[[], Unfinished]) -> torch.Tensor:
        unfinished = on()
        found = correct_without(generator, given, masks, split, Asking(at_once=4, resuming=Resuming(unfinished)))
        unfinished.close()
        return found

    with pytest.raises(SystemExit):
        go(lambda: Unfinished(tmp_path / "x", 60))
    assert (tmp_path / "x").is_file()
    assert len(asked) == 3
    assert torch.equal(go(lambda: Unfinished(tmp_path / "x", 60)), whole)
    # The three that were done are not asked for again.
    assert len(asked) == 5
    assert not (tmp_path / "x").exists()
