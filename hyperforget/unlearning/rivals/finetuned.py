"""Rivals that cost nothing, with a few steps of finetuning after: `bias-finetuned` and its like.

A closed form may leave retained classes a little worse, and what it hides a few steps may bring back; this tells both.
A hundred steps of the task's own recipe, on retained images alone, and nothing is chosen. It needs retained training
images beside what the method itself needs.
"""

from collections.abc import Callable
from dataclasses import replace

import torch

from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.candidates import check_diverged

FINETUNE_STEPS = 100


def finetune_briefly(assignment: Assignment) -> Networks:
    """The originals after `FINETUNE_STEPS` steps of their recipe on retained images; of `nearest`, the checkpoints that
    it offers are the originals.

    Raises `UserError` where that diverges.
    """
    originals, device = assignment.originals, assignment.forget.device
    shown = (~assignment.forget).float().cpu().expand(len(originals), -1)
    recipe = assignment.recipe.model_copy(update={"steps": FINETUNE_STEPS})
    found = train_population(
        originals.to(torch.device("cpu")), assignment.train, recipe, constant_curriculum(shown), assignment.generator
    )
    # A class that is masked has a loss beyond all bounds, and that is no divergence.
    outcomes, kept = measure(found, assignment.validation), ~assignment.forget.cpu()
    remedy = f"lower the task's recipe.learning_rate, which is {recipe.learning_rate:g}"
    check_diverged(outcomes.losses[:, kept], outcomes.sizes[kept], "finetuned networks", remedy)
    return found.to(device)


def then_finetuned(method: Callable[[Assignment], Networks]) -> Callable[[Assignment], Networks]:
    """What a method makes, after `finetune_briefly`."""

    def unlearn(assignment: Assignment) -> Networks:
        return finetune_briefly(replace(assignment, originals=method(assignment)))

    return unlearn
