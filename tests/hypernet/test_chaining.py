"""Updates in a row: each starts from what the one before sampled, and is told how good that is."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from hyperforget.config import Performance, SamplingConfig
from hyperforget.data.splits import Split
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Chain, Sampling, Starts, sample
from hyperforget.hypernet.sampling import chain as chain_networks
from hyperforget.hypernet.spaces import SPACES
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming

CONFIG = SamplingConfig(steps=3, stochasticity=1.0)
SPLIT = Split(
    torch.randn(40, 6, generator=torch.Generator().manual_seed(5)), torch.arange(40).remainder(4), 4
)


@pytest.fixture
def starts(layout: Layout) -> Tensor:
    return initialise(layout, 3, torch.Generator().manual_seed(1))


def stored(model: object, performance: Performance, process: str = "ddpm") -> TrainedHypernetwork:
    return TrainedHypernetwork(model, PROCESSES[process], performance, {})  # type: ignore[arg-type]


def chain(hypernet: TrainedHypernetwork, prompt: Tensor, starts: Tensor, updates: int) -> Tensor:
    sampling = Sampling(CONFIG, torch.Generator().manual_seed(2))
    return chain_networks(hypernet, prompt, starts, updates, SPLIT, sampling).params


@pytest.mark.parametrize(
    ("conditioning", "performance"),
    [("dihyfo-1", Performance()), ("gpt", Performance("loss", "mean")), ("gpt", Performance("accuracy", 2))],
)
@pytest.mark.parametrize("space", SPACES)
def test_a_chain_is_single_updates_from_one_generator(
    build: Callable[..., Hypernetwork],
    starts: Tensor,
    conditioning: str,
    performance: Performance,
    space: str,
) -> None:
    model = build(conditioning, space=space)
    prompt = torch.full((4 if conditioning == "dihyfo-1" else 1,), 0.3)
    sampling = Sampling(CONFIG, torch.Generator().manual_seed(2))
    expected = [starts]
    for _ in range(3):
        told = performance_values(measure(Networks(expected[-1], model.layout), SPLIT), performance)
        before = Starts(expected[-1], told)
        expected.append(sample(stored(model, performance), prompt.expand(3, -1), before, sampling))
    found = chain(stored(model, performance), prompt, starts, 3)
    assert found.shape == (4, 3, model.layout.size)
    assert torch.equal(found, torch.stack(expected))
    # The first updates do not depend on how many follow.
    assert torch.equal(chain(stored(model, performance), prompt, starts, 1), found[:2])


def halfway(layout: Layout, asked: list[tuple[Tensor, Tensor]]) -> SimpleNamespace:
    """A model whose update halves the distance to a network of ones, and that keeps what it is told."""

    class Halfway(SimpleNamespace):
        def __call__(
            self, noised: Tensor, time: Tensor, target: Tensor, start: Tensor, told: Tensor
        ) -> Tensor:
            asked.append((target, told))
            return (start + 1) / 2

    return Halfway(
        layout=layout,
        conditioning=CONDITIONINGS["dihyfo-1"],
        device=torch.device("cpu"),
        space=SimpleNamespace(
            dimension=layout.size,
            normalise=lambda params: params,
            denormalise=lambda params, start: params,
        ),
    )


def test_updates_of_a_known_model_have_a_closed_form(layout: Layout, starts: Tensor) -> None:
    asked: list[tuple[Tensor, Tensor]] = []
    prompt = torch.tensor([0.1, 0.2, 0.3, 0.4])
    found = chain(stored(halfway(layout, asked), Performance(), "flow"), prompt, starts, 4)
    for update in range(5):
        torch.testing.assert_close(found[update], 1 + (starts - 1) / 2**update)
    assert all(torch.equal(target, prompt.expand(3, -1)) for target, _ in asked)
    # Each update is told the losses of its own start, all through its evaluations.
    for update in range(4):
        losses = measure(Networks(found[update], layout), SPLIT).losses
        for _, told in asked[3 * update : 3 * update + 3]:
            torch.testing.assert_close(told, losses)
    assert len(asked) == 4 * 3


@pytest.mark.parametrize("kills", [[4], [8, 1], [3, 3, 2]])
def test_a_chain_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces, build: Callable[..., Hypernetwork], starts: Tensor, kills: list[int]
) -> None:
    hypernet = stored(build("dihyfo-1"), Performance())
    prompt = torch.full((4,), 0.3)

    def work(resuming: Resuming) -> Chain:
        sampling = Sampling(CONFIG, torch.Generator().manual_seed(2), resuming)
        return chain_networks(hypernet, prompt, starts, 3, SPLIT, sampling)

    found, expected = in_pieces(work, kills), work(NOT_RESUMING)
    assert all(torch.equal(value, vars(expected)[name]) for name, value in vars(found).items())
