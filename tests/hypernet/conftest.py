"""Small hypernetworks, and a small corpus with something to learn."""

from collections.abc import Callable

import pytest
import torch

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import ArchitectureConfig
from hyperforget.config.performance import Metric, Performance
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.spaces import Subspace, WeightSpace
from hyperforget.metrics.measuring import Outcomes
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout

SMALL = ArchitectureConfig(components=7, width=16, layers=2, heads=2, frequencies=4, largest_exponent=3.0)


def told_by(conditioning: str, *also: Metric) -> Performance:
    """The losses of all classes, or their mean, and ``also`` further metrics."""
    return Performance(classes="each" if CONDITIONINGS[conditioning].per_class else "mean", also=also)


@pytest.fixture(scope="session")
def layout() -> Layout:
    return PerceptronLayout((6, 5, 4))


@pytest.fixture(scope="session")
def build(layout: Layout) -> Callable[..., Hypernetwork]:
    """``build(conditioning, tokens, prompt)``; all weights are random, also those that start at zero.

    It is told class losses, or their mean, or ``performance``. With ``space="subspace"`` its 7 components are those of
    random networks, and tokens and prompt play no part.
    """

    def make(
        conditioning: str = "dihyfo-1",
        tokens: str = "units",
        prompt: str = "joint",
        *,
        space: str = "weights",
        random: bool = True,
        seed: int = 0,
        of: Layout = layout,
        mean: torch.Tensor | None = None,
        scale: torch.Tensor | None = None,
        performance: Performance | None = None,
        compressed: bool = True,
        activation: str = "gelu-tanh",
        layers: int = 2,
    ) -> Hypernetwork:
        torch.manual_seed(seed)
        shape = {
            "space": space, "tokens": tokens, "prompt": prompt, "compressed": compressed, "activation": activation,
            "layers": layers,
        }  # fmt: skip
        told = performance or told_by(conditioning)
        model = Hypernetwork(of, conditioning, SMALL.model_copy(update=shape), told)
        if isinstance(model.space, Subspace):
            model.space.fit(torch.randn(30, of.size, generator=torch.Generator().manual_seed(seed)))
        if mean is not None:
            model.space.mean.copy_(mean)
        if scale is not None:
            assert isinstance(model.space, WeightSpace)
            model.space.scale.copy_(scale)
        if random:
            for parameter in model.parameters():
                torch.nn.init.normal_(parameter, std=0.3)
        return model.eval()

    return make


@pytest.fixture(scope="session")
def make_corpus(layout: Layout) -> Callable[..., Corpus]:
    """``make_corpus(runs, seed)``: checkpoints are a network plus their losses times fixed directions.

    ``conditioning`` says what of these losses a hypernetwork is told, and ``told`` whether anything else; the higher
    a loss, the lower is the discriminability. Classes with a loss below 2 are known. With ``shared`` starts all runs
    have the same network, and checkpoints vary a little beside.
    """

    def make(
        runs: int = 30,
        seed: int = 0,
        conditioning: str = "dihyfo-1",
        shared: bool = False,
        told: Performance | None = None,
    ) -> Corpus:
        directions = torch.randn(layout.classes, layout.size, generator=torch.Generator().manual_seed(99))
        generator = torch.Generator().manual_seed(seed)
        saved = torch.randint(2, 5, (runs,), generator=generator)
        losses = 4 * torch.rand(runs, 4, layout.classes, generator=generator)
        ends, starts = (initialise(layout, runs, generator).params for _ in range(2))
        if shared:
            starts = initialise(layout, 1, torch.Generator().manual_seed(98)).params.expand(runs, -1)
            ends = starts + 0.1 * ends
        theta = ends.unsqueeze(1) + 0.3 * losses @ directions
        theta[:, 0] = starts
        padding = torch.arange(4) >= saved.unsqueeze(1)
        theta[padding], losses[padding] = torch.nan, torch.nan
        outcomes = Outcomes(losses, losses, 3 - losses / 2, 4 - losses / 2, torch.ones(layout.classes))
        performance = performance_values(outcomes, told or told_by(conditioning))
        return Corpus(theta, performance, losses < 2, saved)

    return make
