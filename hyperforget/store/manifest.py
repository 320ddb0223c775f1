"""The manifest of an object, ``object.json``: the content that the id digests, and the files that hold it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from hyperforget.errors import shown
from hyperforget.store.canonical import array_digest, digest, digest_plain, json_value, storable_dtype
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.fields import Count, Digest, Rule, read_fields
from hyperforget.store.files import bytes_at, file_digest
from hyperforget.store.formats import FORMATS, Dimensions, unknown_kind
from hyperforget.store.paths import expect_inner

if TYPE_CHECKING:
    import numpy as np

SCHEMA_VERSION = 1
MANIFEST_NAME = "object.json"

_BITS = {"int": (8, 16, 32, 64), "uint": (8, 16, 32, 64), "float": (16, 32, 64)}
_DTYPES = {"bool", *(f"{kind}{bits}" for kind, widths in _BITS.items() for bits in widths)}
_ARRAY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

ObjectKind = Annotated[str, Rule(lambda kind: kind in FORMATS, f"one of {', '.join(FORMATS)}")]
Dtype = Annotated[str, Rule(lambda name: name in _DTYPES, "a dtype that can be stored")]


@dataclass(frozen=True)
class ArrayEntry:
    """What the id says of one array: NumPy dtype name, shape, dimension names, digest of the values."""

    dtype: Dtype
    shape: tuple[Count, ...]
    dimensions: tuple[str, ...] | None
    sha256: Digest


@dataclass(frozen=True)
class FileEntry:
    """Size in bytes and SHA-256 of one stored file, as encoded."""

    size: Count
    sha256: Digest


@dataclass(frozen=True)
class Content:
    """All that makes up an object's identity."""

    kind: ObjectKind
    attributes: dict[str, Any]
    arrays: dict[str, ArrayEntry]


@dataclass(frozen=True)
class Manifest:
    """An object's content and its files, by path below the object's folder."""

    content: Content
    files: dict[str, FileEntry]


@dataclass(frozen=True)
class _Parts:
    """What the attributes of a corpus tell."""

    segments: tuple[Digest, ...]


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
    try:
        data = bytes_at(folder / MANIFEST_NAME)
    except ValueError as problem:
        raise ValueError(f"{MANIFEST_NAME} {problem}") from None
    if data is None:
        raise ValueError(f"{MANIFEST_NAME} is missing")
    return decode(data, object_id)


def decode(data: bytes, object_id: str) -> Manifest:
    """The manifest in the bytes of an ``object.json``; ValueError with the reason if it is not intact."""
    try:
        return _parse(decode_document(data), object_id)
    except ValueError as problem:
        raise ValueError(f"{MANIFEST_NAME} {problem}") from None


def _parse(body: dict[str, Any], object_id: str) -> Manifest:
    content = body.get("content")
    if (content_id := digest_plain(content)) != object_id:
        raise ValueError(f"belongs to object {content_id}")
    if not isinstance(content, dict) or type(content.get("schema")) is not int:
        raise ValueError("has no content of a schema")
    if (schema := content["schema"]) != SCHEMA_VERSION:
        raise ValueError(f"cannot be read: its schema is {shown(schema)}, but this code reads schema {SCHEMA_VERSION}")
    described = {name: part for name, part in content.items() if name != "schema"}
    found = read_fields(Manifest, {**body, "content": described})
    kind, form = found.content.kind, FORMATS[found.content.kind]
    expect_inner(found.files, "the object")
    for path in found.files:
        if form is None or path.split("/")[0] != form.name:
            raise ValueError(f"names a file {path!r} outside the object's data")
    for name, entry in found.content.arrays.items():
        if form is None or not _is_array_name(name):
            raise ValueError(f"names an array {name!a}, which no {kind} object can have")
        if entry.dimensions is not None and len(entry.dimensions) != len(entry.shape):
            raise ValueError(f"names {len(entry.dimensions)} dimensions of array {name}, which has {len(entry.shape)}")
    if kind == "corpus":
        read_fields(_Parts, {"segments": found.content.attributes.get("segments", [])})
    return found


def _is_array_name(name: str) -> bool:
    return _ARRAY_NAME.fullmatch(name) is not None and name != "zarr.json"
