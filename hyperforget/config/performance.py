"""What a hypernetwork is told of how well a network does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
    """A metric of ``each`` class, of one class, or its ``mean`` over classes, each counting alike; and further metrics
    of the same that are told after it, ``also``.

    One class goes by its label in the dataset wherever people read of it, and by its place among the outputs in what
    is computed with networks: `placed` and `named` lead from one to the other.

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

    def count(self, classes: int) -> int:
        """K, how many numbers it is, with ``classes`` classes."""
        return len(self.parts) * (classes if self.classes == "each" else 1)

    def labels(self, labels: Iterable[int]) -> list[str]:
        """What the numbers of each metric are of, with classes of these ``labels``: a class, or ``all`` of them."""
        if self.classes == "each":
            return [str(label) for label in labels]
        return ["all" if self.classes == "mean" else str(self.classes)]

    def placed(self, labels: Sequence[int]) -> "Performance":
        """The same with its one class, if any, by its place among outputs whose classes have these ``labels``."""
        return replace(self, classes=labels.index(self.classes)) if isinstance(self.classes, int) else self

    def named(self, labels: Sequence[int]) -> "Performance":
        """The inverse of `placed`."""
        return replace(self, classes=labels[self.classes]) if isinstance(self.classes, int) else self
