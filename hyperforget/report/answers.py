"""Did it forget? What is said of a method and a forget set, and the measurements that it rests on."""

import math
from dataclasses import dataclass
from typing import Literal

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import FigureTask, ReportSpec
from hyperforget.metrics.knowledge import DECISIVE, is_above
from hyperforget.report.recognised import Recognised
from hyperforget.report.results import Metrics, Value
from hyperforget.report.tables.comparison import selected_retained
from hyperforget.report.verdicts import accuracy_margin, outcome

Tone = Literal["forgot", "differs", "loses", "hides", "answers", "unsure"]
_NOTHING = Value(math.nan)


@dataclass(frozen=True)
class Yardstick:
    """Retrained networks of a forget set: their median and central 95 % of each `DECISIVE` metric, accuracy on
    retained classes of the one that the rule of selection takes, of all, and the distance between two of them.
    """

    recovered: tuple[Value, ...]
    selected: Value
    kept: Value
    distance: Value

    @property
    def farthest(self) -> float:
        """Below which 95 % of distances between two lie, in floors, their median; NaN where there are no two."""
        return in_floors(self.distance.high, self)


@dataclass(frozen=True)
class Answer:
    """What one method does to one forget set, beside the retrained networks: its chosen network on test images of
    forgotten and, ``kept``, of retained classes, against ``kept_by_retrained``; medians of each `DECISIVE` metric; and
    the distance of the chosen network to retrained ones, in floors.
    """

    recognised: Recognised
    recovered: tuple[Value, ...]
    kept: Value
    kept_by_retrained: Value
    floors: float
    yardstick: Yardstick

    @property
    def hidden(self) -> tuple[bool, ...]:
        """Of each `DECISIVE` metric whether more comes back than of retrained networks, as far as that is known."""
        pairs = zip(self.recovered, self.yardstick.recovered, strict=True)
        return tuple(is_above(own.value, other.high) for own, other in pairs)

    @property
    def loses(self) -> bool:
        """Whether retained classes suffer, by more than the 95 % interval of the difference."""
        margin = accuracy_margin(self.kept.error, self.kept_by_retrained.error)
        return self.kept_by_retrained.value - self.kept.value > margin + 1e-9

    @property
    def differs(self) -> bool:
        """Whether it is farther from retrained networks than these are from each other."""
        return is_above(self.floors, self.yardstick.farthest)

    @property
    def tone(self) -> Tone:
        """What is worst about it; ``unsure`` where something is not known, and nothing worse is."""
        if self.recognised.state == "answers":
            return "answers"
        if any(self.hidden):
            return "hides"
        if self.loses:
            return "loses"
        known = (self.kept_by_retrained.value, self.floors, self.yardstick.farthest)
        recovered = [each.value for each in self.recovered] + [each.high for each in self.yardstick.recovered]
        if self.recognised.state == "unsure" or any(map(math.isnan, (*known, *recovered))):
            return "unsure"
        return "differs" if self.differs else "forgot"


def answer(spec: ReportSpec, metrics: Metrics, task: str, method: str, forget: str) -> Answer:
    """Chosen networks are compared with the retrained network that the same rule chooses; of methods that choose none,
    and without it, medians with medians.
    """
    yardstick = yardstick_of(metrics, spec.task(task), forget)
    chooses = method in spec.choosing and not math.isnan(yardstick.selected.value)
    distance = metrics.find(task, method, forget, "chosen-to-all", "activation_distance", "test") or _NOTHING
    return Answer(
        outcome(metrics, spec.task(task), method, forget).forgotten,
        tuple(_population(metrics, task, method, forget, name, "forget") for name in brought_back(spec.task(task))),
        metrics.need(task, method, forget, "chosen" if chooses else "population", "accuracy", "retain"),
        yardstick.selected if chooses else yardstick.kept,
        in_floors(distance.value, yardstick),
        yardstick,
    )


def yardstick_of(metrics: Metrics, task: FigureTask, forget: str) -> Yardstick:
    """What the metrics file has of retrained networks; all is NaN without them."""
    return Yardstick(
        tuple(_population(metrics, task.name, RETRAINED, forget, name, "forget") for name in brought_back(task)),
        selected_retained(metrics, task.name, forget),
        _population(metrics, task.name, RETRAINED, forget, "accuracy", "retain"),
        _population(metrics, task.name, RETRAINED, forget, "activation_distance", "test"),
    )


def brought_back(task: FigureTask) -> tuple[str, ...]:
    """The `DECISIVE` metrics; none of groups, which have no output to bring back."""
    return () if task.groups else DECISIVE


def in_floors(distance: float, yardstick: Yardstick) -> float:
    """A distance over the floor, the median distance between two retrained networks; NaN without such."""
    floor = yardstick.distance.value
    return distance / floor if floor else math.nan


def _population(metrics: Metrics, task: str, method: str, forget: str, metric: str, set_: str) -> Value:
    return metrics.find(task, method, forget, "population", metric, set_) or _NOTHING
