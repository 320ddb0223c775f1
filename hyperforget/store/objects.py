"""Publish and read immutable, content-addressed objects."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.canonical import array_checksum, json_value, storable_dtype
from hyperforget.store.checks import EXISTENCE, VALUES, check_object, decode_arrays
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import remove, rename_if_absent, seal, seal_file, sync, sync_folders, touch
from hyperforget.store.formats import FORMATS, Dimensions
from hyperforget.store.manifest import (
    MANIFEST_NAME,
    Content,
    Manifest,
    content_id,
    describe,
    encode,
    list_files,
    read_manifest,
    validate,
)
from hyperforget.store.places import Places
from hyperforget.store.remedies import make_anew

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class StoredObject:
    """An object that was read: its id, kind, attributes, and those of its arrays that were asked for."""

    id: str
    kind: str
    attributes: dict[str, Any]
    arrays: dict[str, np.ndarray]


def publish(
    store: Places,
    kind: str,
    arrays: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    *,
    dimensions: Dimensions | None = None,
) -> str:
    """Store an object for good and return its id, 64 hexadecimal digits; the same content gives the same id.

    ``kind`` is one of dataset, segment, corpus (without arrays), networks and hypernet. Arrays may have any memory
    layout and byte order, and dtypes bool, int8 to int64, uint8 to uint64, float16 to float64. ``attributes`` is JSON;
    ``attributes["arrays"][name]`` is the place for an array's unit and description. ``dimensions`` names the axes of
    arrays. The store is made if need be, and a damaged copy replaced.

    Raises TypeError or ValueError for what cannot be stored, and `UserError` for a store of a newer format.
    """
    named = dimensions or {}
    validate(kind, arrays, attributes, named)
    store.create()
    staging = store.staging_folder()
    try:
        # Most of what is published is new, so it is encoded while its id is being found.
        with ThreadPoolExecutor(1) as pool:
            described = pool.submit(describe, kind, arrays, attributes, named)
            checksums = _write_arrays(staging, kind, arrays, attributes, named)
            content = described.result()
        object_id = content_id(content)
        folder = store.object_folder(object_id)
        if not (_is_intact(folder, object_id) and touch(folder)):
            _complete(staging, content, checksums)
            _move_into_place(staging, folder, object_id)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    # Also where another process has put it there, and may not have come to this yet.
    sync_folders(folder, store.root)
    return object_id


def read(
    store: Places, object_id: str, arrays: Collection[str] | None = None, *, kind: str | None = None
) -> StoredObject:
    """Read an object: all its arrays, or those named in ``arrays``; ``kind`` is the kind expected, if any.

    Every array is compared with its digest after decoding. Raises `MissingObjectError` if the store or the object is
    not there, `CorruptObjectError` if it is damaged, and `UserError` for an id that is none, an object of another kind,
    an array that the object does not have, or a store of a newer format.
    """
    folder = store.object_folder(object_id)
    manifest = _open(store, folder, object_id, kind)
    content = manifest.content
    names = list(content.arrays) if arrays is None else list(arrays)
    for name in names:
        if name not in content.arrays:
            has = ", ".join(content.arrays) or "none"
            raise UserError(
                f"{content.kind} {object_id} has no array {name!r}; it has {has}{nearest_choice(name, content.arrays)}"
            )
    try:
        loaded = dict(decode_arrays(folder, content, names))
    except ValueError as problem:
        raise _corrupt(store, object_id, content.kind, problem) from problem
    return StoredObject(object_id, content.kind, content.attributes, loaded)


def read_attributes(store: Places, object_id: str, *, kind: str | None = None) -> dict[str, Any]:
    """The attributes of an object, without decoding any array. Raises as `read` does."""
    return read(store, object_id, (), kind=kind).attributes


def _open(store: Places, folder: Path, object_id: str, kind: str | None) -> Manifest:
    if store.root.is_dir():
        store.check()
    if not folder.is_dir():
        place = f"store {store}" if store.root.is_dir() else f"store {store}, which does not exist itself"
        raise MissingObjectError(
            f"{kind or 'object'} {object_id} is missing from {place} (looked for {folder}); "
            f"name the right store, or {make_anew(store, object_id)}"
        )
    try:
        manifest = check_object(folder, object_id, EXISTENCE)
    except ValueError as problem:
        raise _corrupt(store, object_id, kind, problem) from problem
    if kind is not None and manifest.content.kind != kind:
        raise UserError(f"{manifest.content.kind} {object_id} in store {store} was given for a {kind} object")
    return manifest


def _corrupt(store: Places, object_id: str, kind: str | None, problem: ValueError) -> CorruptObjectError:
    return CorruptObjectError(
        f"{kind or 'object'} {object_id} in {store.object_folder(object_id)} is damaged: {problem}; "
        f"{make_anew(store, object_id)}, which replaces the damaged copy"
    )


def _is_intact(folder: Path, object_id: str) -> bool:
    try:
        check_object(folder, object_id, VALUES)
    except ValueError:
        return False
    return True


def _write_arrays(
    staging: Path,
    kind: str,
    arrays: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    dimensions: Dimensions,
) -> dict[str, int]:
    """Encode and write all arrays, and return a checksum of the values of each."""
    import numpy as np

    staging.mkdir(parents=True)
    form = FORMATS[kind]
    if form is None:
        return {}
    checksums = {name: array_checksum(arrays[name]) for name in sorted(arrays)}
    normalised = {name: np.asarray(arrays[name], dtype=storable_dtype(arrays[name]), order="C") for name in checksums}
    form.write(staging / form.name, normalised, json_value(dict(attributes)), dimensions)
    return checksums


def _complete(staging: Path, content: Content, checksums: Mapping[str, int]) -> None:
    """Add the manifest, sync all and read it back: what cannot be read must never become visible.

    Values are compared by CRC-32C, at a tenth of the cost of SHA-256: an accident passes with a chance of one in four
    thousand million, and then every reader refuses the object, since readers compare SHA-256.
    """
    form = FORMATS[content.kind]
    # One waits for the disk, two for the processor.
    with ThreadPoolExecutor(2) as pool:
        synced, files = pool.submit(seal, staging), pool.submit(list_files, staging)
        if form is not None:
            for name, array in form.read(staging / form.name, content.arrays):
                if array_checksum(array) != checksums[name]:
                    raise ValueError(f"array {name} has other values after writing than before")
    synced.result()
    manifest = Manifest(content, files.result())
    (staging / MANIFEST_NAME).write_bytes(encode(manifest))
    seal_file(staging / MANIFEST_NAME)
    sync(staging)
    if read_manifest(staging, content_id(content)) != manifest:
        raise ValueError(f"{MANIFEST_NAME} is other than was written")


def _move_into_place(staging: Path, folder: Path, object_id: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    while not rename_if_absent(staging, folder):
        if _is_intact(folder, object_id) and touch(folder):
            return
        aside = staging.with_name(staging.name + "-replaced")
        try:
            os.rename(folder, aside)
        except FileNotFoundError:
            continue
        with contextlib.suppress(OSError):  # the collection of garbage removes the rest
            remove(aside)
