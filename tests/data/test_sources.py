"""Sources of images: what they give, and one sentence on every fault of a file or a name."""

from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits as sklearn_digits

from hyperforget.config import DatasetConfig
from hyperforget.data import sources as datasets
from hyperforget.data.sources import DATASETS, load_digits, load_npz, load_torchvision
from hyperforget.errors import UserError

IMAGES = np.arange(60 * 6, dtype=np.float32).reshape(60, 2, 3)
LABELS = np.repeat(np.arange(3), 20)


def npz(path: Path) -> DatasetConfig:
    return DatasetConfig(source="npz", path=str(path))


def test_every_source_of_the_configuration_is_there() -> None:
    assert set(DATASETS) == set(get_args(DatasetConfig.model_fields["source"].annotation))


def test_embedded_digits() -> None:
    images, labels = load_digits(DatasetConfig()).train
    assert images.shape == (1797, 64)
    assert images.dtype == np.uint8
    assert images.max() == 16
    np.testing.assert_array_equal(images, sklearn_digits().images.reshape(1797, 64))
    assert np.bincount(labels).tolist() == np.bincount(sklearn_digits().target).tolist()
    assert load_digits(DatasetConfig()).test is None


def test_npz_with_and_without_a_test_part(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    raw = load_npz(npz(tmp_path / "a.npz"))
    np.testing.assert_array_equal(raw.train[0], IMAGES.reshape(60, 6))
    np.testing.assert_array_equal(raw.train[1], LABELS)
    assert raw.test is None
    np.savez_compressed(
        tmp_path / "b.npz", images=IMAGES, labels=LABELS, test_images=IMAGES[:7], test_labels=LABELS[:7]
    )
    test = load_npz(npz(tmp_path / "b.npz")).test
    assert test is not None
    np.testing.assert_array_equal(test[0], IMAGES[:7].reshape(7, 6))
    np.testing.assert_array_equal(test[1], LABELS[:7])


def assert_refused(path: Path, named: str) -> None:
    with pytest.raises(UserError) as refusal:
        load_npz(npz(path))
    message = str(refusal.value)
    assert message.startswith(f"dataset.path {str(path)!r} ")
    assert named in message
    assert "\n" not in message


GOOD = {"images": IMAGES, "labels": LABELS}
WRONG = {
    "no labels": ({"images": IMAGES}, "lacks the array 'labels'; it has ['images']"),
    "no images": ({"labels": LABELS}, "lacks the array 'images'; it has ['labels']"),
    "capitals": (
        {"Images": IMAGES, "labels": LABELS},
        "lacks the array 'images'; it has ['Images', 'labels']",
    ),
    "no test labels": (GOOD | {"test_images": IMAGES}, "'test_labels'"),
    "few images": (GOOD | {"images": IMAGES[:50]}, "50"),
    "few labels": (GOOD | {"labels": LABELS[:50]}, "50"),
    "few test labels": (GOOD | {"test_images": IMAGES, "test_labels": LABELS[:7]}, "7"),
    "narrow test images": (GOOD | {"test_images": IMAGES[:, :1], "test_labels": LABELS}, "3"),
    "labels as objects": (GOOD | {"labels": LABELS.astype(object)}, "labels"),
    "labels as text": (GOOD | {"labels": LABELS.astype(str)}, "labels"),
    "one-hot labels": (GOOD | {"labels": np.eye(3)[LABELS]}, "labels"),
    "images as text": (GOOD | {"images": IMAGES.astype(str)}, "images"),
    "one image number": (GOOD | {"images": np.float32(1)}, "images"),
    "undefined pixels": (GOOD | {"images": np.full_like(IMAGES, np.nan)}, "images"),
}


@pytest.mark.parametrize(("arrays", "named"), WRONG.values(), ids=WRONG)
def test_npz_with_wrong_arrays(tmp_path: Path, arrays: dict[str, np.ndarray], named: str) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=True, **arrays)
    assert_refused(tmp_path / "a.npz", named)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_file_that_is_no_npz(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    assert_refused(tmp_path / "a.npz", ".npz")


def test_single_array_is_no_npz(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    assert_refused(tmp_path / "a.npy", ".npz")


def test_npz_that_is_not_there(tmp_path: Path) -> None:
    assert_refused(tmp_path / "absent.npz", "is no file; allowed is an .npz file")
    with pytest.raises(UserError, match="is no file"):
        load_npz(DatasetConfig(source="npz"))


class Known:
    """As torchvision's MNIST: a train and a test part, on disk or not."""

    def __init__(self, root: Path, train: bool, download: bool) -> None:
        if not download and not Path(root).is_dir():
            raise RuntimeError("Dataset not found. You can use download=True to download it")
        self.data = torch.arange(2 * 4 * 3).reshape(2, 4, 3).to(torch.uint8) + (not train)
        self.targets = torch.tensor([1, 0])


class OnePart:
    def __init__(self, root: Path) -> None:
        self.root = root


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(datasets=SimpleNamespace(MNIST=Known, OnePart=OnePart))
    monkeypatch.setattr(datasets, "import_torchvision", lambda: module)


def source(name: str, root: Path, download: bool = True) -> DatasetConfig:
    return DatasetConfig(source="torchvision", name=name, root=str(root), download=download)


@pytest.mark.usefixtures("torchvision")
def test_both_parts_of_a_torchvision_set_are_flat(tmp_path: Path) -> None:
    raw = load_torchvision(source("MNIST", tmp_path))
    np.testing.assert_array_equal(raw.train[0], np.arange(24, dtype=np.uint8).reshape(2, 12))
    assert raw.test is not None
    np.testing.assert_array_equal(raw.test[0], np.arange(1, 25, dtype=np.uint8).reshape(2, 12))
    assert raw.train[0].dtype == np.uint8
    assert raw.test[1].tolist() == [1, 0]


@pytest.mark.usefixtures("torchvision")
def test_faults_of_a_torchvision_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dataset.name 'MNITS' is no dataset .*; did you mean 'MNIST'"):
        load_torchvision(source("MNITS", tmp_path))
    with pytest.raises(UserError, match="absent' does not give MNIST: Dataset not found"):
        load_torchvision(source("MNIST", tmp_path / "absent", download=False))
    with pytest.raises(UserError, match=r"'OnePart' has no train and test part .* use source 'npz'"):
        load_torchvision(source("OnePart", tmp_path))


def test_the_folder_of_torchvision_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Spy(Known):
        def __init__(self, root: Path, train: bool, download: bool) -> None:
            seen.append(Path(root))
            super().__init__(root, train, download)

    module = SimpleNamespace(datasets=SimpleNamespace(MNIST=Spy))
    monkeypatch.setattr(datasets, "import_torchvision", lambda: module)
    monkeypatch.delenv("HYPERFORGET_DATA", raising=False)
    load_torchvision(DatasetConfig(source="torchvision"))
    monkeypatch.setenv("HYPERFORGET_DATA", str(tmp_path))
    load_torchvision(DatasetConfig(source="torchvision"))
    load_torchvision(source("MNIST", tmp_path / "own"))
    assert list(dict.fromkeys(seen)) == [Path("data"), tmp_path, tmp_path / "own"]
