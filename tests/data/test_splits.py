"""Splits of a task: disjoint, stratified, repeatable, and normalised by the training split."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from hyperforget.config import DatasetConfig
from hyperforget.data.preparing import prepare_splits
from hyperforget.data.splits import (
    SPLITS,
    TaskData,
    conditioning_split,
    load_task_data,
    publish_task_data,
    task_data,
)
from hyperforget.errors import UserError
from hyperforget.networks.perceptron import perceptron_for
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token

# Image number i holds the number i, so that images can be followed; classes have different sizes.
LABELS = np.random.default_rng(0).permutation(np.repeat([1, 4, 7, 9], [40, 60, 80, 100]))
IMAGES = np.stack([np.arange(280), -np.arange(280)], axis=1).astype(np.float32)


@pytest.fixture
def config(tmp_path: Path) -> DatasetConfig:
    np.savez(tmp_path / "images.npz", images=IMAGES, labels=LABELS)
    return DatasetConfig(source="npz", path=str(tmp_path / "images.npz"), test=0.25, validation=0.2)


def numbers(arrays: dict[str, np.ndarray], split: str) -> np.ndarray:
    return arrays[f"{split}_images"][:, 0].astype(int)


def test_splits_are_disjoint_and_cover_all_images_of_the_classes(config: DatasetConfig) -> None:
    arrays, _ = prepare_splits(config, [1, 4, 7, 9], 0)
    together = np.concatenate([numbers(arrays, split) for split in SPLITS])
    assert sorted(together) == list(range(280))
    few, _ = prepare_splits(config, [1, 9], 0)
    together = np.concatenate([numbers(few, split) for split in SPLITS])
    assert sorted(together) == np.flatnonzero(np.isin(LABELS, [1, 9])).tolist()


def test_splits_are_stratified(config: DatasetConfig) -> None:
    arrays, _ = prepare_splits(config, [1, 4, 7, 9], 0)
    sizes = {split: np.bincount(arrays[f"{split}_labels"]).tolist() for split in SPLITS}
    assert sizes == {
        "test": [10, 15, 20, 25],
        "validation": [6, 9, 12, 15],
        "train": [24, 36, 48, 60],
    }


def test_images_keep_their_labels_which_are_numbered_from_0(config: DatasetConfig) -> None:
    arrays, _ = prepare_splits(config, [1, 7, 9], 0)
    for split in SPLITS:
        labels = arrays[f"{split}_labels"]
        assert labels.dtype == np.int64
        np.testing.assert_array_equal(np.array([1, 7, 9])[labels], LABELS[numbers(arrays, split)])


@pytest.mark.parametrize("classes", [[9, 1], [7, 9, 1], [9, 7, 4, 1], [4, 9, 1, 7]], ids=str)
def test_classes_are_numbered_in_the_order_in_which_they_are_given(config: DatasetConfig, classes: list[int]) -> None:
    arrays, _ = prepare_splits(config, classes, 0)
    for split in SPLITS:
        found = np.array(classes)[arrays[f"{split}_labels"]]
        np.testing.assert_array_equal(found, LABELS[numbers(arrays, split)])


def test_splits_repeat_with_the_seed(config: DatasetConfig) -> None:
    first, again, other = (prepare_splits(config, [1, 4, 7, 9], seed)[0] for seed in (3, 3, 4))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert all(set(numbers(first, split)) != set(numbers(other, split)) for split in SPLITS)


def test_pixels_are_normalised_by_the_training_split_alone(config: DatasetConfig) -> None:
    arrays, pixels = prepare_splits(config, [1, 4, 7, 9], 0)
    train = arrays["train_images"].astype(np.float64)
    assert pixels == {"mean": pytest.approx(train.mean()), "std": pytest.approx(train.std())}
    data = task_data(arrays, [1, 4, 7, 9], **pixels)
    assert data.train.images.mean().item() == pytest.approx(0, abs=1e-5)
    assert data.train.images.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    for split in SPLITS:
        expected = (arrays[f"{split}_images"] - train.mean()) / train.std()
        found = getattr(data, split)
        assert (found.images.dtype, found.labels.dtype) == (torch.float32, torch.int64)
        np.testing.assert_allclose(found.images.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_test_part_of_the_source_is_used_as_it_is_and_leaves_normalisation_alone(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    parts = []
    for scale in (1, 1000):
        arrays = {"test_images": scale * IMAGES[::7], "test_labels": LABELS[::7]}
        np.savez(path, allow_pickle=True, images=IMAGES, labels=LABELS, **arrays)
        parts.append(prepare_splits(DatasetConfig(source="npz", path=str(path)), [1, 4, 7, 9], 0))
    (small, small_pixels), (large, large_pixels) = parts
    assert small_pixels == large_pixels
    np.testing.assert_array_equal(small["test_images"], IMAGES[::7])
    np.testing.assert_array_equal(large["test_images"], 1000 * IMAGES[::7])
    assert sorted(np.concatenate([numbers(small, "train"), numbers(small, "validation")])) == list(range(280))


def test_a_class_that_the_source_lacks_is_named(config: DatasetConfig) -> None:
    with pytest.raises(UserError, match=r"^classes has 5, which the dataset lacks; allowed are \[1, 4, 7, 9\]"):
        prepare_splits(config, [1, 5], 0)


def test_a_class_that_the_test_part_lacks_is_named(tmp_path: Path) -> None:
    path, rows = tmp_path / "two.npz", LABELS != 9
    np.savez(path, images=IMAGES, labels=LABELS, test_images=IMAGES[rows], test_labels=LABELS[rows])
    with pytest.raises(UserError, match=r"classes has 9, .* allowed are \[1, 4, 7\]"):
        prepare_splits(DatasetConfig(source="npz", path=str(path)), [1, 9], 0)


def test_too_few_images_of_a_class_are_named(tmp_path: Path) -> None:
    path = tmp_path / "few.npz"
    np.savez(path, images=IMAGES[:21], labels=np.repeat([4, 6], [20, 1]))
    with pytest.raises(UserError, match="class 6 of the task has 1 images"):
        prepare_splits(DatasetConfig(source="npz", path=str(path)), [6, 4], 0)


def test_images_without_any_contrast_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "grey.npz"
    np.savez(path, images=np.ones_like(IMAGES), labels=LABELS)
    with pytest.raises(UserError, match="images"):
        prepare_splits(DatasetConfig(source="npz", path=str(path)), [1, 4, 7, 9], 0)


def published(tmp_path: Path, config: DatasetConfig) -> tuple[Path, Path, TaskData]:
    arrays, pixels = prepare_splits(config, [1, 4, 7, 9], 0)
    store, token = tmp_path / "store", tmp_path / "dataset.json"
    publish_task_data(Store(store), token, arrays, {"task": "toy", "labels": [1, 4, 7, 9], **pixels})
    return store, token, task_data(arrays, [1, 4, 7, 9], **pixels)


def test_a_stored_task_reads_back(tmp_path: Path, config: DatasetConfig) -> None:
    store, token, data = published(tmp_path, config)
    found = load_task_data(Store(store), token)
    assert (found.classes, found.mean, found.std) == (4, data.mean, data.std)
    assert found.labels == data.labels == (1, 4, 7, 9)
    for name in SPLITS:
        assert torch.equal(getattr(found, name).images, getattr(data, name).images)
        assert torch.equal(getattr(found, name).labels, getattr(data, name).labels)
    summary = read_token(token, kind="dataset").summary
    assert summary["images"] == {"train": 168, "validation": 42, "test": 70}
    assert perceptron_for(found.train, [5, 3]).sizes == (2, 5, 3, 4)
    for split in (found.train, found.validation, found.test):
        assert split.class_sizes.tolist() == [int((split.labels == label).sum()) for label in range(4)]


def test_a_missing_or_damaged_task_is_named(tmp_path: Path, config: DatasetConfig) -> None:
    store, token, _ = published(tmp_path, config)
    object_id = read_token(token).object_id
    folder = store / "objects" / object_id[:2] / object_id
    for path in (folder / "data.zarr" / "train_labels").rglob("*"):
        if path.is_file() and path.name != "zarr.json":
            path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(CorruptObjectError, match=object_id):
        load_task_data(Store(store), token)
    shutil.rmtree(folder)
    with pytest.raises(MissingObjectError, match=object_id):
        load_task_data(Store(store), token)


def test_protocols_condition_on_validation_and_on_test(config: DatasetConfig) -> None:
    arrays, pixels = prepare_splits(config, [1, 4], 0)
    data = task_data(arrays, [1, 4], **pixels)
    assert conditioning_split(data, "validation") is data.validation
    assert conditioning_split(data, "thesis") is data.test
