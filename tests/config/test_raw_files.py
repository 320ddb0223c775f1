"""The content of the files that images come from, as part of what a stage is told."""

import fcntl
import os
from pathlib import Path

import numpy as np
import pytest

from hyperforget.config import DatasetConfig, load_config, raw_files
from hyperforget.config.raw_files import TORCHVISION_SETS, content_of, downloads_mark
from hyperforget.config.slices import spec_of
from hyperforget.config.specs import DatasetSpec
from hyperforget.store.files import file_digest

FIRST, *OTHERS = TORCHVISION_SETS["MNIST"].files


def told(dataset: dict[str, str]) -> str | None:
    task = {"classes": [0, 1], "hidden": [2], "pivots": [0], "forget": ["1"], "dataset": dataset}
    return spec_of(DatasetSpec, load_config({"tasks": {"toy": task}}), {"task": "toy"}).content


def put(root: Path, file: str, content: bytes) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_bytes(content)


def test_own_images_are_told_by_their_content(tmp_path: Path) -> None:
    contents = set()
    for value in (0, 1, 0):
        np.savez(tmp_path / "a.npz", images=np.full((4, 2, 2), value), labels=np.zeros(4, int))
        contents.add(told({"source": "npz", "path": str(tmp_path / "a.npz")}))
    assert len(contents) == 2
    assert None not in contents


def test_embedded_images_have_no_files() -> None:
    assert told({"source": "digits"}) is None


@pytest.mark.parametrize("name", TORCHVISION_SETS)
def test_every_file_of_every_set_counts(tmp_path: Path, name: str) -> None:
    dataset = {"source": "torchvision", "name": name, "root": str(tmp_path)}
    contents = [told(dataset)]
    assert contents == [None]
    for content in (b"one", b"two"):
        for file in TORCHVISION_SETS[name].files:
            put(tmp_path, file, content)
            contents.append(told(dataset))
    assert len(set(contents)) == len(contents)
    put(tmp_path, "Other/raw/file", b"three")
    put(tmp_path, f"{name}/raw/file.gz", b"three")
    assert told(dataset) == contents[-1]


def test_the_file_of_an_openml_set_counts(tmp_path: Path) -> None:
    dataset = {"source": "openml", "name": "letters", "root": str(tmp_path)}
    contents = [told(dataset)]
    for content in (b"one", b"two"):
        put(tmp_path, "letters.npz", content)
        contents.append(told(dataset))
    assert contents[0] is None
    assert len(set(contents)) == 3


def test_the_same_files_elsewhere_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = []
    for folder, content in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        put(tmp_path / folder, FIRST, content)
        monkeypatch.setenv("HYPERFORGET_DATA", str(tmp_path / folder))
        contents.append(told({"source": "torchvision"}))
    assert contents[0] == contents[1] != contents[2]
    assert contents[0] is not None


def test_files_that_have_not_changed_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def counted(path: Path) -> str:
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr(raw_files, "file_digest", counted)
    put(tmp_path, FIRST, b"x")
    dataset = DatasetConfig(source="torchvision", root=str(tmp_path))
    before = [content_of(dataset) for _ in range(3)]
    assert len(read) == 1
    put(tmp_path, FIRST, b"y")
    os.utime(tmp_path / FIRST, ns=(0, 0))
    assert content_of(dataset) not in before
    assert len(read) == 2


def test_what_is_on_its_way_is_what_is_downloaded(tmp_path: Path) -> None:
    dataset = DatasetConfig(source="torchvision", root=str(tmp_path))
    put(tmp_path, FIRST, b"half")
    assert content_of(dataset) is not None
    with downloads_mark(tmp_path, "MNIST").open("ab") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        assert content_of(dataset) is None
    # Whoever was downloading did not come to its end.
    assert content_of(dataset) is not None


def test_a_file_that_vanished_is_no_fault_of_a_plan(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.npz", tmp_path / "absent" / "x.npz"):
        assert content_of(DatasetConfig(source="npz", path=str(path))) is None
