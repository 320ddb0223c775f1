"""What people ask a generator for, and give it, as what it computes with; anything else is one sentence."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.errors import UserError, shown
from hyperforget.forget_set import classes_in_words, nearest_class
from hyperforget.generator.description import Description, Images
from hyperforget.metrics.recovery import few_images
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import PerceptronLayout

Classes = int | Iterable[int] | Iterable[Iterable[int]]
# Of the pixels of some images: how far their mean may be from that of the training images, in deviations of these, and
# by what factor their deviation may differ.
_SHIFT, _STRETCH = 0.75, 2.0


@dataclass(frozen=True)
class Asked:
    """Forget sets as masks bool (S, C), and whether one was asked for by itself rather than in a list."""

    masks: Tensor
    alone: bool


def forget_sets(classes: Classes, description: Description, able: Sequence[int]) -> Asked:
    """The sets that are to be forgotten: a class, some classes, or a list of such, by their labels.

    Raises `UserError` for an unknown class, for one that the generator is not ``able`` to forget, for no class and for
    all of them.
    """
    plain: Any = classes.tolist() if isinstance(classes, Tensor | np.ndarray) else classes
    listed = list(plain) if isinstance(plain, Iterable) and not isinstance(plain, str) else [plain]
    several = bool(listed) and all(isinstance(each, Iterable) and not isinstance(each, str) for each in listed)
    sets: list[Any] = listed if several else [listed]
    masks = [_mask([_label(each) for each in classes], description, able) for classes in sets]
    return Asked(torch.tensor(masks), not several)


def _label(value: object) -> int:
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise UserError(f"classes has {shown(value)}; allowed are labels, whole numbers, such as [2, 3]") from None


def _mask(labels: list[int], description: Description, able: Sequence[int]) -> list[bool]:
    allowed = f"this generator can forget some of {classes_in_words(able)}" if able else "this generator forgets none"
    if not labels:
        raise UserError(f"classes is empty, which leaves nothing to forget; {allowed}")
    if set(labels) == set(description.labels):
        raise UserError(f"classes has all {len(set(labels))} of them, which leaves nothing to retain; {allowed}")
    for label in labels:
        if label not in able:
            nearest = f"; the nearest is {nearest_class(label, able)}" if able else ""
            fault = f"none of {classes_in_words(description.labels)}"
            if label in description.labels:
                pivot = "a pivot, " if label in description.pivots else ""
                fault = f"{pivot}known to all networks that it learned from"
            raise UserError(f"class {shown(label)} is {fault}; {allowed}{nearest}")
    return [label in labels for label in description.labels]


def split_of(data: Any, description: Description, of_each: int | None = None) -> Split:
    """Images (B, ...) with labels (B,), as they are in the dataset, as a normalised split. Those of convolutional
    networks may have their channels before height and width, as torch has them, or after. Of classes that have more
    images than ``of_each``, so many are drawn, the same every time.

    Raises `UserError` for anything else: other shapes, labels that the generator does not have, classes without
    images, numbers that are not finite, and pixels on another scale.
    """
    form = "data must be a pair (images, labels)"
    if not isinstance(data, Sequence) or isinstance(data, str) or len(data) != 2:
        raise UserError(f"{form}, but is {type(data).__name__}")
    images, labels = (_numbers(each, name, form) for each, name in zip(data, ("images", "labels"), strict=True))
    if images.dim() < 2 or labels.shape != images.shape[:1] or not len(images):
        raise UserError(f"{form} of as many, but images are {tuple(images.shape)} and labels {tuple(labels.shape)}")
    if of_each is not None:
        rows = few_images(labels, of_each, torch.Generator().manual_seed(0))
        images, labels = images[rows], labels[rows]
    try:
        images = description.layout("the generator").flat_images(images).float()
    except UserError as error:
        raise UserError(f"{form}, but {error}") from None
    _check_pixels(images, description.images, description.dataset)
    found = sorted(set(labels.tolist()))
    for label in found:
        if label not in description.labels:
            known = classes_in_words(description.labels)
            raise UserError(f"data has the label {shown(label)}, and the generator's classes are {known}")
    for label in description.labels:
        if label not in found:
            raise UserError(
                f"data has no images of class {label}; allowed are images of all classes, since what a network does "
                "with each of them is measured, or no data at all"
            )
    places = torch.empty(len(labels), dtype=torch.int64)
    for place, label in enumerate(description.labels):
        places[labels == label] = place
    return Split(normalise(images, description.images), places, len(description.labels))


def normalise(pixels: Any, images: Images) -> Tensor:
    """Pixels (...), as they are in the dataset, as networks read them, float32."""
    normalised: Tensor = (torch.as_tensor(pixels).float() - images.mean) / images.std
    return normalised


def renormalised(networks: Networks, before: tuple[float, float], after: tuple[float, float]) -> Networks:
    """The same functions of pixels, of networks that read pixels normalised with a mean and a deviation ``before``, as
    networks that read them normalised ``after``: their first layer is another.
    """
    if before == after:
        return networks
    (mean, std), (new_mean, new_std) = before, after
    if mean != new_mean and not isinstance(networks.layout, PerceptronLayout):
        raise UserError(
            f"normalisation takes {mean:g} off each pixel, and the generator {new_mean:g}; allowed of a "
            f"{networks.layout.description}, to whose images a border of zeros is added, is {new_mean:g}"
        )
    weight, bias, *others = networks.layout.split(networks.params)
    parts = [weight * (new_std / std), bias + weight.flatten(2).sum(dim=2) * ((new_mean - mean) / std), *others]
    return Networks(networks.layout.join(parts), networks.layout)


def _numbers(values: Any, name: str, form: str) -> Tensor:
    if not isinstance(values, Tensor):
        try:
            array = np.asarray(values)
        except ValueError:
            raise UserError(f"{form}, but {name} have rows of several lengths") from None
        if array.dtype.kind not in "buif":
            raise UserError(f"{form}, but {name} hold no numbers but the type {array.dtype}")
        # A copy: what it is of may be read-only, or in another order of bytes.
        values = torch.from_numpy(np.array(array, array.dtype.newbyteorder("="), order="C"))
    tensor: Tensor = values.detach().cpu()
    return tensor


def _check_pixels(images: Tensor, expected: Images, dataset: str) -> None:
    """Raise `UserError` for images of another size, or whose pixels are on another scale."""
    if images.shape[1] != expected.pixels:
        raise UserError(f"data has images of {images.shape[1]} pixels; this generator's have {expected.pixels}")
    if not images.isfinite().all():
        raise UserError("data has pixels that are NaN or infinite; allowed are finite ones")
    low, high, mean, std = (float(each) for each in (images.min(), images.max(), images.mean(), images.std()))
    slack = 0.01 * (expected.highest - expected.lowest)
    outside = low < expected.lowest - slack or high > expected.highest + slack
    moved = abs(mean - expected.mean) > _SHIFT * expected.std
    if outside or moved or not expected.std / _STRETCH < std < expected.std * _STRETCH:
        raise UserError(
            f"data has pixels from {low:g} to {high:g} with mean {mean:.3g} and deviation {std:.3g}, which is another "
            f"scale than the generator's; allowed are pixels as in {dataset}, from {expected.lowest:g} to "
            f"{expected.highest:g} with mean {expected.mean:.3g} and deviation {expected.std:.3g}, not normalised"
        )
