"""The manifest of an object, ``object.json``: the content that the id digests, and the files that hold it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperforget.store.canonical import array_digest, digest, json_value, storable_dtype
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.files import bytes_at, file_digest
from hyperforget.store.formats import FORMATS, Dimensions, unknown_kind
from hyperforget.store.paths import expect_inner

if TYPE_CHECKING:
    import numpy as np

SCHEMA_VERSION = 1
MANIFEST_NAME = "object.json"

_ARRAY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class ArrayEntry:
    """What the id says of one array: NumPy dtype name, shape, dimension names, digest of the values."""

    dtype: str
    shape: tuple[int, ...]
    dimensions: tuple[str, ...] | None
    sha256: str


@dataclass(frozen=True)
class FileEntry:
    """Size in bytes and SHA-256 of one stored file, as encoded."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """All that makes up an object's identity."""

    kind: str
    attributes: dict[str, Any]
    arrays: dict[str, ArrayEntry]


@dataclass(frozen=True)
class Manifest:
    """An object's content and its files, by path below the object's folder."""

    content: Content
    files: dict[str, FileEntry]


def validate(
    kind: str, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, Any], dimensions: Dimensions
) -> None:
    """Raise ValueError or TypeError, naming the argument, for what cannot be published.

    That is an unknown kind, arrays where the kind has none, unfit array names or dtypes, dimensions that do not match
    the arrays, and attributes that are not JSON.
    """
    if kind not in FORMATS:
        raise ValueError(unknown_kind(kind))
    if arrays and FORMATS[kind] is None:
        raise ValueError(f"a {kind} object has no arrays, but got {', '.join(arrays)}")
    if unknown := set(dimensions) - set(arrays):
        raise ValueError(f"dimensions name arrays that are not published: {', '.join(sorted(unknown))}")
    for name, array in arrays.items():
        if not _is_array_name(name):
            raise ValueError(f"array name {name!r} is unfit: use letters, digits and _.- after a letter or digit")
        try:
            storable_dtype(array)
        except TypeError as error:
            raise TypeError(f"array {name}: {error}") from None
        if name in dimensions and len(dimensions[name]) != array.ndim:
            raise ValueError(f"array {name} of shape {array.shape} has {array.ndim} dimensions, not {dimensions[name]}")
    json_value(dict(attributes), "attributes")


def describe(
    kind: str, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, Any], dimensions: Dimensions
) -> Content:
    """The content of an object to be published; raises as `validate` does."""
    validate(kind, arrays, attributes, dimensions)
    entries = {
        name: ArrayEntry(
            arrays[name].dtype.name,
            arrays[name].shape,
            tuple(dimensions[name]) if name in dimensions else None,
            array_digest(arrays[name]),
        )
        for name in sorted(arrays)
    }
    return Content(kind, json_value(dict(attributes), "attributes"), entries)


def content_id(content: Content) -> str:
    """The id of an object: SHA-256 over the canonical JSON of its content and of the schema's version."""
    return digest({"schema": SCHEMA_VERSION, **asdict(content)})


def list_files(folder: Path) -> dict[str, FileEntry]:
    """Every file below ``folder`` with its size in bytes and its SHA-256."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): FileEntry(path.stat().st_size, file_digest(path)) for path in paths}


def encode(manifest: Manifest) -> bytes:
    """The bytes of ``object.json``; its checksum also covers the list of files, which the id does not."""
    whole = asdict(manifest)
    return encode_document({**whole, "content": {"schema": SCHEMA_VERSION, **whole["content"]}})


def read_manifest(folder: Path, object_id: str) -> Manifest:
    """The manifest in an object's folder; ValueError with the reason if it is missing or not intact."""
    data = bytes_at(folder / MANIFEST_NAME)
    if data is None:
        raise ValueError(f"{MANIFEST_NAME} is missing")
    return decode(data, object_id)


def decode(data: bytes, object_id: str) -> Manifest:
    """The manifest in the bytes of an ``object.json``; ValueError with the reason if it is not intact."""
    try:
        body = decode_document(data)
    except ValueError as problem:
        raise ValueError(f"{MANIFEST_NAME} {problem}") from None
    if digest(body["content"]) != object_id:
        raise ValueError(f"{MANIFEST_NAME} belongs to object {digest(body['content'])}")
    content = body["content"]
    if content["schema"] != SCHEMA_VERSION:
        raise ValueError(f"its schema is {content['schema']}, but this code reads schema {SCHEMA_VERSION}")
    arrays = {
        name: ArrayEntry(
            entry["dtype"],
            tuple(entry["shape"]),
            None if entry["dimensions"] is None else tuple(entry["dimensions"]),
            entry["sha256"],
        )
        for name, entry in content["arrays"].items()
    }
    expect_inner(body["files"], "the object")
    for path in body["files"]:
        if path.split("/")[0] != _data_name(content["kind"]):
            raise ValueError(f"names a file {path!r} outside the object's data")
    for name in arrays:
        if not _is_array_name(name):
            raise ValueError(f"names an array {name!r} that no object can have")
    files = {path: FileEntry(entry["size"], entry["sha256"]) for path, entry in body["files"].items()}
    return Manifest(Content(content["kind"], content["attributes"], arrays), files)


def _is_array_name(name: str) -> bool:
    return _ARRAY_NAME.fullmatch(name) is not None and name != "zarr.json"


def _data_name(kind: str) -> str | None:
    form = FORMATS[kind]
    return None if form is None else form.name
