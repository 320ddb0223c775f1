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
from hyperforget.errors import UserError
from hyperforget.forget_set import Noun
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token

SPLITS = ("train", "validation", "test")
# With fewer images than these, one of them is more than a tenth of an accuracy.
_FEW = 10


@dataclass(frozen=True)
class Answers:
    """What networks are to answer to images, int64 (B,) in 0 … ``outputs`` - 1."""

    targets: Tensor
    outputs: int


@dataclass(frozen=True)
class Split:
    """Normalised images float32 (B, D) with labels int64 (B,) in 0 … ``classes`` - 1: what forget sets are made of, and
    what networks answer.

    Where groups of images are forgotten, labels and ``classes`` are those of groups, and networks answer ``answers``.
    """

    images: Tensor
    labels: Tensor
    classes: int
    answers: Answers | None = None

    @property
    def targets(self) -> Tensor:
        """What networks are to answer, int64 (B,)."""
        return self.labels if self.answers is None else self.answers.targets

    @property
    def outputs(self) -> int:
        """Number of outputs of networks."""
        return self.classes if self.answers is None else self.answers.outputs

    @cached_property
    def class_sizes(self) -> Tensor:
        """Images of every class, int64 (C,), on the CPU wherever the labels lie."""
        return torch.eq(self.labels.cpu().unsqueeze(-1), torch.arange(self.classes)).sum(0)

    def to(self, device: torch.device) -> "Split":
        """The same on a device."""
        answers = self.answers and Answers(self.answers.targets.to(device), self.answers.outputs)
        return Split(self.images.to(device), self.labels.to(device), self.classes, answers)


@dataclass(frozen=True)
class TaskData:
    """The three splits of a task, normalised as ``(pixel - mean) / std`` with the training split's values; class c of
    theirs has the label ``labels[c]`` in the dataset. Images have a ``shape``; without one they are grey squares
    or flat. Where groups are forgotten, ``labels`` are those of groups, and output c of networks stands for the class
    ``answers[c]``.
    """

    train: Split
    validation: Split
    test: Split
    mean: float
    std: float
    labels: tuple[int, ...]
    shape: ImageShape | None = None
    answers: tuple[int, ...] | None = None

    @property
    def classes(self) -> int:
        """The number of classes C, or of groups."""
        return len(self.labels)

    @property
    def noun(self) -> Noun:
        """What is forgotten, as messages call it."""
        return "class" if self.answers is None else "group"

    @property
    def answered(self) -> tuple[int, ...]:
        """The label of the class that each output of networks stands for."""
        return self.answers or self.labels

    @property
    def outputs(self) -> int:
        """Number of outputs of networks."""
        return len(self.answered)

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
    the ``labels`` of classes, or of groups with the classes as ``answers``.
    """
    labels, mean, std = attributes["labels"], attributes["mean"], attributes["std"]
    answers, shape = (tuple(attributes.get(name, ())) or None for name in ("answers", "image"))
    train, validation, test = (
        Split(
            torch.from_numpy((arrays[f"{name}_images"].astype(np.float32) - mean) / std),
            torch.from_numpy(arrays[f"{name}_labels"].astype(np.int64)),
            len(labels),
            answers and Answers(torch.from_numpy(arrays[f"{name}_targets"].astype(np.int64)), len(answers)),
        )
        for name in SPLITS
    )
    return TaskData(train, validation, test, mean, std, tuple(labels), shape, answers)


def publish_task_data(store: Store, token: Path, arrays: dict[str, np.ndarray], attributes: dict[str, Any]) -> None:
    """Store what `prepare_splits` made and write its token; ``attributes`` hold labels, mean and std.

    The token has ``warnings`` of classes that are measured on a handful of images, if there are any.
    """
    dimensions = {
        name: (f"{name.removesuffix('_images')}_image", "pixel")
        if name.endswith("_images")
        else (f"{name.rpartition('_')[0]}_image",)
        for name in arrays
    }
    object_id = store.publish("dataset", arrays, attributes, dimensions=dimensions)
    counts = {name: int(arrays[f"{name}_labels"].shape[0]) for name in SPLITS}
    warnings = few_images(arrays, attributes["labels"], "group" if "answers" in attributes else "class")
    more = {"images": counts} | ({"warnings": warnings} if warnings else {})
    write_token(token, "dataset", object_id, attributes | more)


def few_images(arrays: dict[str, np.ndarray], labels: Sequence[int], noun: Noun = "class") -> list[str]:
    """A sentence for each class, or group, with few images in a split; ``labels`` are what the dataset calls them."""
    sizes = {name: np.bincount(arrays[f"{name}_labels"], minlength=len(labels)).tolist() for name in SPLITS}
    return [
        f"{noun.capitalize()} {label} of the dataset has few images: "
        + ", ".join(f"{sizes[name][index]} of the {name} split" for name in SPLITS)
        + ". What is said of it rests on these."
        for index, label in enumerate(labels)
        if min(sizes[name][index] for name in SPLITS) < _FEW
    ]


def load_task_data(store: Store, token: Path) -> TaskData:
    """The data that a token names; raises `hyperforget.store.errors.MissingObjectError` or `CorruptObjectError`."""
    stored = store.read(read_token(token, kind="dataset").object_id, kind="dataset")
    return task_data(stored.arrays, stored.attributes)


def need_classes(data: TaskData, what: str) -> None:
    """Raise `UserError` for data of a task that forgets groups, of which there is no ``what``."""
    if data.answers is not None:
        raise UserError(
            f"{what} of a task that forgets groups cannot be had, as groups have no output; allowed are tasks without "
            "'groups', and of this one its metrics, tables and figures"
        )


def conditioning_split(data: TaskData, protocol: str) -> Split:
    """The split that conditions, admits and selects: validation, or test under the ``thesis`` protocol."""
    return data.test if protocol == "thesis" else data.validation
