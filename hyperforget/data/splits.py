"""Classification tasks: the images and labels of a dataset, split in three and normalised."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperforget.config import DatasetConfig
from hyperforget.data.sources import DATASETS
from hyperforget.errors import UserError
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Normalised images float32 (B, D) with labels int64 (B,) in 0 … ``classes`` - 1."""

    images: Tensor
    labels: Tensor
    classes: int

    @cached_property
    def class_sizes(self) -> Tensor:
        """Images of every class, int64 (C,), on the CPU wherever the labels lie."""
        return torch.eq(self.labels.cpu().unsqueeze(-1), torch.arange(self.classes)).sum(0)

    def on(self, device: torch.device) -> "Split":
        """The same on a device."""
        return Split(self.images.to(device), self.labels.to(device), self.classes)


@dataclass(frozen=True)
class TaskData:
    """The three splits of a task; pixels were normalised as ``(pixel - mean) / std`` with the training
    split's values.
    """

    train: Split
    validation: Split
    test: Split
    classes: int
    mean: float
    std: float

    def on(self, device: torch.device) -> "TaskData":
        """The same with all splits on a device."""
        splits = {name: getattr(self, name).on(device) for name in SPLITS}
        return replace(self, **splits)


def prepare_splits(
    config: DatasetConfig, classes: list[int], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The arrays ``{split}_images``, ``{split}_labels`` of a task and its pixel ``mean`` and ``std``.

    Only ``classes`` are kept, relabelled 0, 1, … in their order. Splits are stratified and drawn from
    ``seed``; the test split is the source's own where it has one. Raises `UserError` for a class that the
    source lacks.
    """
    raw = DATASETS[config.source](config)
    images, labels = _select(*raw.train, classes)
    if raw.test is None:
        images, labels, test_images, test_labels = _split(images, labels, config.test, seed)
    else:
        test_images, test_labels = _select(*raw.test, classes)
    images, labels, validation_images, validation_labels = _split(images, labels, config.validation, seed)
    pixels = images.astype(np.float64)
    if pixels.std() == 0:
        raise UserError(
            f"the training images of classes {classes} are all {pixels.flat[0]:g}; "
            "allowed are images that differ"
        )
    arrays = {
        "train_images": images,
        "train_labels": labels,
        "validation_images": validation_images,
        "validation_labels": validation_labels,
        "test_images": test_images,
        "test_labels": test_labels,
    }
    return arrays, {"mean": float(pixels.mean()), "std": float(pixels.std())}


def task_data(arrays: dict[str, np.ndarray], classes: int, mean: float, std: float) -> TaskData:
    """Normalised tensors of the arrays that `prepare_splits` made."""
    train, validation, test = (
        Split(
            torch.from_numpy((arrays[f"{name}_images"].astype(np.float32) - mean) / std),
            torch.from_numpy(arrays[f"{name}_labels"].astype(np.int64)),
            classes,
        )
        for name in SPLITS
    )
    return TaskData(train, validation, test, classes, mean, std)


def publish_task_data(
    store: Store, token: Path, arrays: dict[str, np.ndarray], attributes: dict[str, Any]
) -> None:
    """Store the arrays of `prepare_splits` and write their token; ``attributes`` hold classes, mean and
    std.
    """
    dimensions = {
        name: (f"{name.removesuffix('_images')}_image", "pixel")
        if name.endswith("_images")
        else (f"{name.removesuffix('_labels')}_image",)
        for name in arrays
    }
    object_id = store.publish("dataset", arrays, attributes, dimensions=dimensions)
    counts = {name: int(arrays[f"{name}_labels"].shape[0]) for name in SPLITS}
    write_token(token, "dataset", object_id, attributes | {"images": counts})


def load_task_data(store: Store, token: Path) -> TaskData:
    """The data that a token names; raises `hyperforget.store.MissingObjectError` or `CorruptObjectError`."""
    stored = store.read(read_token(token, kind="dataset").object_id, kind="dataset")
    attributes = stored.attributes
    return task_data(stored.arrays, attributes["classes"], attributes["mean"], attributes["std"])


def conditioning_split(data: TaskData, protocol: str) -> Split:
    """The split that conditions, admits and selects: validation, or test under the ``thesis`` protocol."""
    return data.test if protocol == "thesis" else data.validation


def _select(images: np.ndarray, labels: np.ndarray, classes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    known = np.unique(labels).tolist()
    for label in classes:
        if label not in known:
            raise UserError(f"classes has {label}, which the dataset lacks; allowed are {known}")
    rows = np.isin(labels, classes)
    relabelled = np.searchsorted(np.array(classes), labels[rows])
    return images[rows], relabelled.astype(np.int64)


def _split(
    images: np.ndarray, labels: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(first images, first labels, second images, second labels) with ``fraction`` of each class in the
    second.
    """
    from sklearn.model_selection import train_test_split

    for label, count in enumerate(np.bincount(labels)):
        if not 1 <= round(count * fraction) < count:
            raise UserError(
                f"class {label} of the task has {count} images, too few to split off a share of {fraction}; "
                "add images, or change dataset.test or dataset.validation"
            )
    first, second = train_test_split(
        np.arange(labels.shape[0]), test_size=fraction, stratify=labels, random_state=seed
    )
    return images[first], labels[first], images[second], labels[second]
