"""Preparing a task: the classes of a dataset that it keeps, split in three."""

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.data.sources import DATASETS
from hyperforget.errors import UserError


def prepare_splits(
    config: DatasetConfig, classes: list[int], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The arrays ``{split}_images``, ``{split}_labels`` of a task and its pixel ``mean`` and ``std``.

    Only ``classes`` are kept, relabelled 0, 1, … in the order in which they are given. Splits are stratified and drawn
    from ``seed``; the test split is the source's own where it has one. Raises `UserError` for an unknown class.
    """
    raw = DATASETS[config.source](config)
    images, labels = _select(*raw.train, classes)
    if raw.test is None:
        images, labels, test_images, test_labels = _split(images, labels, classes, config.test, seed)
    else:
        test_images, test_labels = _select(*raw.test, classes)
    images, labels, validation_images, validation_labels = _split(images, labels, classes, config.validation, seed)
    pixels = images.astype(np.float64)
    if pixels.std() == 0:
        raise UserError(
            f"the training images of classes {classes} are all {pixels.flat[0]:g}; allowed are images that differ"
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


def _select(images: np.ndarray, labels: np.ndarray, classes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    known = np.unique(labels).tolist()
    for label in classes:
        if label not in known:
            raise UserError(f"classes has {label}, which the dataset lacks; allowed are {known}")
    rows = np.isin(labels, classes)
    places = np.argsort(classes)
    relabelled = places[np.searchsorted(classes, labels[rows], sorter=places)]
    return images[rows], relabelled.astype(np.int64)


def _split(
    images: np.ndarray, labels: np.ndarray, classes: list[int], fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """First images and labels, second images and labels, with ``fraction`` of each class in the second."""
    from sklearn.model_selection import train_test_split

    for label, count in zip(classes, np.bincount(labels, minlength=len(classes)), strict=True):
        if not 1 <= round(count * fraction) < count:
            raise UserError(
                f"class {label} of the task has {count} images, too few to split off a share of {fraction}; "
                "add images, or change dataset.test or dataset.validation"
            )
    first, second = train_test_split(np.arange(labels.shape[0]), test_size=fraction, stratify=labels, random_state=seed)
    return images[first], labels[first], images[second], labels[second]
