"""The rival `finetune`: the originals are trained on, on retained images alone.

It needs the retained training images at the time of the request. How long is tuned on validation images: forgetting
comes from the L2 penalty of the recipe, and takes the longer the weaker that is.
"""

from statistics import median

import torch

from hyperforget.metrics.classes import accuracy_on
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.training import Hooks, constant_curriculum, train_population
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.candidates import check_diverged

# Lengths that are tried, as shares of the steps that the originals were trained.
LENGTHS = (0.25, 0.5, 1.0, 2.0)


def finetune(assignment: Assignment) -> Networks:
    """The originals after as many steps of their recipe on retained images as suit most of them best.

    Of `LENGTHS` the one with the lowest accuracy on forgotten validation images, then the highest on retained ones, in
    the median over the networks; of several as good, the shortest.
    Raises `UserError` where training diverges.
    """
    lengths = sorted({max(1, round(share * assignment.recipe.steps)) for share in LENGTHS})
    found: dict[int, Networks] = {}

    def keep(step: int, networks: Networks) -> None:
        found[step] = networks.to(torch.device("cpu"))

    shown = (~assignment.forget).float().cpu().expand(len(assignment.originals), -1)
    train_population(
        assignment.originals.to(torch.device("cpu")),
        assignment.train,
        assignment.recipe.model_copy(update={"steps": lengths[-1]}),
        constant_curriculum(shown),
        assignment.generator,
        Hooks(keep, frozenset(lengths)),
    )
    best = min(found.items(), key=lambda item: (*_merit(item[1], assignment), item[0]))[1]
    outcomes, recipe = measure(best, assignment.validation), assignment.recipe
    remedy = f"lower the task's recipe.learning_rate, which is {recipe.learning_rate:g}"
    check_diverged(outcomes.losses, outcomes.sizes, "finetuned networks", remedy)
    return best.to(assignment.forget.device)


def _merit(networks: Networks, assignment: Assignment) -> tuple[float, float]:
    """The lower the better: median accuracy on forgotten, and minus that on retained validation images."""
    outcomes, forget = measure(networks, assignment.validation), assignment.forget.cpu()
    forgotten, retained = (accuracy_on(outcomes.correct, outcomes.sizes, mask) for mask in (forget, ~forget))
    return median(forgotten.tolist()), -median(retained.tolist())
