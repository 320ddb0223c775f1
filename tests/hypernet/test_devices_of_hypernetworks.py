"""Hypernetworks on a GPU, here a pretended one: the same networks, and no devices mixed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import EditingConfig, OptimizersConfig, ProbeConfig, RecipeConfig, SamplingConfig
from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split, TaskData
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Sampling, Starts, chain
from hyperforget.hypernet.sampling import sample as sample_networks
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.probing.alignment import probe_snapshots, prompted_values
from hyperforget.probing.optimizer_curves import compare_optimizers, rival_recipes
from hyperforget.records.hypernets import OptimizerRow
from hyperforget.unlearning.candidates import Candidates
from hyperforget.unlearning.editing import Editing, edit_networks

Build = Callable[..., Hypernetwork]
CPU = torch.device("cpu")
SPLIT = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(5)), torch.arange(40) % 4, 4)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def hypernet_on(build: Build, device: torch.device, *snapshots: int) -> TrainedHypernetwork:
    weights = {step: build("dihyfo-1", seed=step).state_dict() for step in snapshots}
    return TrainedHypernetwork(build("dihyfo-1").to(device), PROCESSES["ddpm"], weights)


@pytest.mark.parametrize(
    ("conditioning", "options"),
    [
        ("dihyfo-1", {"tokens": "layers", "prompt": "separate"}),
        ("dihyfo-2", {"tokens": "units", "prompt": "joint"}),
        ("dihyfo-1", {"space": "subspace"}),
        ("gpt", {}),
    ],
)
@pytest.mark.parametrize("process", PROCESSES)
def test_sampled_networks_are_the_same(
    gpu: torch.device, build: Build, layout: Layout, conditioning: str, options: dict[str, str], process: str
) -> None:
    told = 1 if conditioning == "gpt" else 4
    starts = Starts(initialise(layout, 3, seeded(0)).params, torch.rand(3, told, generator=seeded(1)))
    targets = torch.rand(3, told, generator=seeded(2))

    def sample(device: torch.device) -> Tensor:
        model = build(conditioning, **options).to(device)
        hypernet = TrainedHypernetwork(model, PROCESSES[process], {})
        how = Sampling(SamplingConfig(steps=3, stochasticity=1.0), seeded(3))
        return sample_networks(hypernet, targets, starts, how).params

    assert torch.equal(sample(gpu), sample(CPU))


def test_edits_are_the_same(gpu: torch.device, build: Build, layout: Layout) -> None:
    originals = initialise(layout, 2, seeded(0))

    def edit(device: torch.device) -> Candidates:
        prompts = torch.rand(2, 4, generator=seeded(1))
        editing = Editing(EditingConfig(rounds=2, candidates=2, steps=2), seeded(2))
        return edit_networks(hypernet_on(build, device), prompts, originals, SPLIT.to(device), editing)

    found, expected = edit(gpu), edit(CPU)
    assert torch.equal(found.networks.params, expected.networks.params)
    assert all(
        torch.equal(getattr(found, name), getattr(expected, name)) for name in ("losses", "correct", "prompt", "start")
    )


@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")
def test_probes_are_the_same(gpu: torch.device, build: Build, make_corpus: Callable[..., Corpus]) -> None:
    def probe(device: torch.device) -> object:
        return probe_snapshots(
            hypernet_on(build, device, 1, 2),
            {"seen": make_corpus(12)},
            SPLIT.to(device),
            prompted_values(Performance(), range(4), [0]),
            ProbeConfig(prompts=3, networks=2),
            lambda name: Sampling(SamplingConfig(steps=2), seeded(3)),
        )

    assert probe(gpu) == probe(CPU)


def test_comparisons_of_optimizers_are_the_same(gpu: torch.device, build: Build, layout: Layout) -> None:
    starts = initialise(layout, 3, seeded(0))

    def compare(device: torch.device) -> list[OptimizerRow]:
        split = SPLIT.to(device)
        sampling = Sampling(SamplingConfig(steps=2), seeded(1))
        learned = chain(hypernet_on(build, device), torch.full((4,), 0.3), starts, 2, split, sampling)
        rivals = rival_recipes(RecipeConfig(steps=4, batch_size=8), OptimizersConfig(adam_learning_rates=[0.01]))
        data = TaskData(split, split, split, 0.0, 1.0, tuple(range(split.classes)))
        return compare_optimizers(learned.networks, data, rivals, lambda: seeded(2))

    assert compare(gpu) == compare(CPU)
