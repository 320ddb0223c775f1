"""Durable files: whole or absent, created once."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hyperforget.store.files import create_file, entries_below, replace_file, seal


def test_replace_file_overwrites_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_replacement_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="full"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("hard_links", [True, False])
def test_of_many_creators_one_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool) -> None:
    if not hard_links:

        def unsupported(*_: object) -> None:
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", unsupported)
    path = tmp_path / "file"
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda index: create_file(path, b"%d" % index), range(8)))
    assert created.count(True) == 1
    assert path.read_bytes() == b"%d" % created.index(True)
    assert list(tmp_path.iterdir()) == [path]


def test_sealed_files_are_read_only(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").write_bytes(b"x")
    seal(tmp_path)
    assert (inner / "file").stat().st_mode & 0o222 == 0
    assert (inner / "file").read_bytes() == b"x"


def test_what_lies_below_a_folder_is_listed_although_folders_vanish(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    (tmp_path / "c").symlink_to("a")
    assert sorted(Path(each).relative_to(tmp_path).as_posix() for each in entries_below(str(tmp_path))) == [
        "a", "a/b", "a/b/file", "c",
    ]  # fmt: skip
    listing = entries_below(str(tmp_path / "a"))
    assert next(listing).name == "b"
    (tmp_path / "a/b").rename(tmp_path / "moved")
    assert list(listing) == []
    assert list(entries_below(str(tmp_path / "nowhere"))) == []
