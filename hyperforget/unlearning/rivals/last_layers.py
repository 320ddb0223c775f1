"""The rivals `cf-k` and `eu-k`: the last layers alone are trained on retained images, from what they are, or anew.

Goel et al. (2022), "Towards Adversarial Evaluations for Inexact Machine Unlearning": catastrophic forgetting of, and
exact unlearning by, the last k layers, with all others frozen. k is 1, as main networks have few layers: with all of
them they are `finetune` and retraining. They need retained training images, and validation images to choose how long.
"""

from dataclasses import replace

import torch
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import Answer, Grid, Pool, tuned
from hyperforget.unlearning.rivals.losses import cross_entropies

# k.
LAYERS = 1
# At the recipe's own rate.
ALONG = Grid(rates=(1.0,), lengths=(0.1, 0.3, 1.0))


def finetune_last_layers(assignment: Assignment) -> Networks:
    """The originals (CF-k), their last layers trained on, for as long as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    return _trained(assignment, "networks after CF-k")


def retrain_last_layers(assignment: Assignment) -> Networks:
    """The originals (EU-k), their last layers trained from a random start, for as long as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    originals, recipe = assignment.originals, assignment.recipe
    fresh = initialise(originals.layout, len(originals), assignment.generator, recipe.initialisation)
    marked = in_last_layers(originals.layout).to(originals.params.device)
    params = torch.where(marked, fresh.params.to(originals.params.device), originals.params)
    return _trained(replace(assignment, originals=Networks(params, originals.layout)), "networks after EU-k")


def in_last_layers(layout: Layout) -> Tensor:
    """Which parameters are of the last `LAYERS` layers, bool (P,)."""
    return torch.arange(layout.size) >= layout.parameters[-2 * LAYERS].offset


def _trained(assignment: Assignment, made: str) -> Networks:
    retained = Pool.of(assignment, ~assignment.forget)

    def loss(answer: Answer, step: int) -> Tensor:
        images, labels = retained.draw()
        return cross_entropies(answer(images), labels)

    marked = in_last_layers(assignment.originals.layout).to(assignment.forget.device)
    return tuned(assignment, loss, made, ALONG, marked)
