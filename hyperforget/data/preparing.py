"""Preparing a task: the classes of a dataset that it keeps, and the groups if it forgets such, split in three."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.data.raw_images import Part, shape_of_images
from hyperforget.data.sources import raw_images
from hyperforget.errors import UserError
from hyperforget.forget_set import Noun, noun_of
from hyperforget.runtime.randomness import derived_seed

_WORDS = {"train": "training", "validation": "validation", "test": "test"}


def split_seed(seed: int, task: str) -> int:
    """What the images of a task are split by, from the seed of its configuration."""
    return derived_seed(seed, "split", task) % 2**32


@dataclass(frozen=True)
class _Images:
    """``images`` (B, D) with ``labels`` (B,), the places of what is forgotten, classes or groups, and of groups the
    ``targets`` (B,), the places of classes.
    """

    images: np.ndarray
    labels: np.ndarray
    targets: np.ndarray | None

    def __getitem__(self, rows: np.ndarray) -> "_Images":
        targets = None if self.targets is None else self.targets[rows]
        return _Images(self.images[rows], self.labels[rows], targets)


@dataclass(frozen=True)
class _Kept:
    """The labels of the ``classes`` that a task keeps, and of the ``groups``, none where it forgets classes."""

    classes: list[int]
    groups: list[int]

    @property
    def forgettable(self) -> list[int]:
        return self.groups or self.classes

    @property
    def noun(self) -> Noun:
        return noun_of(self.groups)


def prepare_splits(
    config: DatasetConfig, classes: list[int], seed: int, groups: Sequence[int] = ()
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays ``{split}_images``, ``{split}_labels`` of a task, and what is told of its images: the ``mean`` and
    ``std`` of pixels, and the shape of an ``image`` where it is no grey square.

    Only ``classes`` are kept, relabelled 0, 1, … in the order in which they are given. Splits are stratified and drawn
    from ``seed``, with images of every class in each; the test split is the source's own where it has one. With
    ``groups``, all of this holds of these, the labels are theirs, and ``{split}_targets`` are the classes. Raises
    `UserError` for an unknown class or group, one with too few images, a source without groups, and images that cannot
    be normalised.
    """
    raw, kept = raw_images(config), _Kept(classes, list(groups))
    if kept.groups and raw.groups is None:
        raise UserError(
            f"groups has {kept.groups}, but the dataset of source {config.source!r} tells no groups; allowed is an "
            ".npz file with an array 'groups', one whole number an image, or no groups"
        )
    of_train, of_test = raw.groups or (None, None)
    rest = _select(raw.train, of_train, kept, "dataset")
    sizes = np.bincount(rest.labels)
    if raw.test is None:
        rest, test = _split(rest, _Share("dataset.test", config.test, seed), kept, sizes)
    else:
        test = _select(raw.test, of_test, kept, "test part of the dataset")
    train, validation = _split(rest, _Share("dataset.validation", config.validation, seed), kept, sizes)
    _check_taught(train, kept)
    splits = {"train": train, "validation": validation, "test": test}
    pixels = train.images.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(pixels.mean()), float(pixels.std())
    for name, split in splits.items():
        _check_normalised(split.images, mean, std, f"the {_WORDS[name]} images of classes {classes}", name == "train")
    arrays = {
        f"{name}_{kind}": array
        for name, split in splits.items()
        for kind, array in vars(split).items()
        if array is not None
    }
    # Flat images are taken for grey squares, so only others are told.
    shape = {} if raw.shape == shape_of_images(train.images.shape[1:]) else {"image": list(raw.shape)}
    return arrays, {"mean": mean, "std": std, **shape}


def _select(part: Part, groups: np.ndarray | None, kept: _Kept, whose: str) -> _Images:
    images, labels = part
    _check_known(labels, kept.classes, "classes", whose)
    rows = np.isin(labels, kept.classes)
    if not kept.groups or groups is None:
        return _Images(images[rows], _places(labels[rows], kept.classes), None)
    _check_known(groups[rows], kept.groups, "groups", whose)
    rows &= np.isin(groups, kept.groups)
    return _Images(images[rows], _places(groups[rows], kept.groups), _places(labels[rows], kept.classes))


def _check_known(labels: np.ndarray, wanted: list[int], key: str, whose: str) -> None:
    known = np.unique(labels).tolist()
    for label in wanted:
        if label not in known:
            shown = str(known) if len(known) <= 100 else f"{len(known)} others, from {known[0]} to {known[-1]}"
            raise UserError(f"{key} has {label}, which the {whose} lacks; allowed are {shown}")


def _check_taught(train: _Images, kept: _Kept) -> None:
    """Splits are drawn by group, so that a class of few images may come short."""
    for place, label in enumerate(kept.classes):
        if train.targets is not None and place not in train.targets:
            raise UserError(
                f"class {label} of the dataset has no training image in groups {kept.groups}; add images, or leave it "
                "out of classes"
            )


def _places(labels: np.ndarray, wanted: list[int]) -> np.ndarray:
    """The place of each of the labels among those that are ``wanted``, int64 (B,)."""
    places = np.argsort(wanted)
    return places[np.searchsorted(wanted, labels, sorter=places)].astype(np.int64)


@dataclass(frozen=True)
class _Share:
    """The share of each class that is split off, the key that says so, and the seed that it is drawn from."""

    key: str
    value: float
    seed: int


def _split(part: _Images, share: _Share, kept: _Kept, sizes: np.ndarray) -> tuple[_Images, _Images]:
    """What is left of a part, and a share of each class of it; ``sizes`` (C,) are the images that classes had. Of
    groups likewise.
    """
    counts = np.bincount(part.labels, minlength=len(kept.forgettable))
    for label, size, count in zip(kept.forgettable, sizes.tolist(), counts.tolist(), strict=True):
        if not 1 <= round(count * share.value) < count:
            left = "" if size == count else f", of which {count} are left after the test split"
            raise UserError(
                f"{kept.noun} {label} of the dataset has {size} images{left}, too few to split off {share.value:g} of "
                f"them; add images, or change {share.key}"
            )
    # Classes that are not rare are drawn together, as they ever were, so that published splits stay what they are.
    draw = _draw_together if _reaches_all(counts, share.value) else _draw_by_class
    first, second = draw(part.labels, share)
    return part[first], part[second]


def _reaches_all(counts: np.ndarray, share: float) -> bool:
    """Whether both parts are sure to get an image of every class where all classes are drawn together."""
    together = int(counts.sum())
    drawn = int(np.ceil(share * together))
    return bool((counts * min(drawn, together - drawn) >= together).all())


def _draw_together(labels: np.ndarray, share: _Share) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    first, second = train_test_split(
        np.arange(len(labels)), test_size=share.value, stratify=labels, random_state=share.seed
    )
    return first, second


def _draw_by_class(labels: np.ndarray, share: _Share) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the first and the second part, ``round(count * share)`` of each class in the second."""
    generator = np.random.default_rng(share.seed)
    second = []
    for label in range(int(labels.max()) + 1):
        rows = generator.permutation(np.flatnonzero(labels == label))
        second.append(rows[: round(len(rows) * share.value)])
    drawn = np.isin(np.arange(len(labels)), np.concatenate(second))
    return generator.permutation(np.flatnonzero(~drawn)), generator.permutation(np.flatnonzero(drawn))


def _check_normalised(images: np.ndarray, mean: float, std: float, which: str, contrast: bool) -> None:
    """Raise `UserError` for pixels that single precision does not hold once normalised, as `splits.task_data` does it.

    With ``contrast``, they must have a standard deviation of 1 then.
    """
    with np.errstate(all="ignore"):
        found = images if contrast else np.array([images.min(), images.max()])
        normalised = (found.astype(np.float32) - mean) / std
        sound = 0.99 < normalised.std(dtype=np.float64) < 1.01 if contrast else np.isfinite(normalised).all()
    if not sound:
        low, high = images.min().item(), images.max().item()
        values = f"are all {low!r}" if low == high else f"have values from {low!r} to {high!r}"
        raise UserError(
            f"{which} {values}; allowed are images that differ, by what single precision can tell apart, for example "
            "values from 0 to 255"
        )
