"""Damage to stored objects: every kind is found, named, and repaired by publishing again."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hyperforget.store.canonical import digest, readable_json
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store

RNG = np.random.default_rng(0)
ARRAYS: dict[str, np.ndarray] = {
    "theta": RNG.normal(size=(6, 5, 7)).astype(np.float32),
    "wide": RNG.normal(size=(80, 6000)).astype(np.float32),
    "zeros": np.zeros((4, 3), np.int16),
    "seed": np.array(7, np.uint64),
}
ATTRIBUTES = {"task": "digits-4", "arrays": {"theta": {"unit": "1", "description": "parameters"}}}
KINDS = ["segment", "hypernet", "corpus"]


@pytest.fixture(params=KINDS)
def damageable(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, str]:
    """A store with one object whose files can be written; its id and its kind."""
    kind = request.param
    object_id = Store(tmp_path).publish(kind, {} if kind == "corpus" else ARRAYS, ATTRIBUTES)
    for path in files_of(tmp_path, object_id):
        path.chmod(0o644)
    return tmp_path, object_id, kind


def files_of(store: Path, object_id: str) -> list[Path]:
    return sorted(path for path in Store(store).object_folder(object_id).rglob("*") if path.is_file())


def assert_found(store: Path, object_id: str, what: str = "") -> None:
    with pytest.raises(CorruptObjectError) as caught:
        Store(store).read(object_id)
    message = str(caught.value)
    assert object_id in message
    assert str(Store(store).object_folder(object_id)) in message
    assert "run the workflow again" in message
    assert what in message


def flip(path: Path, position: int, bit: int) -> bytes:
    before = path.read_bytes()
    after = bytearray(before)
    after[position] ^= 1 << bit
    path.write_bytes(after)
    return before


def edit(path: Path, change: Callable[[dict[str, Any]], None], *, checksum: bool = False) -> None:
    manifest = json.loads(path.read_bytes())
    change(manifest)
    if checksum:
        del manifest["checksum"]
        manifest["checksum"] = digest(manifest)
    path.write_bytes(readable_json(manifest))


def test_bit_flips_anywhere(damageable: tuple[Path, str, str]) -> None:
    store, object_id, _ = damageable
    rng = np.random.default_rng(1)
    for path in files_of(store, object_id):
        for position in rng.integers(path.stat().st_size, size=12):
            before = flip(path, int(position), int(rng.integers(8)))
            assert_found(store, object_id)
            path.write_bytes(before)
    Store(store).read(object_id)


def test_truncated_grown_and_deleted_files(damageable: tuple[Path, str, str]) -> None:
    store, object_id, _ = damageable
    for path in files_of(store, object_id):
        name = path.relative_to(Store(store).object_folder(object_id)).as_posix()
        before = path.read_bytes()
        for damaged in (before[: len(before) // 2], before[:-1], b"", before + b"\0"):
            path.write_bytes(damaged)
            assert_found(store, object_id, name)
        path.unlink()
        assert_found(store, object_id, f"{name} is missing")
        path.write_bytes(before)
    Store(store).read(object_id)


def test_a_chunk_that_reads_as_zeros_is_found_even_if_the_manifest_forgets_it(tmp_path: Path) -> None:
    object_id = Store(tmp_path).publish("segment", ARRAYS, ATTRIBUTES)
    folder = Store(tmp_path).object_folder(object_id)
    (folder / "data.zarr/theta/c/0/0/0").unlink()
    (folder / "object.json").chmod(0o644)
    edit(
        folder / "object.json",
        lambda manifest: manifest["files"].pop("data.zarr/theta/c/0/0/0"),
        checksum=True,
    )
    assert_found(tmp_path, object_id, "theta/c/0/0/0 is missing")


def test_data_replaced_together_with_its_entry_in_the_manifest(tmp_path: Path) -> None:
    object_id = Store(tmp_path).publish("hypernet", {"weight": np.ones(4, np.float32)}, {})
    other = Store(tmp_path).publish("hypernet", {"weight": np.zeros(4, np.float32)}, {})
    folder = Store(tmp_path).object_folder(object_id)
    data = folder / "data.safetensors"
    data.unlink()
    shutil.copyfile(Store(tmp_path).object_folder(other) / data.name, data)
    entry = {"size": data.stat().st_size, "sha256": hashlib.sha256(data.read_bytes()).hexdigest()}
    (folder / "object.json").chmod(0o644)
    edit(folder / "object.json", lambda manifest: manifest["files"].update({data.name: entry}), checksum=True)
    assert_found(tmp_path, object_id, "array weight has other values")


@pytest.mark.parametrize("checksum", [False, True])
def test_edited_attributes(damageable: tuple[Path, str, str], checksum: bool) -> None:
    store, object_id, kind = damageable
    path = Store(store).object_folder(object_id) / "object.json"
    edit(path, lambda manifest: manifest["content"]["attributes"].update(task="mnist"), checksum=checksum)
    with pytest.raises(CorruptObjectError, match=f"{kind} {object_id} .* damaged: object.json"):
        Store(store).read_attributes(object_id, kind=kind)


def test_an_object_in_the_folder_of_another(tmp_path: Path) -> None:
    first = Store(tmp_path).publish("corpus", {}, {"index": 1})
    second = Store(tmp_path).publish("corpus", {}, {"index": 2})
    shutil.rmtree(Store(tmp_path).object_folder(first))
    Store(tmp_path).object_folder(second).rename(Store(tmp_path).object_folder(first))
    assert_found(tmp_path, first, f"belongs to object {second}")


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"checksum": 1}', '{"checksum": NaN}', "[" * 100_000])
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    object_id = Store(tmp_path).publish("corpus", {}, {})
    path = Store(tmp_path).object_folder(object_id) / "object.json"
    path.chmod(0o644)
    path.write_text(text)
    assert_found(tmp_path, object_id, "object.json is not what was written")


def test_publishing_again_repairs(damageable: tuple[Path, str, str]) -> None:
    store, object_id, kind = damageable
    arrays = {} if kind == "corpus" else ARRAYS
    for path in files_of(store, object_id)[-2:]:  # a file of the data, and the manifest
        flip(path, path.stat().st_size // 2, 3)
        assert_found(store, object_id)
        assert Store(store).publish(kind, arrays, ATTRIBUTES) == object_id
        found = Store(store).read(object_id)
        for name, array in arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array)
        for again in files_of(store, object_id):
            again.chmod(0o644)
    assert list((store / "tmp").iterdir()) == []


def test_damage_to_one_array_leaves_the_others_readable(tmp_path: Path) -> None:
    object_id = Store(tmp_path).publish("segment", ARRAYS, ATTRIBUTES)
    path = Store(tmp_path).object_folder(object_id) / "data.zarr/theta/c/0/0/0"
    path.chmod(0o644)
    flip(path, 40, 0)
    np.testing.assert_array_equal(Store(tmp_path).read(object_id, ["wide"]).arrays["wide"], ARRAYS["wide"])
    with pytest.raises(CorruptObjectError, match=object_id):
        Store(tmp_path).read(object_id, ["theta"])


def test_a_deleted_object_is_missing_not_corrupt(damageable: tuple[Path, str, str]) -> None:
    store, object_id, kind = damageable
    shutil.rmtree(Store(store).object_folder(object_id))
    with pytest.raises(MissingObjectError, match=f"{kind} {object_id} is missing"):
        Store(store).read(object_id, kind=kind)
