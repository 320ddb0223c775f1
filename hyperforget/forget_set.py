"""Forget sets: which classes a network must no longer know, by their labels in the dataset.

A task keeps some labels of its dataset, such as 3, 5, 7, 9, in the order of its networks' outputs. People name a class
by its label; networks and masks know the place of its output alone. Where a task forgets groups of images instead, such
as those of a writer, all of this holds of the labels of groups, which have a place in masks and no output.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hyperforget.errors import UserError, shown

# A class, or a forget set, counts as forgotten up to this accuracy; a group up to this much above what networks that
# never saw it reach.
FORGOTTEN_ACCURACY = 0.01

# What forget sets are made of, as messages call it.
Noun = Literal["class", "group"]
PLURALS: dict[Noun, str] = {"class": "classes", "group": "groups"}


def noun_of(groups: Sequence[object]) -> Noun:
    """What forget sets are made of: the ``groups`` of a task, where it has any, else classes."""
    return "group" if groups else "class"


@dataclass(frozen=True, order=True)
class ForgetSet:
    """A non-empty, sorted tuple of labels of a task's classes, written ``2-3`` in paths, configs and tables."""

    classes: tuple[int, ...]

    def __str__(self) -> str:
        return "-".join(map(str, self.classes))

    def mask(self, labels: Sequence[int]) -> list[bool]:
        """One flag an output of networks whose classes have these ``labels``: true where it is to be forgotten."""
        return [label in self.classes for label in labels]


def places_of(classes: Iterable[int], labels: Sequence[int]) -> tuple[int, ...]:
    """The places of some classes among the outputs of networks whose classes have these ``labels``, ascending.

    Raises `ValueError` for a class that is none of them.
    """
    return tuple(sorted(labels.index(label) for label in classes))


def parse_forget_set(text: str, labels: Sequence[int], where: str = "forget set", noun: Noun = "class") -> ForgetSet:
    """Read ``2-3`` as the classes 2 and 3 of a task whose classes have these ``labels``, or as its groups.

    Raises `UserError`, naming ``where`` and the nearest valid form, unless the labels are whole numbers, known, unique,
    sorted, and leave at least one to retain.
    """
    plural = PLURALS[noun]
    classes, form = f"the task's {plural} {classes_in_words(labels)}", "sorted, each once, joined by '-', never all"
    allowed = f"allowed are {classes}, {form}"
    try:
        asked = [int(part) for part in str(text).split("-")]
    except ValueError:
        raise UserError(
            f"{where} {shown(text)} is no list of {noun} labels: {allowed}, e.g. {_example(labels)!r}"
        ) from None
    unknown = [label for label in asked if label not in labels]
    if unknown:
        raise UserError(
            f"{where} {shown(text)}: {noun} {shown(unknown[0])} is not one of {classes}; allowed are some of these, "
            f"{form}; the nearest is {_nearest(asked, labels)!r}"
        )
    canonical = format_classes(asked)
    if len(set(asked)) == len(labels):
        raise UserError(
            f"{where} {shown(text)} has all {len(labels)} {plural}, which leaves nothing to retain: {allowed}; "
            f"the nearest is {_nearest(asked, labels)!r}"
        )
    if str(text) != canonical:
        plain = set(str(text)) <= set("0123456789-") and not re.search(r"\b0[0-9]", str(text))
        fault = f"is not sorted or repeats a {noun}" if plain else f"has a {noun} that is not written in plain digits"
        raise UserError(f"{where} {shown(text)} {fault}: {allowed}; write {canonical!r}")
    return ForgetSet(tuple(asked))


def format_classes(labels: Iterable[int]) -> str:
    """The canonical text of some class labels: sorted, each once, joined by ``-``."""
    return "-".join(str(label) for label in sorted(set(labels)))


def classes_in_words(labels: Sequence[int]) -> str:
    """The labels as messages name them: ``0 to 9``, or ``3, 5, 7, 9`` where some between are left out."""
    ordered = sorted(labels)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]} to {ordered[-1]}"
    return ", ".join(map(str, ordered))


def nearest_class(label: int, labels: Iterable[int]) -> int:
    """That of the ``labels`` which is nearest to a number; of two, the lower."""
    return min(sorted(labels), key=lambda each: abs(each - label))


def _nearest(asked: list[int], labels: Sequence[int]) -> str:
    known = sorted({nearest_class(label, labels) for label in asked})
    return format_classes(known[1:] if len(known) == len(labels) else known)


def _example(labels: Sequence[int]) -> str:
    ordered, count = sorted(labels), len(labels)
    return format_classes(ordered[max(count - 2, 0) : count - 1] if count < 4 else ordered[2:4])
