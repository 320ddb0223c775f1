"""What it costs to retrain one network, the alternative to asking a hypernetwork for it."""

import time

import torch

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import constant_curriculum, train_population

_SHARE = 0.1
_FEWEST_STEPS = 50


def seconds_alone(layout: Layout, train: Split, recipe: RecipeConfig) -> float:
    """Seconds that training one network by itself takes, on the torch threads as they are set.

    Every step costs the same, so a tenth of them is timed (50 at least, where the recipe has so many) and the rest
    extrapolated. Which classes are shown makes no difference.
    """
    generator = torch.Generator().manual_seed(0)
    steps = min(recipe.steps, max(_FEWEST_STEPS, round(_SHARE * recipe.steps)))
    start = initialise(layout, 1, generator)
    everything = constant_curriculum(torch.ones(1, layout.classes))
    clock = time.monotonic()
    train_population(start, train, recipe.model_copy(update={"steps": steps}), everything, generator)
    return (time.monotonic() - clock) * recipe.steps / steps
