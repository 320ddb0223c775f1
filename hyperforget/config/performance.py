"""What a hypernetwork is told of how well a network does."""

from dataclasses import dataclass
from typing import Literal

Metric = Literal["loss", "error", "accuracy", "discriminability", "separability"]

_UNITS: dict[Metric, str] = {
    "loss": "nats",
    "error": "share of images",
    "accuracy": "share of images",
    "discriminability": "standard deviations",
    "separability": "standard deviations",
}


@dataclass(frozen=True)
class Performance:
    """A metric of ``each`` class, of one class (its label), or its ``mean`` over classes, each counting alike; and
    further metrics of the same that are told after it, ``also``.

    ``loss`` is the mean cross-entropy of a class in nats, ``error`` and ``accuracy`` are shares of its images, and
    ``discriminability`` and ``separability`` are how well its outputs, and its hidden units, tell a class from the
    others, see `hyperforget.metrics.discriminability`.
    """

    metric: Metric = "loss"
    classes: int | Literal["each", "mean"] = "each"
    also: tuple[Metric, ...] = ()

    @property
    def parts(self) -> list["Performance"]:
        """What is told, one metric after the other."""
        return [Performance(metric, self.classes) for metric in (self.metric, *self.also)]

    @property
    def is_scalar(self) -> bool:
        """Whether it is one number, whatever the number of classes."""
        return self.classes != "each" and not self.also

    @property
    def unit(self) -> str:
        """That of its first metric."""
        return _UNITS[self.metric]

    def tells(self, metric: Metric) -> bool:
        """Whether that metric is among them."""
        return metric in (self.metric, *self.also)

    def count(self, classes: int) -> int:
        """K, how many numbers it is, with ``classes`` classes."""
        return len(self.parts) * len(self.labels(classes))

    def labels(self, classes: int) -> list[str]:
        """What the numbers of each metric are of, with ``classes`` classes: a class, or ``all`` of them."""
        if self.classes == "each":
            return [str(label) for label in range(classes)]
        return ["all" if self.classes == "mean" else str(self.classes)]
