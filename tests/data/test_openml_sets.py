"""Sets of OpenML: downloaded once by scikit-learn, read from a file, and one sentence on every fault."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from hyperforget.config import DatasetConfig
from hyperforget.config.raw_files import OPENML_SETS, content_of
from hyperforget.data.openml_sets import arrays_of, load_openml
from hyperforget.errors import UserError

LETTERS = OPENML_SETS["letters"]
FEATURES = np.random.default_rng(0).integers(0, 16, (52, 16)).astype(float)
NAMES = np.array([chr(ord("A") + 25 - index % 26) for index in range(52)], object)


class Mirror:
    """As scikit-learn's `fetch_openml`, which counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, name: str, *, version: int, cache: bool, as_frame: bool, parser: str) -> SimpleNamespace:
        assert (cache, as_frame, parser) == (False, False, "liac-arff")
        self.asked.append((name, version))
        return SimpleNamespace(data=FEATURES, target=NAMES)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    made = Mirror()
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", made)
    return made


def source(root: Path, **more: Any) -> DatasetConfig:
    return DatasetConfig(source="openml", name="letters", root=str(root), **more)


def put(root: Path, images: np.ndarray, labels: np.ndarray) -> None:
    np.savez(root / LETTERS.file, images=images, labels=labels)


def refusal_of(config: DatasetConfig) -> str:
    with pytest.raises(UserError) as refusal:
        load_openml(config)
    message = str(refusal.value)
    assert message.startswith(f"dataset.root {config.root!r} does not give letters: ")
    return message


def test_a_set_is_downloaded_once_and_kept(tmp_path: Path, mirror: Mirror) -> None:
    root = tmp_path / "new" / "data"
    first, second = (load_openml(source(root)) for _ in range(2))
    assert mirror.asked == [("letter", 1)]
    assert first.shape == (4, 4, 1)
    assert first.test is None
    np.testing.assert_array_equal(first.train[0], FEATURES * 17)
    np.testing.assert_array_equal(first.train[1], [25 - index % 26 for index in range(52)])
    np.testing.assert_array_equal(first.train[0], second.train[0])
    with np.load(root / "letters.npz") as kept:
        assert {name: (kept[name].shape, kept[name].dtype.name) for name in kept.files} == {
            "images": ((52, 4, 4), "uint8"),
            "labels": ((52,), "int64"),
        }


@pytest.mark.usefixtures("mirror")
def test_a_download_is_one_dataset_before_and_after_it_and_a_file_of_ones_own_is_another(tmp_path: Path) -> None:
    assert content_of(source(tmp_path)) is None
    load_openml(source(tmp_path))
    assert content_of(source(tmp_path)) is None
    put(tmp_path, FEATURES.reshape(-1, 4, 4).astype(np.uint8), np.arange(52) % 26)
    assert content_of(source(tmp_path)) is not None


def test_a_file_that_is_there_is_read_and_nothing_downloaded(tmp_path: Path, mirror: Mirror) -> None:
    images, labels = np.zeros((26, 4, 4), np.uint8), np.arange(26)
    put(tmp_path, images, labels)
    raw = load_openml(source(tmp_path, download=False))
    np.testing.assert_array_equal(raw.train[1], labels)
    assert mirror.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["letters.npz"]


def test_the_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, np.zeros((26, 4, 4), np.uint8), np.arange(26))
    monkeypatch.setenv("HYPERFORGET_DATA", str(tmp_path))
    config = DatasetConfig(source="openml", name="letters", download=False)
    assert len(load_openml(config).train[1]) == 26


def test_what_is_not_there_and_may_not_be_downloaded(tmp_path: Path, mirror: Mirror) -> None:
    assert "the file 'letters.npz' is not there; put it there, or allow dataset.download" in refusal_of(
        source(tmp_path, download=False)
    )
    assert mirror.asked == []


@pytest.mark.parametrize("fault", [OSError("no network"), ValueError("bad"), RuntimeError("a\nb")], ids=type)
def test_a_download_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", refuse)
    assert type(fault).__name__ in refusal_of(source(tmp_path))
    assert not (tmp_path / "letters.npz").exists()
    assert content_of(source(tmp_path)) is None


def test_files_that_hold_something_else(tmp_path: Path) -> None:
    put(tmp_path, np.zeros((26, 8, 8), np.uint8), np.arange(26))
    assert "images of shape (8, 8, 1); allowed is (4, 4, 1)" in refusal_of(source(tmp_path))
    (tmp_path / "letters.npz").write_bytes(b"<html>")
    assert "the file 'letters.npz' is no .npz file" in refusal_of(source(tmp_path))


@pytest.mark.parametrize("value", [0.5, 16.0, -1.0])
def test_features_that_are_no_pixels(value: float) -> None:
    features = FEATURES.copy()
    features[3, 2] = value
    with pytest.raises(ValueError, match="features are not whole numbers from 0 to 15"):
        arrays_of(LETTERS, features, NAMES)
