"""Forget sets: which classes a network must no longer know."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hyperforget.errors import UserError

# A class, or a forget set, counts as forgotten up to this accuracy.
FORGOTTEN_ACCURACY = 0.01


@dataclass(frozen=True, order=True)
class ForgetSet:
    """A non-empty, sorted tuple of class indices of a task, written ``2-3`` in paths, configs and tables."""

    classes: tuple[int, ...]

    def __str__(self) -> str:
        return "-".join(map(str, self.classes))

    def mask(self, classes: int) -> list[bool]:
        """One flag a class, of length ``classes``: true where the class is to be forgotten."""
        return [label in self.classes for label in range(classes)]


def parse_forget_set(text: str, classes: int, where: str = "forget set") -> ForgetSet:
    """Read ``2-3`` as the classes 2 and 3 of a task with ``classes`` classes.

    Raises `UserError`, naming ``where`` and the nearest valid form, unless the labels are whole numbers, known, unique,
    sorted, and leave at least one class to retain.
    """
    allowed = f"allowed are class labels 0 to {classes - 1}, sorted, each once, joined by '-', never all of them"
    try:
        labels = [int(part) for part in str(text).split("-")]
    except ValueError:
        raise UserError(f"{where} {text!r} is no list of class labels: {allowed}, e.g. {_example(classes)!r}") from None
    unknown = [label for label in labels if not 0 <= label < classes]
    if unknown:
        raise UserError(
            f"{where} {text!r} has the unknown class {unknown[0]}: {allowed}; "
            f"the nearest is {_nearest(labels, classes)!r}"
        )
    canonical = format_classes(labels)
    if len(set(labels)) == classes:
        raise UserError(
            f"{where} {text!r} has all {classes} classes, which leaves nothing to retain: {allowed}; "
            f"the nearest is {_nearest(labels, classes)!r}"
        )
    if str(text) != canonical:
        plain = set(str(text)) <= set("0123456789-") and not re.search(r"\b0[0-9]", str(text))
        fault = "is not sorted or repeats a class" if plain else "has a class that is not written in plain digits"
        raise UserError(f"{where} {text!r} {fault}: {allowed}; write {canonical!r}")
    return ForgetSet(tuple(labels))


def format_classes(labels: Iterable[int]) -> str:
    """The canonical text of some class labels: sorted, each once, joined by ``-``."""
    return "-".join(str(label) for label in sorted(set(labels)))


def _nearest(labels: list[int], classes: int) -> str:
    known = sorted({min(max(label, 0), classes - 1) for label in labels})
    return format_classes(known[1:] if len(known) == classes else known)


def _example(classes: int) -> str:
    return format_classes(range(max(classes - 2, 0), classes - 1)) if classes < 4 else "2-3"
