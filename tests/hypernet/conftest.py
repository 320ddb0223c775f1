"""Small hypernetworks, and a small corpus with something to learn."""

from collections.abc import Callable

import pytest
import torch

from hyperforget.config import Performance
from hyperforget.corpus import Corpus
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.model import Architecture, Hypernetwork
from hyperforget.metrics.performance import performance_values
from hyperforget.networks import Layout, initialise


@pytest.fixture(scope="session")
def layout() -> Layout:
    return Layout((6, 5, 4))


@pytest.fixture(scope="session")
def build(layout: Layout) -> Callable[..., Hypernetwork]:
    """``build(conditioning, tokens, prompt)``; all weights are random, also those that start at zero."""

    def make(
        conditioning: str = "dihyfo-1",
        tokens: str = "units",
        prompt: str = "joint",
        *,
        random: bool = True,
        seed: int = 0,
        of: Layout = layout,
        mean: torch.Tensor | None = None,
        scale: torch.Tensor | None = None,
    ) -> Hypernetwork:
        torch.manual_seed(seed)
        architecture = Architecture(conditioning, tokens, prompt, 16, 2, 2, 4, 3.0)
        mean = torch.zeros(of.size) if mean is None else mean
        model = Hypernetwork(of, architecture, mean, torch.ones(of.size) if scale is None else scale)
        if random:
            for parameter in model.parameters():
                torch.nn.init.normal_(parameter, std=0.3)
        return model.eval()

    return make


@pytest.fixture(scope="session")
def make_corpus(layout: Layout) -> Callable[..., Corpus]:
    """``make_corpus(runs, seed)``: checkpoints are a network plus their losses times fixed directions.

    ``conditioning`` says what of these losses a hypernetwork is told.
    """

    def make(runs: int = 30, seed: int = 0, conditioning: str = "dihyfo-1") -> Corpus:
        directions = torch.randn(layout.classes, layout.size, generator=torch.Generator().manual_seed(99))
        generator = torch.Generator().manual_seed(seed)
        saved = torch.randint(2, 5, (runs,), generator=generator)
        losses = 4 * torch.rand(runs, 4, layout.classes, generator=generator)
        theta = initialise(layout, runs, generator).unsqueeze(1) + 0.3 * losses @ directions
        theta[:, 0] = initialise(layout, runs, generator)
        padding = torch.arange(4) >= saved.unsqueeze(1)
        theta[padding], losses[padding] = torch.nan, torch.nan
        told = Performance(classes="each" if CONDITIONINGS[conditioning].per_class else "mean")
        return Corpus(theta, performance_values(losses, losses, torch.ones(layout.classes), told), saved)

    return make
