"""Blobs: the same content once, verified on reading, repaired by putting it again."""

import hashlib
import os
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000])
def test_a_blob_is_named_by_its_content(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    sha256 = Store(tmp_path / "store").put_blob(tmp_path / "file")
    assert sha256 == hashlib.sha256(data).hexdigest() == Store(tmp_path / "store").put_blob(data)
    assert Store(tmp_path / "store").get_blob(sha256) == data
    files = [path for path in (tmp_path / "store" / "blobs").rglob("*") if path.is_file()]
    assert files == [tmp_path / "store" / "blobs" / sha256[:2] / sha256]


def test_putting_again_keeps_the_file_and_marks_it_as_used(tmp_path: Path) -> None:
    path = Store(tmp_path).blob_path(Store(tmp_path).put_blob(b"data"))
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    Store(tmp_path).put_blob(b"data")
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > 1


@pytest.mark.parametrize("damaged", [b"dat", b"datA", b"data!", b""])
def test_damage_is_refused_and_repaired_by_putting_again(tmp_path: Path, damaged: bytes) -> None:
    sha256 = Store(tmp_path).put_blob(b"data")
    Store(tmp_path).blob_path(sha256).write_bytes(damaged)
    with pytest.raises(CorruptObjectError, match=f"file {sha256} in .* is damaged.*run the workflow again"):
        Store(tmp_path).get_blob(sha256)
    Store(tmp_path).put_blob(b"data")
    assert Store(tmp_path).get_blob(sha256) == b"data"


def test_wrong_requests_are_answered_with_one_sentence(tmp_path: Path) -> None:
    Store(tmp_path).put_blob(b"data")
    with pytest.raises(MissingObjectError, match=f"file {'0' * 64} is missing from store {tmp_path}"):
        Store(tmp_path).get_blob("0" * 64)
    with pytest.raises(MissingObjectError):
        Store(tmp_path / "nowhere").get_blob("0" * 64)
    for bad in ("../" * 21 + "x", "ab", "A" * 64):
        with pytest.raises(UserError, match="must be 64 lower-case hexadecimal digits"):
            Store(tmp_path).get_blob(bad)
    (tmp_path / "store.json").write_text('{"format": 2}')
    with pytest.raises(UserError, match="install a newer hyperforget"):
        Store(tmp_path).put_blob(b"more")
