"""Sets of torchvision: downloaded by it, one process at a time, and read from their files."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.config.data_folder import data_folder
from hyperforget.config.raw_files import torchvision_set
from hyperforget.data.downloading import WantedFiles, provide
from hyperforget.data.idx import read_idx
from hyperforget.data.raw_images import Part, RawImages, checked, in_one_line
from hyperforget.errors import UserError


def load_torchvision(config: DatasetConfig) -> RawImages:
    """A set of torchvision with a train and a test part, downloaded into ``root`` where that is allowed.

    Raises `UserError` for a name that is not known, and for files that lack or do not hold what they should.
    """
    known, root = torchvision_set(config.name), data_folder(config.root)
    where = f"dataset.root {str(root)!r} does not give {config.name}"
    provide(WantedFiles(config.name, root, known.files, config.download, where), lambda: _download(config.name, root))
    if known.idx:
        arrays = [read_idx(root / file, f"{where}: the file {file!r}") for file in known.files]
        train, test = _idx_part(*arrays[:2]), _idx_part(*arrays[2:])
    else:
        train, test = _read_by_torchvision(config.name, root, where)
    return checked(train, test, f"{where}: it")


def _idx_part(images: np.ndarray, labels: np.ndarray) -> Part:
    # QMNIST tells several numbers of each image, the first of which is its class.
    return images, labels[:, 0] if labels.ndim == 2 else labels


def _read_by_torchvision(name: str, root: Path, where: str) -> tuple[Part, Part]:
    build = getattr(import_torchvision().datasets, name)
    try:
        train, test = (build(root, train=part, download=False) for part in (True, False))
        return (np.asarray(train.data), np.asarray(train.targets)), (np.asarray(test.data), np.asarray(test.targets))
    except Exception as error:  # Whatever damaged files lead to.
        said = in_one_line(error).partition(". You can use download")[0]
        raise UserError(f"{where}: its files cannot be read ({said}); remove them, or put sound ones there") from None


def _download(name: str, root: Path) -> None:
    build = getattr(import_torchvision().datasets, name)
    for train in (True, False):
        build(root, train=train, download=True)


# Declarations of operators, which torch withdraws when they are collected as garbage.
_KEPT: list[object] = []


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
