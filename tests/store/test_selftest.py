"""The self-test: passes where a store works, and fails where the file system does not behave."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from hyperforget.errors import UserError
from hyperforget.store.selftest import selftest

NAMES = [
    "sync", "rename of a file", "rename of a folder", "hard link", "exclusive creation", "competition",
    "visibility", "times", "memory map",
]  # fmt: skip


def test_a_local_folder_passes_and_is_left_as_it_was(tmp_path: Path) -> None:
    checks = selftest(tmp_path)
    assert [check.name for check in checks] == NAMES
    assert all(check.passed for check in checks), checks
    assert all(check.detail for check in checks)
    assert list(tmp_path.iterdir()) == []


def failed(path: Path) -> dict[str, str]:
    return {check.name: check.detail for check in selftest(path) if not check.passed}


def test_a_mount_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    found = failed(tmp_path)
    assert list(found) == ["hard link"]  # the competition is held with exclusive creation then
    assert "Operation not permitted" in found["hard link"]


def test_a_mount_whose_rename_replaces_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    rename = os.rename

    def replace(source: Path, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        rename(source, target)

    monkeypatch.setattr(os, "rename", replace)
    assert "two writers could mix their objects" in failed(tmp_path)["rename of a folder"]


def test_a_mount_that_cannot_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    assert "sync" in failed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    monkeypatch.setattr(os, "link", shutil.copyfile)
    found = failed(tmp_path)
    assert found["hard link"] == "the number of links is not kept"
    assert "writers created one file" in found["competition"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing can be written in .*nowhere: No such file"):
        selftest(tmp_path / "nowhere")
