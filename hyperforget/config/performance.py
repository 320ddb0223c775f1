"""What a hypernetwork is told of how well a network does."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Performance:
    """A metric of ``each`` class, of one class (its label), or its ``mean`` over classes, each counting alike.

    ``loss`` is the mean cross-entropy of a class in nats, ``error`` and ``accuracy`` are shares of its images.
    """

    metric: Literal["loss", "error", "accuracy"] = "loss"
    classes: int | Literal["each", "mean"] = "each"

    @property
    def is_scalar(self) -> bool:
        """Whether it is one number, whatever the number of classes."""
        return self.classes != "each"

    @property
    def unit(self) -> str:
        return "nats" if self.metric == "loss" else "share of images"

    def labels(self, classes: int) -> list[str]:
        """What each of its numbers is of, with ``classes`` classes: a class, or ``all`` of them."""
        if self.classes == "each":
            return [str(label) for label in range(classes)]
        return ["all" if self.classes == "mean" else str(self.classes)]
