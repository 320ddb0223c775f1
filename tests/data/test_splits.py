"""Splits of a task: disjoint, stratified, repeatable, and normalised by the training split."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    data = task_data(arrays, {**pixels, "labels": [1, 4, 7, 9]})
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
    with pytest.raises(
        UserError, match=r"^classes has 9, which the test part of the dataset lacks; allowed are \[1, 4, 7\]"
    ):
        prepare_splits(DatasetConfig(source="npz", path=str(path)), [1, 9], 0)


def test_labels_that_are_no_classes_make_no_endless_sentence(tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", images=IMAGES, labels=np.arange(len(IMAGES)))
    with pytest.raises(UserError, match=r"the dataset lacks; allowed are 280 others, from 0 to 279$"):
        prepare_splits(DatasetConfig(source="npz", path=str(tmp_path / "many.npz")), [1, 500], 0)


def of_sizes(path: Path, sizes: list[int], **shares: float) -> DatasetConfig:
    """A dataset of classes 10, 11, … with these many images, whose pixels tell their number."""
    labels = np.repeat(np.arange(10, 10 + len(sizes)), sizes)
    np.savez(path / "own.npz", images=np.stack([np.arange(len(labels))] * 2, 1), labels=labels)
    return DatasetConfig(source="npz", path=str(path / "own.npz"), **shares)


def sizes_in(arrays: dict[str, np.ndarray]) -> dict[str, list[int]]:
    return {split: np.bincount(arrays[f"{split}_labels"]).tolist() for split in SPLITS}


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ([100, 4, 4, 4], {}),
        ([4] * 40, {}),
        ([1004] + [4] * 39, {}),
        ([60] * 100, {"test": 0.02, "validation": 0.01}),
        ([4, 200], {"test": 0.5, "validation": 0.5}),
        ([200, 3], {"test": 0.3, "validation": 0.3}),
        ([50, 9], {"test": 0.8, "validation": 0.5}),
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [0, 1, 2, 2**32 - 1])
def test_every_split_has_images_of_rare_classes(
    tmp_path: Path, sizes: list[int], shares: dict[str, float], seed: int
) -> None:
    config, classes = of_sizes(tmp_path, sizes, **shares), list(range(10, 10 + len(sizes)))
    arrays, _ = prepare_splits(config, classes, seed)
    tests = [round(size * config.test) for size in sizes]
    validation = [round((size - test) * config.validation) for size, test in zip(sizes, tests, strict=True)]
    found = sizes_in(arrays)
    assert min(map(min, found.values())) >= 1
    # A class that is not rare may be drawn an image more or less often.
    assert np.abs(np.array(found["test"]) - tests).max() <= 1
    assert np.abs(np.array(found["validation"]) - validation).max() <= 1
    assert sorted(np.concatenate([numbers(arrays, split) for split in SPLITS])) == list(range(sum(sizes)))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    for split in SPLITS:
        np.testing.assert_array_equal(arrays[f"{split}_labels"], labels[numbers(arrays, split)])
    again, _ = prepare_splits(config, classes, seed)
    other, _ = prepare_splits(config, classes, seed ^ 5)
    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)
    assert set(numbers(arrays, "test")) != set(numbers(other, "test"))


def test_rare_classes_are_drawn_one_by_one(tmp_path: Path) -> None:
    arrays, _ = prepare_splits(of_sizes(tmp_path, [100, 4, 4, 4]), [10, 11, 12, 13], 0)
    assert sizes_in(arrays) == {"train": [56, 2, 2, 2], "validation": [19, 1, 1, 1], "test": [25, 1, 1, 1]}
    assert (np.diff(arrays["train_labels"]) < 0).any()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=12),
    st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9]),
    st.sampled_from([0.01, 0.1666, 0.25, 0.5, 0.9]),
    st.integers(0, 2**32 - 1),
)
def test_each_split_has_images_of_each_class_or_one_sentence_names_the_class(
    tmp_path: Path, sizes: list[int], test: float, validation: float, seed: int
) -> None:
    config = of_sizes(tmp_path, sizes, test=test, validation=validation)
    try:
        arrays, _ = prepare_splits(config, list(range(10, 10 + len(sizes))), seed)
    except UserError:
        with pytest.raises(UserError, match=r"^class [12]\d of the dataset has \d+ images.*too few to split off"):
            prepare_splits(config, list(range(10, 10 + len(sizes))), seed)
    else:
        assert all(len(counts) == len(sizes) and min(counts) >= 1 for counts in sizes_in(arrays).values())


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        (
            [20, 1],
            "class 11 of the dataset has 1 images, too few to split off 0.25 of them; add images, or change .*test",
        ),
        (
            [3, 20],
            "class 10 of the dataset has 3 images, of which 2 are left after the test split, too few .*validation",
        ),
    ],
)
def test_too_few_images_of_a_class_are_named(tmp_path: Path, sizes: list[int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        prepare_splits(of_sizes(tmp_path, sizes), [11, 10], 0)


def digest_of(arrays: dict[str, np.ndarray]) -> str:
    total = hashlib.sha256()
    for name in sorted(arrays):
        total.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode() + arrays[name].tobytes())
    return total.hexdigest()[:16]


def test_splits_that_results_were_published_of_stay_what_they_are() -> None:
    found = [digest_of(prepare_splits(DatasetConfig(), classes, 7)[0]) for classes in ([0, 1, 2, 3], list(range(10)))]
    assert found == ["5b4c3a811d2d3123", "1f8c17068679e197"]


def test_images_without_any_contrast_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "grey.npz"
    np.savez(path, images=np.ones_like(IMAGES), labels=LABELS)
    with pytest.raises(UserError, match="images"):
        prepare_splits(DatasetConfig(source="npz", path=str(path)), [1, 4, 7, 9], 0)


def published(tmp_path: Path, config: DatasetConfig) -> tuple[Path, Path, TaskData]:
    arrays, pixels = prepare_splits(config, [1, 4, 7, 9], 0)
    store, token = tmp_path / "store", tmp_path / "dataset.json"
    publish_task_data(Store(store), token, arrays, {"task": "toy", "labels": [1, 4, 7, 9], **pixels})
    return store, token, task_data(arrays, {**pixels, "labels": [1, 4, 7, 9]})


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
    assert found.image == (2,)
    for split in (found.train, found.validation, found.test):
        assert split.class_sizes.tolist() == [int((split.labels == label).sum()) for label in range(4)]


def test_a_token_warns_of_classes_with_a_handful_of_images(tmp_path: Path) -> None:
    arrays, pixels = prepare_splits(of_sizes(tmp_path, [100, 4, 60]), [10, 11, 12], 0)
    attributes = {"task": "toy", "classes": 3, "labels": [10, 11, 12], **pixels}
    publish_task_data(Store(tmp_path / "store"), tmp_path / "dataset.json", arrays, attributes)
    assert read_token(tmp_path / "dataset.json").summary["warnings"] == [
        "Class 11 of the dataset has few images: 2 of the train split, 1 of the validation split, 1 of the test split. "
        "What is said of it rests on these."
    ]


def test_a_token_of_many_images_has_no_warnings(tmp_path: Path) -> None:
    arrays, pixels = prepare_splits(DatasetConfig(), [0, 1, 2, 3], 0)
    token = tmp_path / "dataset.json"
    publish_task_data(Store(tmp_path / "store"), token, arrays, {"task": "toy", "labels": [0, 1, 2, 3], **pixels})
    assert set(read_token(token).summary) == {"task", "labels", "mean", "std", "images"}


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
    data = task_data(arrays, {**pixels, "labels": [1, 4]})
    assert conditioning_split(data, "validation") is data.validation
    assert conditioning_split(data, "thesis") is data.test
