"""Up to which accuracy networks have forgotten a class, or a group of images, and from which on they know it.

A network that never saw a class never answers it, so what counts as forgotten is nearly nothing. One that never saw a
group still answers a part of it, by what it learned of the others, so a group is forgotten where it is answered no
better than by networks that never saw it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hyperforget.forget_set import FORGOTTEN_ACCURACY

# A checkpoint counts as knowing a class from this accuracy on.
KNOWN_ACCURACY = 0.5
# Of the checkpoints that never saw a group, this share answers it no better than what counts as forgotten, but for
# `FORGOTTEN_ACCURACY`.
_LEVEL = 0.975


@dataclass(frozen=True)
class Bounds:
    """The accuracies, one a class or group, up to which each counts as ``forgotten``, and from which on as ``known``;
    whether they are ``of_groups``.
    """

    forgotten: tuple[float, ...]
    known: tuple[float, ...]
    of_groups: bool = False

    @property
    def attributes(self) -> dict[str, Any]:
        """What a stored corpus says of them: nothing of classes, whose bounds are the same everywhere."""
        return {"bounds": asdict(self)} if self.of_groups else {}


def class_bounds(count: int) -> Bounds:
    """Those of some classes."""
    return Bounds((FORGOTTEN_ACCURACY,) * count, (KNOWN_ACCURACY,) * count)


def group_bounds(accuracies: np.ndarray, unseen: np.ndarray) -> Bounds:
    """Those of G groups, by the ``accuracies`` (..., G) of checkpoints and which of these never saw each, bool of the
    same shape: known is what is not forgotten. A group that all have seen, as pivots are, has the bounds of a class.
    """
    forgotten, known = [], []
    for place in range(accuracies.shape[-1]):
        of_unseen = accuracies[..., place][unseen[..., place]]
        level = float(np.quantile(of_unseen, _LEVEL)) + FORGOTTEN_ACCURACY if of_unseen.size else FORGOTTEN_ACCURACY
        forgotten.append(level)
        # Shares of images in single precision differ by more than this.
        known.append(level + 1e-6 if of_unseen.size else KNOWN_ACCURACY)
    return Bounds(tuple(forgotten), tuple(known), of_groups=True)


def stored_bounds(corpus: Mapping[str, Any], count: int) -> Bounds:
    """Those of a corpus of ``count`` classes or groups, by its attributes in the store."""
    found = corpus.get("bounds")
    if found is None:
        return class_bounds(count)
    return Bounds(tuple(found["forgotten"]), tuple(found["known"]), found["of_groups"])
