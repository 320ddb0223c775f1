"""Settings of rivals are chosen as whoever answers a request can: by validation images, for all networks alike."""

from collections.abc import Iterable
from statistics import median

from torch import Tensor

from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.metrics.classes import accuracy_on
from hyperforget.metrics.measuring import Outcomes, measure
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.candidates import check_diverged


def best(
    found: Iterable[Networks], assignment: Assignment, made: str, forgotten_up_to: float = FORGOTTEN_ACCURACY
) -> Networks:
    """Of what settings ``found``, each of them networks for all originals, the best by `merit`; of several as good, the
    first, so settings that cost less come first.

    Raises `UserError`, which calls the networks as ``made`` says, where some of the best have diverged.
    """
    forget = assignment.forget.cpu()
    measured = ((networks, measure(networks, assignment.validation)) for networks in found)
    networks, outcomes = min(measured, key=lambda each: merit(each[1], forget, forgotten_up_to))
    remedy = f"lower the task's recipe.learning_rate, which is {assignment.recipe.learning_rate:g}"
    check_diverged(outcomes.losses, outcomes.sizes, made, remedy)
    return networks


def merit(outcomes: Outcomes, forget: Tensor, forgotten_up_to: float) -> tuple[float, float, float]:
    """The lower the better: the share of networks that have diverged, their median accuracy on forgotten classes above
    ``forgotten_up_to``, and minus that on the retained ones.
    """
    forgotten, retained = (accuracy_on(outcomes.correct, outcomes.sizes, mask) for mask in (forget, ~forget))
    above = max(0.0, median(forgotten.tolist()) - forgotten_up_to)
    return float(outcomes.diverged.double().mean()), above, -median(retained.tolist())
