"""Groups of images: where sources tell them, how splits keep them, and one sentence on every fault."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hyperforget.config import DatasetConfig
from hyperforget.data.preparing import prepare_splits
from hyperforget.data.sources import DATASETS, raw_images
from hyperforget.data.splits import SPLITS, few_images, load_task_data, need_classes, publish_task_data, task_data
from hyperforget.errors import UserError
from hyperforget.store.store import Store

COUNT = 240
# Image number i holds the number i, so that images can be followed.
IMAGES = np.stack([np.arange(COUNT), -np.arange(COUNT)], axis=1).astype(np.float32)
LABELS = np.arange(COUNT) % 3
GROUPS = np.random.default_rng(0).permutation(np.repeat([2, 5, 8], [40, 80, 120]))


def npz(path: Path, **arrays: np.ndarray) -> DatasetConfig:
    every: dict[str, Any] = {"images": IMAGES, "labels": LABELS, "groups": GROUPS, **arrays}
    np.savez(path / "a.npz", **every)
    return DatasetConfig(source="npz", path=str(path / "a.npz"))


def test_splits_are_stratified_by_group_and_keep_the_class_of_each_image(tmp_path: Path) -> None:
    arrays, _ = prepare_splits(npz(tmp_path), [0, 1, 2], 0, [8, 2])
    sizes = {split: np.bincount(arrays[f"{split}_labels"]).tolist() for split in SPLITS}
    assert sizes == {"test": [30, 10], "validation": [23, 7], "train": [67, 23]}
    for split in SPLITS:
        numbers = arrays[f"{split}_images"][:, 0].astype(int)
        np.testing.assert_array_equal(arrays[f"{split}_targets"], LABELS[numbers])
        np.testing.assert_array_equal(np.array([8, 2])[arrays[f"{split}_labels"]], GROUPS[numbers])
        assert set(arrays[f"{split}_labels"]) == {0, 1}


def test_only_the_classes_of_a_task_are_kept(tmp_path: Path) -> None:
    arrays, _ = prepare_splits(npz(tmp_path), [2, 0], 0, [2, 5, 8])
    for split in SPLITS:
        numbers = arrays[f"{split}_images"][:, 0].astype(int)
        np.testing.assert_array_equal(np.array([2, 0])[arrays[f"{split}_targets"]], LABELS[numbers])


def test_a_test_part_has_groups_of_its_own(tmp_path: Path) -> None:
    test: dict[str, Any] = {"test_images": IMAGES[:90], "test_labels": LABELS[:90], "test_groups": GROUPS[:90]}
    arrays, _ = prepare_splits(npz(tmp_path, **test), [0, 1, 2], 0, [2, 5, 8])
    numbers = arrays["test_images"][:, 0].astype(int)
    np.testing.assert_array_equal(np.array([2, 5, 8])[arrays["test_labels"]], GROUPS[numbers])
    assert len(numbers) == 90


def test_a_task_that_forgets_classes_takes_no_notice_of_groups(tmp_path: Path) -> None:
    with_groups, told = prepare_splits(npz(tmp_path), [0, 1, 2], 0)
    np.savez(tmp_path / "b.npz", images=IMAGES, labels=LABELS)
    without, same = prepare_splits(DatasetConfig(source="npz", path=str(tmp_path / "b.npz")), [0, 1, 2], 0)
    assert told == same
    assert list(with_groups) == list(without)
    for name, array in without.items():
        np.testing.assert_array_equal(with_groups[name], array)


def test_a_function_may_give_groups_after_labels(tmp_path: Path) -> None:
    source = """
import numpy as np

def load(test):
    part = np.eye(6).reshape(6, 2, 3), np.arange(6) % 2, np.arange(6) % 3
    return (*part, *part) if test else part
"""
    (tmp_path / "mine.py").write_text(source)
    for test in (False, True):
        config = DatasetConfig(source="function", file=str(tmp_path / "mine.py"), settings={"test": test})
        raw = DATASETS["function"](config)
        assert raw.groups is not None
        np.testing.assert_array_equal(raw.groups[0], np.arange(6) % 3)
        assert (raw.groups[1] is not None, raw.test is not None) == (test, test)


def test_the_embedded_groups_are_the_digits_as_four_sensors_give_them() -> None:
    plain, seen = (raw_images(DatasetConfig(source=source)) for source in ("digits", "grouped-digits"))
    assert seen.groups is not None
    groups, pictures, given = seen.groups[0], plain.train[0].reshape(-1, 8, 8), seen.train[0].reshape(-1, 8, 8)
    np.testing.assert_array_equal(plain.train[1], seen.train[1])
    assert np.bincount(groups).tolist() == [450, 449, 449, 449]
    np.testing.assert_array_equal(given[groups == 0], pictures[groups == 0])
    np.testing.assert_array_equal(given[groups == 1], np.rot90(pictures[groups == 1], axes=(1, 2)))
    np.testing.assert_array_equal(given[groups == 2], 16 - pictures[groups == 2])
    np.testing.assert_array_equal(given[groups == 3], pictures[groups == 3][:, ::-1])
    # Every sensor gives every digit, in about equal numbers.
    assert min(np.bincount(10 * groups + seen.train[1])) >= 30


def test_stored_data_tell_groups_and_what_outputs_stand_for(tmp_path: Path) -> None:
    arrays, pixels = prepare_splits(npz(tmp_path), [2, 0], 0, [8, 2])
    attributes = {"task": "t", "classes": 2, "labels": [8, 2], "answers": [2, 0], **pixels}
    publish_task_data(Store(tmp_path / "store"), tmp_path / "token.json", arrays, attributes)
    data = load_task_data(Store(tmp_path / "store"), tmp_path / "token.json")
    assert (data.labels, data.answered, data.outputs, data.noun) == ((8, 2), (2, 0), 2, "group")
    assert torch.equal(data.train.targets, torch.from_numpy(arrays["train_targets"]))
    assert torch.equal(data.train.labels, torch.from_numpy(arrays["train_labels"]))
    moved = data.to(torch.device("cpu")).test
    assert (moved.outputs, moved.targets.tolist()) == (2, arrays["test_targets"].tolist())


def test_of_classes_targets_are_labels(tmp_path: Path) -> None:
    arrays, pixels = prepare_splits(npz(tmp_path), [2, 0, 1], 0)
    data = task_data(arrays, {"labels": [2, 0, 1], **pixels})
    assert (data.noun, data.outputs, data.answered) == ("class", 3, (2, 0, 1))
    assert data.train.targets is data.train.labels
    need_classes(data, "anything")


def refusal_of(config: DatasetConfig, groups: list[int], classes: tuple[int, ...] = (0, 1, 2)) -> str:
    with pytest.raises(UserError) as refusal:
        prepare_splits(config, list(classes), 0, groups)
    message = str(refusal.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"groups": GROUPS[:-1]}, "has 239 groups; allowed are as many as images, 240"),
        (
            {"groups": GROUPS / 2},
            "has groups of shape (240,) and type float64; allowed are whole numbers, one an image",
        ),
        ({"groups": GROUPS.reshape(2, -1)}, "has groups of shape (2, 120) and type int64; allowed are whole numbers"),
        ({"groups": GROUPS - 3}, "has -1 among its groups; allowed are labels from 0 on"),
        ({"test_images": IMAGES, "test_labels": LABELS}, "lacks the array 'test_groups'"),
    ],
    ids=["fewer", "fractions", "table", "negative", "no test groups"],
)
def test_groups_that_are_none_are_told_in_one_sentence(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    assert words in refusal_of(npz(tmp_path, **arrays), [2, 5])


def test_a_group_that_is_not_there_and_one_with_too_few_images(tmp_path: Path) -> None:
    assert refusal_of(npz(tmp_path), [2, 7]) == "groups has 7, which the dataset lacks; allowed are [2, 5, 8]"
    few = np.where(np.arange(COUNT) == 0, 9, GROUPS)
    assert "group 9 of the dataset has 1 images, too few to split off" in refusal_of(npz(tmp_path, groups=few), [2, 9])


def test_a_class_that_no_training_image_of_the_groups_has(tmp_path: Path) -> None:
    labels = np.where(GROUPS == 5, LABELS, np.minimum(LABELS, 1))
    message = refusal_of(npz(tmp_path, labels=labels), [2, 8])
    assert (
        message
        == "class 2 of the dataset has no training image in groups [2, 8]; add images, or leave it out of classes"
    )


def test_a_source_without_groups_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", images=IMAGES, labels=LABELS)
    message = refusal_of(DatasetConfig(source="npz", path=str(tmp_path / "b.npz")), [0, 1])
    assert "the dataset of source 'npz' tells no groups; allowed is an .npz file with an array 'groups'" in message


def test_what_groups_do_not_have_is_refused(tmp_path: Path) -> None:
    arrays, pixels = prepare_splits(npz(tmp_path), [0, 1, 2], 0, [2, 5, 8])
    data = task_data(arrays, {"labels": [2, 5, 8], "answers": [0, 1, 2], **pixels})
    with pytest.raises(UserError, match="a generator of a task that forgets groups cannot be had, as groups have no"):
        need_classes(data, "a generator")


def test_groups_with_few_images_are_warned_of_as_such(tmp_path: Path) -> None:
    few = np.where(np.arange(COUNT) < 12, 9, GROUPS)
    arrays, _ = prepare_splits(npz(tmp_path, groups=few), [0, 1, 2], 0, [5, 9])
    [warning] = few_images(arrays, [5, 9], "group")
    assert warning.startswith("Group 9 of the dataset has few images")
