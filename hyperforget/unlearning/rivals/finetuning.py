"""The rival `finetune`: the originals are trained on, on retained images alone.

It needs the retained training images at the time of the request. How long is tuned on validation images: forgetting
comes from the L2 penalty of the recipe, and takes the longer the weaker that is.
"""

import torch

from hyperforget.networks.batch import Networks
from hyperforget.networks.training import Hooks, constant_curriculum, train_population
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.tuning import best

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
    # What takes the least forgotten, however little: training on has no other knob to forget with.
    steps = (found[step].to(assignment.forget.device) for step in lengths)
    return best(steps, assignment, "finetuned networks", forgotten_up_to=0.0)
