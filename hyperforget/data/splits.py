"""Classification tasks: the images and labels of a dataset, split in three and normalised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperforget.config.networks import ImageShape
from hyperforget.data.raw_images import shape_of_images
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token

SPLITS = ("train", "validation", "test")
# With fewer images than these, one of them is more than a tenth of an accuracy.
_FEW = 10


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

    def to(self, device: torch.device) -> "Split":
        """The same on a device."""
        return Split(self.images.to(device), self.labels.to(device), self.classes)


@dataclass(frozen=True)
class TaskData:
    """The three splits of a task, normalised as ``(pixel - mean) / std`` with the training split's values; class c of
    theirs has the label ``labels[c]`` in the dataset. Images have a ``shape``; without one they are grey squares
    or flat.
    """

    train: Split
    validation: Split
    test: Split
    mean: float
    std: float
    labels: tuple[int, ...]
    shape: ImageShape | None = None

    @property
    def classes(self) -> int:
        """The number of classes C."""
        return len(self.labels)

    @property
    def image(self) -> ImageShape:
        """The shape of an image."""
        return self.shape or shape_of_images(self.train.images.shape[1:])

    def to(self, device: torch.device) -> "TaskData":
        """The same with all splits on a device."""
        splits = {name: getattr(self, name).to(device) for name in SPLITS}
        return replace(self, **splits)


def task_data(arrays: dict[str, np.ndarray], attributes: Mapping[str, Any]) -> TaskData:
    """Normalised tensors of the arrays that `prepare_splits` made; the ``attributes`` are what it told of images, and
    the ``labels`` of classes.
    """
    labels, mean, std = attributes["labels"], attributes["mean"], attributes["std"]
    train, validation, test = (
        Split(
            torch.from_numpy((arrays[f"{name}_images"].astype(np.float32) - mean) / std),
            torch.from_numpy(arrays[f"{name}_labels"].astype(np.int64)),
            len(labels),
        )
        for name in SPLITS
    )
    return TaskData(train, validation, test, mean, std, tuple(labels), tuple(attributes.get("image", ())) or None)


def publish_task_data(store: Store, token: Path, arrays: dict[str, np.ndarray], attributes: dict[str, Any]) -> None:
    """Store what `prepare_splits` made and write its token; ``attributes`` hold labels, mean and std.

    The token has ``warnings`` of classes that are measured on a handful of images, if there are any.
    """
    dimensions = {
        name: (f"{name.removesuffix('_images')}_image", "pixel")
        if name.endswith("_images")
        else (f"{name.removesuffix('_labels')}_image",)
        for name in arrays
    }
    object_id = store.publish("dataset", arrays, attributes, dimensions=dimensions)
    counts = {name: int(arrays[f"{name}_labels"].shape[0]) for name in SPLITS}
    warnings = few_images(arrays, attributes["labels"])
    more = {"images": counts} | ({"warnings": warnings} if warnings else {})
    write_token(token, "dataset", object_id, attributes | more)


def few_images(arrays: dict[str, np.ndarray], labels: Sequence[int]) -> list[str]:
    """A sentence for each class with few images in a split; ``labels`` are what the dataset calls the classes."""
    sizes = {name: np.bincount(arrays[f"{name}_labels"], minlength=len(labels)).tolist() for name in SPLITS}
    return [
        f"Class {label} of the dataset has few images: "
        + ", ".join(f"{sizes[name][index]} of the {name} split" for name in SPLITS)
        + ". What is said of it rests on these."
        for index, label in enumerate(labels)
        if min(sizes[name][index] for name in SPLITS) < _FEW
    ]


def load_task_data(store: Store, token: Path) -> TaskData:
    """The data that a token names; raises `hyperforget.store.errors.MissingObjectError` or `CorruptObjectError`."""
    stored = store.read(read_token(token, kind="dataset").object_id, kind="dataset")
    return task_data(stored.arrays, stored.attributes)


def conditioning_split(data: TaskData, protocol: str) -> Split:
    """The split that conditions, admits and selects: validation, or test under the ``thesis`` protocol."""
    return data.test if protocol == "thesis" else data.validation
