"""The small hypernetworks of the tests of hypernetworks, and candidates of a toy task."""

import pytest
import torch

from hyperforget.data.splits import Split, TaskData
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.unlearning.candidates import Candidates, make_candidates
from tests.hypernet.conftest import build, layout

# Fixtures.
__all__ = ["build", "layout"]

LAYOUT = PerceptronLayout((6, 5, 3))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def data() -> TaskData:
    pixels = torch.rand(60, 6, generator=generator(7)) * 16
    split = Split((pixels - 4.9) / 6.1, torch.arange(60) % 3, 3)
    return TaskData(split, split, split, 4.9, 6.1, (2, 5, 11))


@pytest.fixture(scope="module")
def batch(data: TaskData) -> Candidates:
    prompt, start = torch.arange(2).repeat_interleave(3), torch.arange(3).repeat(2)
    return make_candidates(initialise(LAYOUT, 6, generator()), data.validation, prompt, start)
