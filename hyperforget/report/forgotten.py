"""What the report holds the accuracy on a forget set against, and what it says of groups."""

import math

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import FigureTask, TableTask
from hyperforget.report.results import Metrics


def level_of(metrics: Metrics, task: FigureTask | TableTask, forget: str) -> float:
    """The accuracy on a forget set that networks may have and count as having forgotten it: 0, of groups what the
    central 95 % of retrained networks reach.

    Raises `UserError` where the metrics lack the accuracy of these.
    """
    if not task.groups:
        return 0.0
    retrained = metrics.need(task.name, RETRAINED, forget, "population", "accuracy", "forget")
    return retrained.value if math.isnan(retrained.high) else retrained.high


def about_groups(task: FigureTask | TableTask) -> str:
    """What a reader has to know of a task that forgets groups, one sentence; empty of classes."""
    if not task.groups:
        return ""
    return (
        f"groups of images are forgotten here, of {', '.join(task.groups)}: read group for class, and take as "
        "forgotten what is recognised no more than by retrained networks, which still answer a part of what they never "
        "saw."
    )
