"""Sources of labelled images, by name: each gives arrays as they are, before any split."""

import importlib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.config.data_folder import data_folder
from hyperforget.errors import UserError, nearest_choice

_ALLOWED = "allowed is an .npz file with arrays 'images' and 'labels'"


@dataclass(frozen=True)
class RawImages:
    """A dataset as its source gives it: images (B, D) and labels (B,); ``test`` where the source has one."""

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray] | None


def load_digits(config: DatasetConfig) -> RawImages:
    """scikit-learn's embedded digits: 1,797 images of 8 x 8 pixels with 17 grey levels (UCI's test part)."""
    from sklearn import datasets

    digits = datasets.load_digits()
    return RawImages((digits.data.astype(np.uint8), digits.target), None)


def load_npz(config: DatasetConfig) -> RawImages:
    """Arrays ``images`` and ``labels`` of an .npz file, with ``test_images`` and ``test_labels`` if there."""
    path = Path(config.path or "")
    where = f"dataset.path {str(path)!r}"
    if not path.is_file():
        raise UserError(f"{where} is no file; {_ALLOWED}")
    try:
        archive = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile):
        archive = None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise UserError(f"{where} is no .npz file; {_ALLOWED}")
    with archive:
        train = _labelled_images(archive, "", where)
        test = _labelled_images(archive, "test_", where) if "test_images" in archive else None
    if test is not None and train[0].shape[1] != test[0].shape[1]:
        raise UserError(
            f"{where} has test_images of {test[0].shape[1]} pixels; allowed are as many as images have, "
            f"{train[0].shape[1]}"
        )
    return RawImages(train, test)


def _labelled_images(archive: "np.lib.npyio.NpzFile", prefix: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (B, D) and labels (B,) of an archive, checked."""
    arrays = []
    for name in (prefix + "images", prefix + "labels"):
        if name not in archive:
            raise UserError(f"{where} lacks the array {name!r}; it has {sorted(archive)}, {_ALLOWED}")
        try:
            arrays.append(archive[name])
        except (ValueError, zlib.error, zipfile.BadZipFile) as error:
            raise UserError(f"{where} has an array {name!r} that cannot be read: {error}; {_ALLOWED}") from None
    images, labels = arrays
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
    if len(images) != len(labels):
        raise UserError(f"{where} has {len(images)} {prefix}images; allowed are as many as labels, {len(labels)}")
    return _flat(images), labels


def load_torchvision(config: DatasetConfig) -> RawImages:
    """A set of torchvision with a train and a test part, downloaded into ``root`` where that is allowed."""
    torchvision = import_torchvision()
    known = [name for name in dir(torchvision.datasets) if name[0].isupper()]
    if config.name not in known:
        raise UserError(
            f"dataset.name {config.name!r} is no dataset of torchvision{nearest_choice(config.name, known)}"
        )
    build = getattr(torchvision.datasets, config.name)
    root = data_folder(config.root)
    try:
        parts = [build(root, train=train, download=config.download) for train in (True, False)]
    except (RuntimeError, OSError) as error:
        raise UserError(f"dataset.root {str(root)!r} does not give {config.name}: {error}") from None
    except TypeError:
        raise UserError(
            f"dataset.name {config.name!r} has no train and test part of its own; use source 'npz' for it"
        ) from None
    train, test = ((_flat(np.asarray(part.data)), np.asarray(part.targets)) for part in parts)
    return RawImages(train, test)


# Declarations of operators, which torch withdraws when they are collected as garbage.
_KEPT: list[object] = []

DATASETS: dict[str, Callable[[DatasetConfig], RawImages]] = {
    "digits": load_digits,
    "torchvision": load_torchvision,
    "npz": load_npz,
}


def import_torchvision() -> ModuleType:
    """Import torchvision, also a build for CUDA beside a CPU build of torch.

    Such a pair fails on operators that only object detection needs; declaring them lets the datasets be read.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        import torch

        operators = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            operators.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(operators)
        return importlib.import_module("torchvision")


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(images.shape[0], -1)
