"""What it takes to train main networks, the alternative to asking a hypernetwork for them."""

import torch

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.timing.clock import seconds_of

_SHARE = 0.1
_FEWEST_STEPS = 50


def seconds_of_training(layout: Layout, train: Split, recipe: RecipeConfig, count: int) -> float:
    """Seconds of a processor that training ``count`` networks together takes.

    Every step costs the same, so a tenth of them is timed (50 at least, where the recipe has so many) and the rest
    extrapolated. Which classes are shown makes no difference.
    """
    generator = torch.Generator().manual_seed(0)
    steps = min(recipe.steps, max(_FEWEST_STEPS, round(_SHARE * recipe.steps)))
    start = initialise(layout, count, generator, recipe.initialisation)
    everything = constant_curriculum(torch.ones(count, layout.classes))
    shortened = recipe.model_copy(update={"steps": steps})
    return seconds_of(lambda: train_population(start, train, shortened, everything, generator)) * recipe.steps / steps


def steps_of_an_epoch(train: Split, recipe: RecipeConfig) -> float:
    """Minibatches that have as many images as there are to train on."""
    return len(train.labels) / recipe.batch_size
