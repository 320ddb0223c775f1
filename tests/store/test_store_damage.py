"""Damage anywhere in a store: verification finds it, and no reader passes wrong values off as right ones."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.store.computations import Computation
from hyperforget.store.documents import COPIES, decode_document, encode_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.files import remove
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.manifest import MANIFEST_NAME
from hyperforget.store.packs import build_pack, load_pack
from hyperforget.store.store import Store
from hyperforget.store.tags import list_tags, read_tag, tag
from hyperforget.store.tokens import write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import Version, append_log, read_log, read_version, snapshot
from tests.torture import row

pytestmark = pytest.mark.pipeline

FLIPS = 1000


@dataclass(frozen=True)
class Small:
    """A store, and what lies in it."""

    store: Store
    objects: tuple[str, ...]
    corpus: str
    computation: Computation
    version: Version

    @property
    def root(self) -> Path:
        return self.store.root


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """One of each: store.json, objects of all encodings, a pack, blobs, a record, a tag and a log entry."""
    where, results = Store(tmp_path / "store"), tmp_path / "results"
    arrays = {
        "theta": np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32),
        "loss": np.ones((2, 3, 1), np.float32),
        "correct": np.ones((2, 3, 1), np.int32),
        "discriminability": np.ones((2, 3, 1), np.float32),
        "separability": np.ones((2, 3, 1), np.float32),
        "saved": np.array([3, 2]),
    }
    segment = where.publish("segment", arrays, {"sizes": [1, 1, 2]})
    corpus = where.publish("corpus", {}, {"segments": [segment]})
    hypernet = where.publish("hypernet", {"weight": np.arange(6.0)}, {})
    for kind, object_id in (("corpus", corpus), ("hypernet", hypernet)):
        write_token(results / f"{kind}.json", kind, object_id, {})
    computation = Computation("train", {}, {"seed": 0}, "c0de", {})
    where.record(computation, {kind: results / f"{kind}.json" for kind in ("corpus", "hypernet")}, {})
    version = snapshot(where, results)
    tag(where, "paper", version.id)
    append_log(where, version.id, "first")
    build_pack(where, corpus)
    for path in where.root.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    return Small(where, (segment, corpus, hypernet), corpus, computation, version)


def readings(small: Small) -> Iterator[Any]:
    """What every reader says: a plain value, or the name of the error by which it refuses to say anything."""

    def tried(function: Any, *arguments: Any) -> Any:
        try:
            return function(small.store, *arguments)
        except UserError as error:
            return type(error).__name__

    for object_id in small.objects:
        found = tried(Store.read, object_id)
        yield (
            found
            if isinstance(found, str)
            else (
                found.kind,
                found.attributes,
                {name: (array.dtype.name, array.tolist()) for name, array in found.arrays.items()},
            )
        )
    yield tried(Store.look_up, small.computation)
    yield tried(read_tag, "paper")
    yield tried(list_tags)
    yield tried(read_log)
    yield tried(read_version, small.version.id)
    for file in small.version.files:
        yield tried(Store.get_blob, file.sha256)


def assert_found_and_not_believed(small: Small, whole: list[Any], what: str, read: bool) -> None:
    assert verify(small.store, 1), what
    if not read:
        return
    for reading, expected in zip(readings(small), whole, strict=True):
        refused = reading is None or isinstance(reading, str)
        assert refused or reading == expected, what


def test_every_flipped_bit_is_found_and_no_reader_is_deceived(small: Small) -> None:
    whole = list(readings(small))
    assert not any(reading is None or isinstance(reading, str) for reading in whole)
    files = sorted(path for path in small.root.rglob("*") if path.is_file())
    assert len(files) == 34
    generator = np.random.default_rng(0)
    with row("flipped bits found") as told:
        for flip in range(FLIPS):
            path = files[flip % len(files)]  # each file alike, however small
            before = path.read_bytes()
            position, bit = generator.integers(len(before)), generator.integers(8)
            damaged = bytearray(before)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            what = f"bit {bit} of byte {position} in {path.relative_to(small.root)}"
            assert_found_and_not_believed(small, whole, what, read=flip % 4 == 0)
            path.write_bytes(before)
            told.tried += 1
    assert verify(small.store, 2) == []


def test_every_truncated_and_every_deleted_file_is_found(small: Small) -> None:
    whole = list(readings(small))
    for path in sorted(path for path in small.root.rglob("*") if path.is_file()):
        name = path.relative_to(small.root)
        before = path.read_bytes()
        for length in {0, len(before) // 2, len(before) - 1} - {len(before)}:
            path.write_bytes(before[:length])
            assert_found_and_not_believed(small, whole, f"{name} of {length} bytes", read=True)
        path.unlink()
        if name.parts[0] != COPIES:  # a copy is there to betray the loss of what it copies, see documents.py
            assert_found_and_not_believed(small, whole, f"no {name}", read=True)
        path.write_bytes(before)
    assert verify(small.store, 2) == []


def put_folder(path: Path) -> None:
    path.mkdir()
    (path / "inner").write_bytes(b"x")


DISGUISES: dict[str, Callable[[Path], None]] = {
    "folder": put_folder,
    "circle": lambda path: path.symlink_to(path.name),
    "loose end": lambda path: path.symlink_to("nowhere"),
    "link to a folder": lambda path: path.symlink_to(path.parent),
    "pipe": lambda path: os.mkfifo(path),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_what_is_no_file_is_found_and_not_read(small: Small, disguise: str) -> None:
    whole = list(readings(small))
    for path in sorted(path for path in small.root.rglob("*") if path.is_file()):
        name = path.relative_to(small.root)
        before = path.read_bytes()
        path.unlink()
        DISGUISES[disguise](path)
        what = f"{name} as {disguise}"
        if name.parts[0] == COPIES and disguise == "loose end":
            assert list(readings(small)) == whole  # as a copy that was deleted
        else:
            assert_found_and_not_believed(small, whole, what, read=True)
        remove(path)
        path.write_bytes(before)
    assert verify(small.store, 2) == []


@pytest.mark.parametrize("disguise", DISGUISES)
def test_doing_the_work_again_repairs_what_is_no_file(small: Small, disguise: str, tmp_path: Path) -> None:
    """A document is repaired by hand: the refusal names its copy."""
    segment, *_ = small.objects
    stored = small.store.read(segment)
    blob = small.store.get_blob(small.version.files[0].sha256)
    arrays, attributes = stored.arrays, stored.attributes
    folder = small.store.object_folder(segment)
    for path in (folder, folder / "object.json", small.store.blob_path(small.version.files[0].sha256)):
        remove(path)
        DISGUISES[disguise](path)
        assert small.store.publish("segment", arrays, attributes) == segment
        assert small.store.put_blob(blob) == small.version.files[0].sha256
        assert verify(small.store, 2) == []
    pack = small.store.pack_folder(small.corpus)
    for path in (pack / "pack.json", pack / "theta.npy", pack):
        remove(path)
        DISGUISES[disguise](path)
        assert set(load_pack(small.store, small.corpus)) >= {"theta"}
    assert verify(small.store, 2) == []
    collect_garbage(small.store, [tmp_path / "results"], dry_run=False, grace_seconds=0)
    assert verify(small.store, 2) == []


def test_a_damaged_pack_is_made_anew_and_never_believed(small: Small) -> None:
    expected = small.store.read(small.objects[0]).arrays
    folder = small.store.pack_folder(small.corpus)
    generator = np.random.default_rng(1)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[generator.integers(len(whole))] ^= 16
        for damaged in (bytes(flipped), whole[:-1], whole + b"\0", b"", None):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            for mapped in (False, True):
                found = load_pack(small.store, small.corpus, mapped=mapped)
                for name, array in found.items():
                    np.testing.assert_array_equal(array, expected[name])
            assert verify(small.store, 1) == []


def test_a_manifest_that_lists_less_than_its_arrays_need_is_damage(small: Small) -> None:
    """With the checksum that belongs to it, as whoever may write to a store or a bucket can."""
    segment = small.objects[0]
    manifest = small.store.object_folder(segment) / MANIFEST_NAME
    whole, body = manifest.read_bytes(), decode_document(manifest.read_bytes())
    for name in sorted(body["files"]):
        path = manifest.parent / name
        content = path.read_bytes()
        path.unlink()
        manifest.write_bytes(encode_document({**body, "files": {k: v for k, v in body["files"].items() if k != name}}))
        needed = name != "data.zarr/zarr.json"  # which only others read
        if needed:
            with pytest.raises(CorruptObjectError, match=segment):
                small.store.read(segment)
        found = [problem for problem in verify(small.store, 2) if segment in str(problem)]
        assert bool(found) == needed, name
        path.write_bytes(content)
        manifest.write_bytes(whole)
    assert verify(small.store, 2) == []
