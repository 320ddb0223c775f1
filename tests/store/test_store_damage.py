"""Damage anywhere in a store: verification finds it, and no reader passes wrong values off as right ones."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hyperforget import store
from hyperforget.errors import UserError
from hyperforget.store.documents import COPIES
from hyperforget.store.packs import pack_folder

FLIPS = 1000


@pytest.fixture
def small(tmp_path: Path) -> SimpleNamespace:
    """One of each: store.json, objects of all encodings, a pack, blobs, a recipe, a tag and a log entry."""
    root, results = tmp_path / "store", tmp_path / "results"
    arrays = {
        "theta": np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32),
        "loss": np.ones((2, 3, 1), np.float32),
        "correct": np.ones((2, 3, 1), np.int32),
        "saved": np.array([3, 2]),
    }
    segment = store.publish(root, "segment", arrays, {"sizes": [1, 1, 2]})
    corpus = store.publish(root, "corpus", {}, {"segments": [segment]})
    hypernet = store.publish(root, "hypernet", {"weight": np.arange(6.0)}, {})
    for kind, object_id in (("corpus", corpus), ("hypernet", hypernet)):
        store.write_token(results / f"{kind}.json", kind, object_id, {})
    recipe = store.Recipe("train", {}, {"seed": 0}, "c0de", {})
    store.record(root, recipe, {kind: results / f"{kind}.json" for kind in ("corpus", "hypernet")}, {})
    version = store.snapshot(root, results)
    store.tag(root, "paper", version.id)
    store.append_log(root, version.id, "first")
    store.build_pack(root, corpus)
    for path in root.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    return SimpleNamespace(
        root=root, objects=(segment, corpus, hypernet), corpus=corpus, recipe=recipe, version=version
    )


def readings(small: SimpleNamespace) -> Iterator[Any]:
    """What every reader says: a plain value, or the name of the error by which it refuses to say anything."""

    def tried(function: Any, *arguments: Any) -> Any:
        try:
            return function(small.root, *arguments)
        except UserError as error:
            return type(error).__name__

    for object_id in small.objects:
        found = tried(store.read, object_id)
        yield (
            found
            if isinstance(found, str)
            else (
                found.kind,
                found.attributes,
                {name: (array.dtype.name, array.tolist()) for name, array in found.arrays.items()},
            )
        )
    yield tried(store.look_up, small.recipe)
    yield tried(store.read_tag, "paper")
    yield tried(store.list_tags)
    yield tried(store.read_log)
    yield tried(store.read_version, small.version.id)
    for file in small.version.files:
        yield tried(store.get_blob, file.sha256)


def assert_found_and_not_believed(small: SimpleNamespace, whole: list[Any], what: str, read: bool) -> None:
    assert store.verify(small.root, 1), what
    if not read:
        return
    for reading, expected in zip(readings(small), whole, strict=True):
        refused = reading is None or isinstance(reading, str)
        assert refused or reading == expected, what


def test_every_flipped_bit_is_found_and_no_reader_is_deceived(small: SimpleNamespace) -> None:
    whole = list(readings(small))
    assert not any(reading is None or isinstance(reading, str) for reading in whole)
    files = sorted(path for path in small.root.rglob("*") if path.is_file())
    assert len(files) == 28
    generator = np.random.default_rng(0)
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
    assert store.verify(small.root, 2) == []


def test_every_truncated_and_every_deleted_file_is_found(small: SimpleNamespace) -> None:
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
    assert store.verify(small.root, 2) == []


def test_a_damaged_pack_is_made_anew_and_never_believed(small: SimpleNamespace) -> None:
    expected = store.read(small.root, small.objects[0]).arrays
    folder = pack_folder(small.root, small.corpus)
    generator = np.random.default_rng(1)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[generator.integers(len(whole))] ^= 16
        for damaged in (bytes(flipped), whole[:-1], whole + b"\0", b"", None):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            for mapped in (False, True):
                found = store.load_pack(small.root, small.corpus, mapped=mapped)
                for name, array in found.items():
                    np.testing.assert_array_equal(array, expected[name])
            assert store.verify(small.root, 1) == []
