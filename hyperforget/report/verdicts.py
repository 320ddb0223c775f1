"""A generator against a rival, chosen network against chosen network: who does better, and by what."""

import math
from dataclasses import dataclass

from hyperforget.config.report_specs import FigureTask, TaskSpec
from hyperforget.report.forgotten import level_of
from hyperforget.report.recognised import Recognised
from hyperforget.report.results import Metrics
from hyperforget.report.tables.comparison import activation_distance

# Distances closer than that share of each other count as level, and accuracies where their 95 % intervals tell nothing
# of their difference: where these are not known, closer than the margin.
ACCURACY_MARGIN = 0.01
DISTANCE_MARGIN = 0.1
BETTER, LEVEL, WORSE = "better", "level", "worse"


@dataclass(frozen=True)
class Outcome:
    """The chosen network of one method on one forget set, on test images: what it recognises of forgotten classes, its
    accuracy on retained ones, and the distance to retrained networks; ``retain_error`` is half of the 95 % interval
    of that accuracy, NaN where that is not known.
    """

    forgotten: Recognised
    retain_accuracy: float
    distance: float
    retain_error: float = math.nan


@dataclass(frozen=True)
class Verdict:
    """A generator against a rival on one forget set: who does better, and by what."""

    accuracy: str
    accuracy_reason: str
    closeness: str
    closeness_reason: str

    @property
    def wins(self) -> bool:
        """Better in one of the two and worse in neither."""
        sides = {self.accuracy, self.closeness}
        return BETTER in sides and WORSE not in sides


def outcome(metrics: Metrics, task: FigureTask, method: str, forget: str) -> Outcome:
    """The numbers that a verdict rests on; raises `UserError` where the metrics file lacks one."""
    accuracy = metrics.need(task.name, method, forget, "chosen", "accuracy", "forget").value
    images, level = metrics.images(task.name, forget, "forget"), level_of(metrics, task, forget)
    forgotten = Recognised(accuracy, images, level)
    retained = metrics.need(task.name, method, forget, "chosen", "accuracy", "retain")
    distance = activation_distance(metrics, task.name, method, forget)
    return Outcome(forgotten, retained.value, distance, retained.error)


def judge(own: Outcome, rival: Outcome) -> Verdict:
    """Accuracy: a network that forgets beats one that answers; between others retained classes decide, level where the
    difference is within its 95 % interval, as if both were measured on images of their own: on the same ones, where
    they err alike, less is needed, so that this rather calls level what is not.

    Closeness: the smaller activation distance to the retrained networks.
    """
    gain = own.retain_accuracy - rival.retain_accuracy
    if {own.forgotten.state, rival.forgotten.state} == {"forgets", "answers"}:
        accuracy = BETTER if own.forgotten.state == "forgets" else WORSE
        reason = f"recognises {own.forgotten.words} against {rival.forgotten.words}"
    else:
        margin = accuracy_margin(own.retain_error, rival.retain_error)
        is_known = not math.isnan(own.retain_error + rival.retain_error)
        accuracy = _side(gain, margin)
        reason = f"retained classes {signed(gain)}" + (f" ± {margin:.4f}" if is_known else "")
    return Verdict(accuracy, reason, *_closeness(own.distance, rival.distance))


def accuracy_margin(error: float, other: float) -> float:
    """Half of the 95 % interval of the difference of two accuracies from those of each, as if both were measured on
    images of their own; `ACCURACY_MARGIN` where these are not known.
    """
    margin = math.hypot(error, other)
    return ACCURACY_MARGIN if math.isnan(margin) else margin


def verdict(task: TaskSpec, generator: str, rival: str, forget: str, metrics: Metrics) -> Verdict:
    """What `judge` says of the chosen networks of both on a forget set."""
    return judge(outcome(metrics, task, generator, forget), outcome(metrics, task, rival, forget))


def _closeness(own: float, rival: float) -> tuple[str, str]:
    """The side of two distances, at least 0 or NaN, and its reason."""
    if math.isnan(own) or math.isnan(rival):
        return LEVEL, "not measured"
    if not own or not rival:
        return _side(rival - own, 0), f"distance {own:.4f} against {rival:.4f}"
    return _side(-math.log(own / rival), -math.log(1 - DISTANCE_MARGIN)), f"{own / rival:.2f} × its distance"


def _side(gain: float, margin: float) -> str:
    # Differences of printed numbers such as 0.95 and 0.94 must not depend on the last binary digit.
    return LEVEL if abs(gain) <= margin + 1e-9 else BETTER if gain > 0 else WORSE


def signed(value: float) -> str:
    """With four decimals and a typographic minus."""
    return f"{value:+.4f}".replace("-", "−")
