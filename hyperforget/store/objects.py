"""Publish and read immutable, content-addressed objects."""

import errno
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hyperforget.command import UserError, nearest_choice
from hyperforget.store.canonical import array_digest, storable_dtype
from hyperforget.store.files import file_digest, seal, sync
from hyperforget.store.formats import FORMATS, Dimensions
from hyperforget.store.layout import check_store, create_store, object_folder, staging_folder
from hyperforget.store.manifest import (
    MANIFEST_NAME,
    Content,
    Manifest,
    content_id,
    decode,
    describe,
    encode,
    list_files,
)


@dataclass(frozen=True)
class StoredObject:
    """An object that was read: its id, kind, attributes, and those of its arrays that were asked for."""

    id: str
    kind: str
    attributes: dict[str, Any]
    arrays: dict[str, np.ndarray]


class MissingObjectError(UserError):
    """The store does not hold an object that something refers to."""


class CorruptObjectError(UserError):
    """A stored object is not what was published: files are missing, truncated or altered."""


def publish(
    store: Path,
    kind: str,
    arrays: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    *,
    dimensions: Dimensions | None = None,
) -> str:
    """Store an object for good and return its id, 64 hexadecimal digits; the same content gives the same id.

    ``kind`` is one of dataset, segment, corpus (without arrays), networks and hypernet. Arrays may have any
    memory layout and byte order, and dtypes bool, int8 to int64, uint8 to uint64, float16 to float64.
    ``attributes`` is JSON; ``attributes["arrays"][name]`` is the place for an array's unit and description.
    ``dimensions`` names the axes of arrays. The store is made if need be, and a damaged copy replaced.

    Raises TypeError or ValueError for what cannot be stored, and `UserError` for a store of a newer format.
    """
    content = describe(kind, arrays, attributes, dimensions or {})
    object_id = content_id(content)
    create_store(store)
    folder = object_folder(store, object_id)
    if not _is_intact(folder, object_id):
        staging = staging_folder(store)
        try:
            _write(staging, content, arrays)
            # An object that cannot be read back must never become visible.
            _verify(staging, object_id)
            _move_into_place(staging, folder, object_id)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    # Also where another process has put it there, and may not have come to this yet.
    for directory in (folder.parent, folder.parent.parent, store):
        sync(directory)
    return object_id


def read(
    store: Path, object_id: str, arrays: Collection[str] | None = None, *, kind: str | None = None
) -> StoredObject:
    """Read an object: all its arrays, or those named in ``arrays``; ``kind`` is the kind expected, if any.

    Every array is compared with its digest after decoding. Raises `MissingObjectError` if the store or the
    object is not there, `CorruptObjectError` if it is damaged, and `UserError` for an id that is none, an
    object of another kind, an array that the object does not have, or a store of a newer format.
    """
    folder = object_folder(store, object_id)
    manifest = _open(store, folder, object_id, kind)
    content = manifest.content
    names = list(content.arrays) if arrays is None else list(arrays)
    for name in names:
        if name not in content.arrays:
            has = ", ".join(content.arrays) or "none"
            raise UserError(
                f"{content.kind} {object_id} has no array {name!r}; it has {has}"
                f"{nearest_choice(name, content.arrays)}"
            )
    try:
        loaded = dict(_decode_arrays(folder, content, names))
    except ValueError as problem:
        raise _corrupt(folder, object_id, content.kind, problem) from problem
    return StoredObject(object_id, content.kind, content.attributes, loaded)


def read_attributes(store: Path, object_id: str, *, kind: str | None = None) -> dict[str, Any]:
    """The attributes of an object, without decoding any array. Raises as `read` does."""
    return read(store, object_id, (), kind=kind).attributes


def _open(store: Path, folder: Path, object_id: str, kind: str | None) -> Manifest:
    if store.is_dir():
        check_store(store)
    if not folder.is_dir():
        place = f"store {store}" if store.is_dir() else f"store {store}, which does not exist itself"
        raise MissingObjectError(
            f"{kind or 'object'} {object_id} is missing from {place} (looked for {folder}); "
            "name the right store or rerun the stage that makes the object"
        )
    try:
        manifest = _check_files(folder, object_id)
    except ValueError as problem:
        raise _corrupt(folder, object_id, kind, problem) from problem
    if kind is not None and manifest.content.kind != kind:
        raise UserError(f"{manifest.content.kind} {object_id} in store {store} was given for a {kind} object")
    return manifest


def _corrupt(folder: Path, object_id: str, kind: str | None, problem: ValueError) -> CorruptObjectError:
    return CorruptObjectError(
        f"{kind or 'object'} {object_id} in {folder} is damaged: {problem}; "
        "rerun the stage that makes it, which replaces the damaged copy"
    )


def _check_files(folder: Path, object_id: str) -> Manifest:
    """The manifest, after a look at all files: present, of the right size, and right if they describe others.

    Like `_decode_arrays` and `_verify`, it raises ValueError with the reason if something is wrong.
    """
    try:
        data = (folder / MANIFEST_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"{MANIFEST_NAME} is missing") from None
    manifest = decode(data, object_id)
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ValueError(f"{name} is missing")
        if path.stat().st_size != entry.size:
            raise ValueError(f"{name} has {path.stat().st_size} bytes instead of {entry.size}")
        if path.name == "zarr.json" and file_digest(path) != entry.sha256:
            raise ValueError(f"{name} is not what was written")
    return manifest


def _decode_arrays(
    folder: Path, content: Content, names: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    form = FORMATS.get(content.kind)
    if form is None or not names:
        return
    try:
        for name, array in form.read(folder / form.name, names):
            if array_digest(array) != content.arrays[name].sha256:
                raise ValueError(f"array {name} has other values than were published")
            yield name, array
    except (MemoryError, OSError):
        raise  # says nothing about the object
    except Exception as error:  # codecs and parsers raise all sorts of errors for altered bytes
        raise ValueError(f"{form.name} is not what was written ({type(error).__name__}: {error})") from error


def _verify(folder: Path, object_id: str) -> None:
    content = _check_files(folder, object_id).content
    for _ in _decode_arrays(folder, content, content.arrays):
        pass


def _is_intact(folder: Path, object_id: str) -> bool:
    try:
        _verify(folder, object_id)
    except ValueError:
        return False
    return True


def _write(staging: Path, content: Content, arrays: Mapping[str, np.ndarray]) -> None:
    staging.mkdir(parents=True)
    form = FORMATS[content.kind]
    if form is not None:
        normalised = {
            name: np.asarray(arrays[name], dtype=storable_dtype(arrays[name]), order="C")
            for name in content.arrays
        }
        named = {name: entry.dimensions for name, entry in content.arrays.items() if entry.dimensions}
        form.write(staging / form.name, normalised, content.attributes, named)
    manifest = Manifest(content, list_files(staging))
    (staging / MANIFEST_NAME).write_bytes(encode(manifest))
    seal(staging)


def _move_into_place(staging: Path, folder: Path, object_id: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        try:
            os.rename(staging, folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            return
        if _is_intact(folder, object_id):
            return
        aside = staging.with_name(staging.name + "-replaced")
        try:
            os.rename(folder, aside)
        except FileNotFoundError:
            continue
        shutil.rmtree(aside, ignore_errors=True)
