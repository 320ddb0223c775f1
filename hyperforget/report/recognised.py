"""How many test images of forgotten classes networks still recognise, and whether that is more than chance."""

from dataclasses import dataclass
from typing import Literal

from hyperforget.forget_set import FORGOTTEN_ACCURACY

# Half of what a 95 % interval leaves out.
_TAIL = 0.025
# With a larger share a single image says too much: there are fewer than ten.
_MOST_OF_AN_IMAGE = 0.1
Answering = Literal["forgets", "unsure", "answers"]


@dataclass(frozen=True)
class Recognised:
    """The ``accuracy`` of a network on so many test ``images`` of forgotten classes, None where nobody counted them;
    of groups also the ``level`` that retrained networks reach, who never saw them.
    """

    accuracy: float
    images: int | None = None
    level: float = 0.0

    @property
    def count(self) -> int:
        """The images that are recognised; 0 where nobody counted them."""
        return round(self.accuracy * (self.images or 0))

    @property
    def limit(self) -> float:
        """The accuracy up to which classes count as forgotten: `FORGOTTEN_ACCURACY`, or a single image, above the
        level.
        """
        return self.level + self._margin

    @property
    def _margin(self) -> float:
        return max(FORGOTTEN_ACCURACY, 1 / self.images) if self.images else FORGOTTEN_ACCURACY

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of a share (Clopper and Pearson, 1934); the accuracy alone where nobody counted."""
        if not self.images:
            return self.accuracy, self.accuracy
        # Here, so that stages whose result is known start without it.
        from scipy.special import betaincinv

        hits, misses = self.count, self.images - self.count
        low = float(betaincinv(hits, misses + 1, _TAIL)) if hits else 0.0
        high = float(betaincinv(hits + 1, misses, 1 - _TAIL)) if misses else 1.0
        return low, high

    @property
    def state(self) -> Answering:
        """Classes are answered where the whole interval lies above the limit, so that no single image decides; between
        is ``unsure``, and so are a handful of images of which none or one is recognised.
        """
        # Shares such as 1 / 49 must not depend on the last binary digit.
        if self.accuracy <= self.limit + 1e-9:
            return "forgets" if self._margin <= _MOST_OF_AN_IMAGE else "unsure"
        return "answers" if self.interval[0] > self.limit else "unsure"

    @property
    def words(self) -> str:
        """The count where it is known, else the accuracy."""
        return f"{self.count} of {self.images} images" if self.images else f"{self.accuracy:.4f}"
