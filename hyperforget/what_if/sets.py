"""All sets of some classes, each a whole number whose bit k says whether the k-th of them is in it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hyperforget.errors import UserError

# Of so many classes there are a million sets.
MOST_CLASSES = 20


def every_set(count: int) -> Tensor:
    """The numbers int64 (2 ** count,) of all sets of ``count`` classes, from the empty one to that of all.

    Raises `UserError` for more than 20 classes.
    """
    if count > MOST_CLASSES:
        raise UserError(
            f"{count} classes have {2**count:,} sets; allowed are those of up to {MOST_CLASSES} classes, or single sets"
        )
    return torch.arange(2**count)


def masks_of(numbers: Tensor, places: Sequence[int], classes: int) -> Tensor:
    """Masks bool (S, ``classes``) of sets by their ``numbers`` (S,), of classes that have these ``places``."""
    masks = torch.zeros(len(numbers), classes, dtype=torch.bool)
    masks[:, list(places)] = (numbers.unsqueeze(1) >> torch.arange(len(places))) % 2 == 1
    return masks


def numbers_of(masks: Tensor, places: Sequence[int]) -> Tensor:
    """The numbers int64 (S,) of sets by their masks bool (S, C); the reverse of `masks_of`."""
    numbers: Tensor = (masks[:, list(places)].long() << torch.arange(len(places))).sum(dim=1)
    return numbers


def sizes_of(numbers: Tensor) -> Tensor:
    """How many classes each set has, int64 of the same shape."""
    sizes, left = torch.zeros_like(numbers), numbers
    while bool((left > 0).any()):
        sizes, left = sizes + left % 2, left >> 1
    return sizes
