"""Images and labels as people have them, as the data of a task."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hyperforget.config import DatasetConfig
from hyperforget.data.npz import load_npz
from hyperforget.data.preparing import prepare_splits, split_seed
from hyperforget.data.raw_images import Part, checked
from hyperforget.data.sources import DATASETS
from hyperforget.data.splits import Split, TaskData, task_data
from hyperforget.errors import UserError, nearest_choice, shown
from hyperforget.forget_set import classes_in_words
from hyperforget.networks.layout import Layout

_ALLOWED = (
    "allowed are a dictionary with 'train' and 'test', each a pair of images and labels, an .npz file, "
    "the folder of a task in the results, and 'digits'"
)
# Mean and deviation of images that are given as networks read them.
UNKNOWN_PIXELS = (0.0, 1.0)
_PARTS = ("train", "test", "validation")


def data_of(given: object) -> TaskData:
    """The data that somebody names or has.

    A dictionary or an object with ``train``, ``test`` and perhaps ``validation``, each a pair of images (B, ...) and
    labels (B,), holds images as networks read them, and outputs of these stand for the labels in ascending order;
    without ``validation`` the test images take its place. Perceptrons read images flattened as they are, convolutional
    networks images (B, channels, height, width), (B, height, width), or (B, height, width, channels). ``"digits"``, and
    the path of an ``.npz`` file with arrays ``images`` and ``labels``, are split and normalised as for a task of that
    name, with seed 0.

    Raises `UserError` for anything else, and for images that are no finite numbers.
    """
    if isinstance(given, TaskData):
        return given
    if isinstance(given, str | Path):
        return _named(str(given))
    if not isinstance(given, Mapping):
        given = {name: getattr(given, name) for name in _PARTS if hasattr(given, name)}
        if not given:
            raise UserError(f"the data have neither 'train' nor 'test'; {_ALLOWED}")
    return _of_parts(given)


def _named(name: str) -> TaskData:
    if name.endswith(".npz"):
        config = DatasetConfig(source="npz", path=name)
        labels = np.unique(load_npz(config).train[1]).tolist()
        title = Path(name).stem
    elif name == "digits":
        config, labels, title = DatasetConfig(source="digits"), list(range(10)), name
    else:
        raise UserError(f"the data {name!r} are not known; {_ALLOWED}{nearest_choice(name, DATASETS)}")
    arrays, pixels = prepare_splits(config, labels, split_seed(0, title))
    return task_data(arrays, {**pixels, "labels": labels})


def _of_parts(given: Mapping[str, Any]) -> TaskData:
    for name in given:
        if name not in _PARTS:
            raise UserError(f"the data have a part {shown(name)}; {_ALLOWED}{nearest_choice(name, _PARTS)}")
    for name in ("train", "test"):
        if name not in given:
            raise UserError(f"the data lack the part {name!r}; {_ALLOWED}")
    arrays = {name: _arrays(given[name], name) for name in given}
    every = {name: checked(pair, None, f"the data, part {name},") for name, pair in arrays.items()}
    parts = {name: each.train for name, each in every.items()}
    labels, pixels = np.unique(parts["train"][1]).tolist(), parts["train"][0].shape[1]
    splits = {}
    for name, (images, own) in parts.items():
        if images.shape[1] != pixels:
            raise UserError(
                f"the data, part {name}, have images of {images.shape[1]} pixels; allowed are those of part train, "
                f"{pixels}"
            )
        wanted, shape = (arrays[each][0].shape[1:] for each in ("train", name))
        if len(wanted) > 1 and len(shape) > 1 and wanted != shape:
            raise UserError(
                f"the data, part {name}, have images of shape {shape}; allowed are those of part train, {wanted}"
            )
        unknown = np.setdiff1d(own, labels)
        if unknown.size:
            known = classes_in_words(labels)
            raise UserError(
                f"the data, part {name}, have the label {unknown[0]}; allowed are those of part train, {known}"
            )
        places = torch.from_numpy(np.searchsorted(labels, own).astype(np.int64))
        splits[name] = Split(torch.from_numpy(images.astype(np.float32)), places, len(labels))
    validation = splits.get("validation", splits["test"])
    return TaskData(splits["train"], validation, splits["test"], *UNKNOWN_PIXELS, tuple(labels), every["train"].shape)


def in_one_order(layouts: Iterable[Layout], data: TaskData) -> TaskData:
    """The data with the pixels of each image in the order in which networks of all ``layouts`` read them; for
    perceptrons they stay as they are.

    Raises `UserError` for images that some of them cannot read, or that they read in several orders.
    """
    first, *others = (_in_order(data, layout) for layout in layouts)
    if any(not torch.equal(first.train.images, other.train.images) for other in others):
        raise UserError(
            f"perceptrons and convolutional networks read pixels of images {data.image} in several orders; allowed are "
            "networks of one kind, or images (B, height, width, channels)"
        )
    return first


def _in_order(data: TaskData, layout: Layout) -> TaskData:
    train, validation, test = (
        replace(split, images=layout.flat_images(split.images.unflatten(1, data.image)))
        for split in (data.train, data.validation, data.test)
    )
    return replace(data, train=train, validation=validation, test=test)


def _arrays(part: Any, name: str) -> Part:
    """Images and labels of a part, whichever way they are paired."""
    pair = [getattr(part, each) for each in ("images", "labels")] if hasattr(part, "images") else part
    if isinstance(pair, str | bytes | Mapping) or not hasattr(pair, "__len__") or len(pair) != 2:
        raise UserError(f"the data, part {name}, are no pair of images and labels; {_ALLOWED}")
    try:
        images, labels = (
            each.detach().cpu().numpy() if isinstance(each, torch.Tensor) else np.asarray(each) for each in pair
        )
    except (ValueError, TypeError):
        raise UserError(f"the data, part {name}, are no arrays of numbers; {_ALLOWED}") from None
    return images, labels
