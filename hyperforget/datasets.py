"""Sources of labelled images, by name: each gives arrays as they are, before any split."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from hyperforget.command import UserError, nearest_choice
from hyperforget.config import DatasetConfig, dataset_root


@dataclass(frozen=True)
class RawImages:
    """A dataset as its source gives it: uint8 or float32 images (B, D), labels (B,); ``test`` where the
    source has one.
    """

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray] | None


def load_digits(config: DatasetConfig) -> RawImages:
    """scikit-learn's embedded digits: 1,797 images of 8 x 8 pixels with 17 grey levels (UCI optical digits,
    test part).
    """
    from sklearn import datasets

    digits = datasets.load_digits()
    return RawImages((digits.data.astype(np.uint8), digits.target), None)


def load_npz(config: DatasetConfig) -> RawImages:
    """Arrays ``images`` and ``labels`` of an .npz file, with ``test_images`` and ``test_labels`` if there."""
    path = Path(config.path or "")
    if not path.is_file():
        raise UserError(
            f"dataset.path {str(path)!r} is no file; allowed is an .npz file with arrays "
            "'images' and 'labels'"
        )
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in ("images", "labels") if name not in arrays]
        if missing:
            raise UserError(
                f"dataset.path {str(path)!r} lacks the array {missing[0]!r}; it has {sorted(arrays)}, "
                "allowed is an .npz with arrays 'images' and 'labels'"
            )
        train = _flat(arrays["images"]), arrays["labels"]
        if "test_images" not in arrays:
            return RawImages(train, None)
        return RawImages(train, (_flat(arrays["test_images"]), arrays["test_labels"]))


def load_torchvision(config: DatasetConfig) -> RawImages:
    """A set of torchvision with a train and a test part, downloaded into ``root`` where that is allowed."""
    torchvision = import_torchvision()
    known = [name for name in dir(torchvision.datasets) if name[0].isupper()]
    if config.name not in known:
        raise UserError(
            f"dataset.name {config.name!r} is no dataset of torchvision{nearest_choice(config.name, known)}"
        )
    build = getattr(torchvision.datasets, config.name)
    try:
        parts = [
            build(dataset_root(config), train=train, download=config.download) for train in (True, False)
        ]
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"dataset.root {str(dataset_root(config))!r} does not give {config.name}: {error}"
        ) from None
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
