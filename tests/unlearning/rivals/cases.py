"""Small trained populations of each kind of network, and what methods are given of them."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.unlearning.assignment import Assignment

LAYOUTS: tuple[Layout, ...] = (
    PerceptronLayout((6, 8, 4)),
    PerceptronLayout((6, 7, 5, 4)),
    ConvolutionalLayout((2, 3, 1), (6, 8), 3, 1, 4),
)
CLASSES, NETWORKS = 4, 3
ONE, TWO = torch.tensor([False, True, False, False]), torch.tensor([True, False, True, False])
RECIPE = RecipeConfig(steps=200, batch_size=32, learning_rate=0.3, weight_decay=0.001)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split_of(seed: int) -> Split:
    labels = torch.arange(80) % CLASSES
    return Split(0.5 * torch.randn(80, 6, generator=generator(seed)) + 2 * F.one_hot(labels, 6), labels, CLASSES)


TRAIN, VALIDATION = split_of(0), split_of(1)


@cache
def trained(layout: Layout) -> Networks:
    everything = constant_curriculum(torch.ones(NETWORKS, CLASSES))
    return train_population(initialise(layout, NETWORKS, generator()), TRAIN, RECIPE, everything, generator(1))


def assigned(
    originals: Networks, forget: Tensor = ONE, train: Split = TRAIN, recipe: RecipeConfig = RECIPE
) -> Assignment:
    return Assignment(originals, forget, train, VALIDATION, recipe, generator(2))


def module_of(networks: Networks, index: int = 0) -> nn.Sequential:
    """One of the networks as torch has it."""
    module = networks.layout.module()
    module.load_state_dict(networks.layout.state_dict(networks.params[index]))
    return module


def flat(module: nn.Module) -> Tensor:
    """The parameters of a module (P,), as those of networks lie."""
    return torch.cat([part.detach().flatten() for part in module.parameters()])


def images_of(layout: Layout, split: Split, chosen: Tensor) -> Tensor:
    """Images of some classes, as modules read them."""
    return layout.images_of_modules(split.images[chosen[split.labels]])
