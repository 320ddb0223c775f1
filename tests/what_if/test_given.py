"""Unfinished work beside an output goes on for what was asked, and for nothing else."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hyperforget.generator.asking import split_of
from hyperforget.generator.generator import Generator
from hyperforget.networks.batch import Networks
from hyperforget.networks.given import join_networks, network_of
from hyperforget.what_if import given as whats_given
from hyperforget.what_if.asking import Asking
from hyperforget.what_if.given import Given, answers
from hyperforget.what_if.sets import every_set
from tests.generator.conftest import build, data, generator, layout, make_generator, network

# Fixtures.
__all__ = ["build", "data", "generator", "layout", "make_generator", "network"]


@pytest.fixture
def given(generator: Generator, network: nn.Sequential, data: tuple[np.ndarray, np.ndarray]) -> Given:
    return Given(join_networks([network_of(network)]), split_of(data, generator.description))


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """``stopped(n)`` has the process asked to end as it answers for the n-th time, and gives how much was asked."""
    monkeypatch.setattr(whats_given, "Asking", partial(Asking, at_once=1))
    answer, asked = Generator.edits_of_one, []

    def after(times: int) -> list[int]:
        def counted(self: Generator, network: Networks, masks: torch.Tensor, seed: int = 0) -> Networks:
            asked.append(len(masks))
            if len(asked) == times:
                signal.raise_signal(signal.SIGINT)
            return answer(self, network, masks, seed)

        monkeypatch.setattr(Generator, "edits_of_one", counted)
        return asked

    return after


def test_what_was_stopped_goes_on_and_what_is_asked_otherwise_begins(
    generator: Generator, given: Given, tmp_path: Path, stopped: Callable[[int], list[int]]
) -> None:
    numbers, output = every_set(2), tmp_path / "sets.csv"
    whole = answers(generator, given, numbers, 0, None)
    asked = stopped(3)
    with pytest.raises(SystemExit):
        answers(generator, given, numbers, 0, output)
    [left] = tmp_path.iterdir()
    assert left.name.startswith(".sets.csv.")
    # Other sets, and other noise.
    for others, seed in ((numbers.flip(0), 0), (numbers, 1)):
        before = len(asked)
        answers(generator, given, others, seed, output)
        assert len(asked) - before == 4
    assert list(tmp_path.iterdir()) == [left]
    before = len(asked)
    assert torch.equal(answers(generator, given, numbers, 0, output).correct, whole.correct)
    assert len(asked) - before == 1
    assert list(tmp_path.iterdir()) == []
