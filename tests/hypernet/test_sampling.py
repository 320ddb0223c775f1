"""Sampling in chunks, from the right start, in the right order; and updates in a row."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from hyperforget.config import SamplingConfig
from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split
from hyperforget.hypernet import sampling
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.diffusion import PROCESSES, denoise
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Chain, Sampling, Starts
from hyperforget.hypernet.sampling import chain as chain_networks
from hyperforget.hypernet.sampling import sample as sample_networks
from hyperforget.hypernet.spaces import SPACES
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from tests.conftest import InPieces

Build = Callable[..., Hypernetwork]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trained(model: object, process: str = "ddpm") -> TrainedHypernetwork:
    return TrainedHypernetwork(model, PROCESSES[process], {})  # type: ignore[arg-type]


def sample(
    model: Hypernetwork,
    process: str = "ddpm",
    *,
    steps: int = 4,
    eta: float = 0.0,
    seed: int = 0,
    resuming: Resuming = NOT_RESUMING,
) -> Tensor:
    count = model.performance.count(4)
    starts = Starts(random(7, 59, seed=1), random(7, 4, seed=2).abs()[:, :count])
    targets = random(7, 4, seed=3).abs()[:, :count]
    generator = torch.Generator().manual_seed(seed)
    how = Sampling(SamplingConfig(steps=steps, stochasticity=eta), generator, resuming)
    return sample_networks(trained(model, process=process), targets, starts, how).params


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_chunks_change_nothing(
    build: Build, monkeypatch: pytest.MonkeyPatch, conditioning: str, process: str, space: str, chunk: int
) -> None:
    model = build(conditioning, space=space)
    whole = sample(model, process)
    assert whole.shape == (7, 59)
    assert not whole.requires_grad
    monkeypatch.setattr(sampling, "_NETWORKS_AT_ONCE", chunk)
    # Relative as well, since the outputs of random networks reach 10.
    torch.testing.assert_close(sample(model, process), whole, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_samples_follow_the_generator(build: Build, eta: float) -> None:
    model = build("dihyfo-2")
    assert torch.equal(sample(model, eta=eta), sample(model, eta=eta))
    assert not torch.allclose(sample(model, eta=eta), sample(model, eta=eta, seed=1))
    assert torch.equal(sample(model), sample(model, eta=eta)) == (eta == 0)


def test_a_model_that_reads_a_start_needs_one(build: Build) -> None:
    arguments = random(2, 4), None, Sampling(SamplingConfig(steps=2), torch.Generator())
    with pytest.raises(ValueError, match="reads start parameters"):
        sample_networks(trained(build("dihyfo-1")), *arguments)
    assert sample_networks(trained(build("dihyfo-2")), *arguments).params.shape == (2, 59)


def test_an_untrained_editor_returns_its_starts(build: Build) -> None:
    model = build("dihyfo-1", random=False, mean=random(59, seed=4), scale=random(59, seed=5).abs() + 0.1)
    torch.testing.assert_close(sample(model), random(7, 59, seed=1), atol=1e-5, rtol=1e-5)
    assert torch.equal(sample(build("dihyfo-1", space="subspace", random=False)), random(7, 59, seed=1))


def test_in_the_subspace_an_edit_keeps_what_of_its_start_lies_outside(build: Build) -> None:
    """The projector onto the subspace is taken from an independent decomposition of the components."""
    model = build("dihyfo-1", space="subspace")
    change = sample(model) - random(7, 59, seed=1)
    inside, _ = torch.linalg.qr(model.space.components.T)
    assert (change.norm(dim=1) > 0.1).all()
    torch.testing.assert_close(change @ inside @ inside.T, change, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("space", SPACES)
def test_an_untrained_sampler_returns_the_mean(build: Build, space: str) -> None:
    model = build("dihyfo-2", space=space, random=False, mean=random(59, seed=4))
    torch.testing.assert_close(sample(model), random(59, seed=4).expand(7, -1))


@pytest.mark.parametrize("chunk", [2, 256])
def test_each_row_gets_its_own_target_and_start(layout: Layout, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(sampling, "_NETWORKS_AT_ONCE", chunk)

    class Echo(SimpleNamespace):
        """A model that answers what it was told, in a parameter space scaled by two."""

        def __call__(self, noised: Tensor, time: Tensor, target: Tensor, start: Tensor, losses: Tensor) -> Tensor:
            assert noised.shape == start.shape == (len(target), layout.size)
            return torch.cat([target, losses, start[:, 8:]], dim=1)

    model = Echo(
        layout=layout,
        device=torch.device("cpu"),
        conditioning=CONDITIONINGS["dihyfo-1"],
        space=SimpleNamespace(
            dimension=layout.size,
            normalise=lambda params: params / 2,
            denormalise=lambda params, start: params * 2,
        ),
    )
    targets, params, losses = random(5, 4), random(3, layout.size, seed=1), random(3, 4, seed=2)
    rows = torch.tensor([2, 0, 1, 1, 2])
    starts = Starts(params, losses).take(rows)
    how = Sampling(SamplingConfig(steps=3), torch.Generator())
    sampled = sample_networks(trained(model, process="flow"), targets, starts, how)
    torch.testing.assert_close(sampled.params, torch.cat([2 * targets, 2 * losses[rows], params[rows, 8:]], dim=1))


@torch.no_grad()
def test_it_is_the_solver_on_normalised_parameters(build: Build) -> None:
    mean, scale = random(59, seed=4), random(59, seed=5).abs() + 0.1
    model = build("dihyfo-1", mean=mean, scale=scale)
    start, losses, targets = random(7, 59, seed=1), random(7, 4, seed=2).abs(), random(7, 4, seed=3).abs()
    generator = torch.Generator().manual_seed(0)
    expected = denoise(
        PROCESSES["ddpm"],
        lambda noised, time: model(noised, time, targets, (start - mean) / scale, losses),
        torch.randn(7, 59, generator=generator),
        4,
        generator,
    )
    torch.testing.assert_close(sample(model), expected * scale + mean)


@pytest.mark.parametrize(
    ("conditioning", "space"), [("dihyfo-1", "weights"), ("dihyfo-1", "subspace"), ("dihyfo-2", "weights")]
)
@pytest.mark.parametrize("kills", [[2], [3], [9, 2, 1], [11]])
def test_sampling_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces: InPieces,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
    conditioning: str,
    space: str,
    kills: list[int],
) -> None:
    monkeypatch.setattr(sampling, "_NETWORKS_AT_ONCE", 3)
    model = build(conditioning, space=space)
    sampled = in_pieces(lambda resuming: sample(model, eta=1.0, resuming=resuming), kills)
    assert torch.equal(sampled, sample(model, eta=1.0))


CONFIG = SamplingConfig(steps=3, stochasticity=1.0)
SPLIT = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(5)), torch.arange(40).remainder(4), 4)


@pytest.fixture
def starts(layout: Layout) -> Networks:
    return initialise(layout, 3, torch.Generator().manual_seed(1))


def chain(hypernet: TrainedHypernetwork, prompt: Tensor, starts: Networks, updates: int) -> Tensor:
    sampling = Sampling(CONFIG, torch.Generator().manual_seed(2))
    way = chain_networks(hypernet, prompt, starts, updates, SPLIT, sampling)
    return torch.stack([networks.params for networks in way.networks])


@pytest.mark.parametrize(
    ("conditioning", "performance"),
    [
        ("dihyfo-1", Performance()),
        ("dihyfo-1", Performance(also=("discriminability",))),
        ("gpt", Performance("loss", "mean")),
        ("gpt", Performance("accuracy", 2)),
    ],
)
@pytest.mark.parametrize("space", SPACES)
def test_a_chain_is_single_updates_from_one_generator(
    build: Callable[..., Hypernetwork],
    starts: Networks,
    conditioning: str,
    performance: Performance,
    space: str,
) -> None:
    model = build(conditioning, space=space, performance=performance)
    prompt = torch.full((performance.count(4),), 0.3)
    sampling = Sampling(CONFIG, torch.Generator().manual_seed(2))
    expected = [starts]
    for _ in range(3):
        told = performance_values(measure(expected[-1], SPLIT), performance)
        before = Starts(expected[-1].params, told)
        expected.append(sample_networks(trained(model), prompt.expand(3, -1), before, sampling))
    found = chain(trained(model), prompt, starts, 3)
    assert found.shape == (4, 3, model.layout.size)
    assert torch.equal(found, torch.stack([networks.params for networks in expected]))
    # The first updates do not depend on how many follow.
    assert torch.equal(chain(trained(model), prompt, starts, 1), found[:2])


def halfway(layout: Layout, asked: list[tuple[Tensor, Tensor]]) -> SimpleNamespace:
    """A model whose update halves the distance to a network of ones, and that keeps what it is told."""

    class Halfway(SimpleNamespace):
        def __call__(self, noised: Tensor, time: Tensor, target: Tensor, start: Tensor, told: Tensor) -> Tensor:
            asked.append((target, told))
            return (start + 1) / 2

    return Halfway(
        layout=layout,
        performance=Performance(),
        conditioning=CONDITIONINGS["dihyfo-1"],
        device=torch.device("cpu"),
        space=SimpleNamespace(
            dimension=layout.size,
            normalise=lambda params: params,
            denormalise=lambda params, start: params,
        ),
    )


def test_updates_of_a_known_model_have_a_closed_form(layout: Layout, starts: Networks) -> None:
    asked: list[tuple[Tensor, Tensor]] = []
    prompt = torch.tensor([0.1, 0.2, 0.3, 0.4])
    found = chain(trained(halfway(layout, asked), "flow"), prompt, starts, 4)
    for update in range(5):
        torch.testing.assert_close(found[update], 1 + (starts.params - 1) / 2**update)
    assert all(torch.equal(target, prompt.expand(3, -1)) for target, _ in asked)
    # Each update is told the losses of its own start, all through its evaluations.
    for update in range(4):
        losses = measure(Networks(found[update], layout), SPLIT).losses
        for _, told in asked[3 * update : 3 * update + 3]:
            torch.testing.assert_close(told, losses)
    assert len(asked) == 4 * 3


@pytest.mark.parametrize("kills", [[4], [8, 1], [3, 3, 2]])
def test_a_chain_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces: InPieces, build: Callable[..., Hypernetwork], starts: Networks, kills: list[int]
) -> None:
    hypernet = trained(build("dihyfo-1"))
    prompt = torch.full((4,), 0.3)

    def work(resuming: Resuming) -> Chain:
        sampling = Sampling(CONFIG, torch.Generator().manual_seed(2), resuming)
        return chain_networks(hypernet, prompt, starts, 3, SPLIT, sampling)

    found, expected = in_pieces(work, kills), work(NOT_RESUMING)
    for one, other in zip(found.networks, expected.networks, strict=True):
        assert torch.equal(one.params, other.params)
    for had, wanted in zip(found.outcomes, expected.outcomes, strict=True):
        assert torch.equal(had.losses, wanted.losses)
        assert torch.equal(had.correct, wanted.correct)
