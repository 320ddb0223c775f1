"""What the thesis' tables show, row by row, and where the numbers come from."""

import math
from dataclasses import dataclass

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import TableTask
from hyperforget.report.results import Metrics, Value
from hyperforget.report.tables.model import Label, Published, Share, text, text_with_sets
from hyperforget.report.tables.published import Entry, compare


@dataclass(frozen=True)
class Measure:
    """One metric on one set: as the heading of a row, and on paper of a column, in two lines, of which neighbours may
    share the first.

    ``images`` is the set of test images that it is a share of, as many as say how many digits it has; None for others.
    """

    label: Label
    metric: str
    set: str
    above: str
    below: str
    images: str | None = None


INDIVIDUAL = (
    Measure(text_with_sets("Accuracy on D_r"), "accuracy", "retain", "Accuracy", "D_r", "retain"),
    Measure(text_with_sets("Accuracy on D_f"), "accuracy", "forget", "Accuracy", "D_f", "forget"),
    Measure(text("MIA"), "mia", "forget-train", "MIA", "attack", "forget"),
    Measure(text("MIA, control"), "mia_test", "forget", "MIA", "control", "forget"),
)
PAIRED = (
    Measure(text_with_sets("Overlap on D_r"), "overlap", "retain", "Overlap", "D_r", "retain"),
    Measure(text_with_sets("Overlap on D_f"), "overlap", "forget", "Overlap", "D_f", "forget"),
    Measure(text("Overlap on Test Set"), "overlap", "test", "Overlap", "all", "test"),
    Measure(text("Activation Distance"), "activation_distance", "test", "Activation", "distance"),
    Measure(text("Unlearning Score (φ)"), "phi", "test", "Unlearning", "score φ"),
    Measure(text("JSD (bits)"), "jsd", "test", "JSD", "(bits)"),
)


@dataclass(frozen=True)
class Source:
    """Where the numbers of one table come from: its ``measures`` for some forget sets of a task."""

    task: TableTask
    forget_sets: tuple[str, ...]
    measures: tuple[Measure, ...]
    metrics: Metrics

    @property
    def title(self) -> str:
        held_out = " for forget sets kept out of collection" if self.forget_sets == self.task.holdout else ""
        return f"{self.task.name}{held_out}"

    def chosen(self, method: str, measure: Measure) -> list[Value]:
        """Values of the chosen network, one a forget set."""
        need = self.metrics.need
        return [
            need(self.task.name, method, forget, "chosen", measure.metric, measure.set) for forget in self.forget_sets
        ]

    def published(self, method: str, measure: Measure) -> list[Published | None]:
        """What the thesis printed beside those, one a forget set, None where it printed nothing."""
        task, metric, set_ = self.task.name, measure.metric, measure.set
        found = []
        for forget, value in zip(self.forget_sets, self.chosen(method, measure), strict=True):
            # One retrained network, as in the thesis: a median would be an easier target than its own.
            target = self.metrics.find(task, RETRAINED, forget, "chosen", metric, set_)
            retrained = math.nan if target is None else target.value
            found.append(compare(Entry(task, method, forget, metric, set_), value.value, retrained))
        return found

    def share(self, measure: Measure, forget: str) -> Share | None:
        """What the numbers of a measure are a share of, None for those that are none."""
        return Share(self.metrics.images(self.task.name, forget, measure.images)) if measure.images else None

    def retrained(self, measure: Measure, required: bool) -> list[Value]:
        """Medians of all retrained networks, one a forget set; unless required, those there are."""
        find = self.metrics.need if required else self.metrics.find
        values = [
            find(self.task.name, RETRAINED, forget, "population", measure.metric, measure.set)
            for forget in self.forget_sets
        ]
        return [value for value in values if value is not None]


@dataclass(frozen=True)
class Population:
    """All retrained networks in one block: its heading, that on paper, and of each measure the medians, one a forget
    set.
    """

    heading: str
    title: str
    medians: tuple[list[Value], ...]
