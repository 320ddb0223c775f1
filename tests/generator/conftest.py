"""Small generators: random hypernetworks, asked by the levels of random checkpoints."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import hyperforget
from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config.performance import Performance
from hyperforget.generator.description import Description, Images, Lineage, Measured, Prompt, Solver
from hyperforget.generator.generator import Generator
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.levels import fit_levels
from tests.hypernet.conftest import build, layout

# Fixtures.
__all__ = ["build", "layout"]

# Of networks 6-5-4; 2 is a pivot, and no checkpoint has forgotten 13.
LABELS, PIVOTS = [2, 5, 11, 13], [2]
IMAGES = Images(pixels=6, mean=5.0, std=3.0, lowest=0, highest=12)
TOLD = Performance(also=("discriminability", "separability"))


def random_outcomes() -> CorpusOutcomes:
    rng = np.random.default_rng(0)
    correct = rng.choice([0, 1, 60, 90], size=(200, 4))
    correct[:, [0, 3]] = np.maximum(correct[:, [0, 3]], 40)
    numbers = [torch.from_numpy(rng.gamma(2.0, 1.0, size=(200, 4)).astype(np.float32)) for _ in range(3)]
    losses, discriminable, separable = numbers
    unseen = torch.from_numpy(correct == 0)
    return CorpusOutcomes(losses, torch.from_numpy(correct), discriminable, separable, torch.full((4,), 100), unseen)


def described(hypernet: Hypernetwork) -> Description:
    return Description(
        package_version=hyperforget.__version__,
        weights_sha256="0" * 64,
        task="shapes",
        model="mine",
        dataset="shapes",
        labels=LABELS,
        pivots=PIVOTS,
        network=next(iter(hypernet.layout.attributes.values())),
        initialisation="uniform",
        images=IMAGES.model_copy(update={"pixels": hypernet.layout.inputs}),
        conditioning=hypernet.conditioning.name,
        told=hypernet.performance,
        process="flow",
        architecture=hypernet.architecture,
        prompt=Prompt(forget=0.6, retain=0.3),
        sampling=Solver(steps=3, stochasticity=0),
        editing=Solver(steps=1, stochasticity=0),
        rounds=1,
        checkpoints=200,
        lineage=Lineage(dataset="1" * 64, corpus="2" * 64, hypernetwork="3" * 64),
        measured=[
            Measured(method=method, forget="5", set=name, metric=metric, value=0.5, low=0.25, high=0.75, networks=8)
            for method in ("mine", "mine-edit", "retrained")
            for metric, name in (("accuracy", "retain"), ("accuracy", "forget"), ("shift", "forget"))
        ],
    )


@pytest.fixture(scope="session")
def make_generator(build: Callable[..., Hypernetwork], layout: Layout) -> Callable[..., Generator]:
    """``make_generator(conditioning, of=layout, **changes)``, with changes of its description."""
    levels = fit_levels(random_outcomes(), TOLD)

    def make(conditioning: str = "dihyfo-1", of: Layout = layout, **changes: object) -> Generator:
        hypernet = build(conditioning, performance=TOLD, of=of)
        description = described(hypernet).model_copy(update=changes)
        trained = TrainedHypernetwork(hypernet, PROCESSES["flow"], {})
        return replace(Generator(description, trained, levels, torch.linspace(0.5, 2, TOLD.count(4))))

    return make


@pytest.fixture(scope="session")
def generator(make_generator: Callable[..., Generator]) -> Generator:
    return make_generator()


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))


@pytest.fixture(scope="session")
def data() -> tuple[np.ndarray, np.ndarray]:
    """Images 2 x 3 on the scale of the dataset, with their labels there."""
    rng = np.random.default_rng(1)
    return np.clip(rng.normal(5.0, 3.0, size=(80, 2, 3)), 0, 12), np.array(LABELS)[np.arange(80) % 4]
