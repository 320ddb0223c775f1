"""Images and labels as a source gives them, checked before anything is made of them."""

import math
from dataclasses import dataclass

import numpy as np

from hyperforget.config.networks import ImageShape
from hyperforget.errors import UserError

# Images (B, D) and labels (B,).
Part = tuple[np.ndarray, np.ndarray]
# Groups (B,) of the images of the train part, and of the test part where there is one.
Groups = tuple[np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class RawImages:
    """A dataset as its source gives it: images (B, D) of a ``shape`` and labels (B,); ``test`` where the source has
    one, and ``groups`` where it tells any.
    """

    train: Part
    test: Part | None
    shape: ImageShape
    groups: Groups | None = None


def checked(train: Part, test: Part | None, where: str, groups: Groups | None = None) -> RawImages:
    """Images (B, ...) and labels (B,), and groups (B,) if there are any, as a dataset, flat.

    Raises `UserError`, which begins with ``where``, for anything but one whole number for each image, of groups 0 or
    more, and at least one image of at least one pixel, all finite numbers.
    """
    shape = shape_of_images(train[0].shape[1:])
    train = _checked(*train, "", where)
    if groups is not None:
        _check_groups(groups[0], train, "", where)
    if test is None:
        return RawImages(train, None, shape, groups)
    test = _checked(*test, "test_", where)
    wanted, found = train[0].shape[1], test[0].shape[1]
    if wanted != found:
        raise UserError(f"{where} has test_images of {found} pixels; allowed are as many as images have, {wanted}")
    if groups is not None and groups[1] is not None:
        _check_groups(groups[1], test, "test_", where)
    return RawImages(train, test, shape, groups)


def shape_of_images(dimensions: tuple[int, ...]) -> ImageShape:
    """Height, width and channels of images of some dimensions: those of pictures, with channels last if there are any,
    or one number, of flat ones, which are taken for grey squares where that may be.
    """
    if len(dimensions) == 2:
        return (*dimensions, 1)
    if len(dimensions) == 3:
        return dimensions
    pixels = math.prod(dimensions)
    side = math.isqrt(pixels)
    return (side, side, 1) if side * side == pixels else (pixels,)


def _checked(images: np.ndarray, labels: np.ndarray, prefix: str, where: str) -> Part:
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise UserError(
            f"{where} has {prefix}labels of shape {labels.shape} and type {labels.dtype}; allowed are whole "
            "numbers, one an image"
        )
    if images.ndim < 2 or images.dtype.kind not in "buif" or not np.isfinite(images).all():
        raise UserError(
            f"{where} has {prefix}images of shape {images.shape} and type {images.dtype}; allowed are finite "
            "numbers, one a pixel, images along the first dimension"
        )
    if not images.size:
        raise UserError(
            f"{where} has {prefix}images of shape {images.shape}, which hold nothing; allowed is at least one image of "
            "at least one pixel"
        )
    if len(images) != len(labels):
        raise UserError(f"{where} has {len(images)} {prefix}images; allowed are as many as labels, {len(labels)}")
    return images.reshape(len(images), -1), labels


def _check_groups(groups: np.ndarray, part: Part, prefix: str, where: str) -> None:
    if groups.ndim != 1 or groups.dtype.kind not in "iu":
        raise UserError(
            f"{where} has {prefix}groups of shape {groups.shape} and type {groups.dtype}; allowed are whole numbers, "
            "one an image"
        )
    if len(groups) != len(part[1]):
        raise UserError(f"{where} has {len(groups)} {prefix}groups; allowed are as many as images, {len(part[1])}")
    # Forget sets join groups by a hyphen.
    if groups.min() < 0:
        raise UserError(f"{where} has {groups.min()} among its {prefix}groups; allowed are labels from 0 on")


def in_one_line(error: Exception) -> str:
    """What another library says of a fault, as part of a sentence: one short line that can be printed."""
    words = " ".join(str(error).split()).removesuffix(".")
    text = "".join(letter if letter.isprintable() else "?" for letter in words)[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
