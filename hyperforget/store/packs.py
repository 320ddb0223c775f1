"""Packs: the checkpoints of a corpus as flat files, loaded as fast as they can be read.

A pack is derived from the segments of a corpus and may be deleted at will; loading makes it anew. ::

    packs/<corpus id>/theta.npy     one NumPy file an array: all runs of all segments, in order
    packs/<corpus id>/pack.json     shapes and digests of these

Segments as raw chunks to be mapped would do without, but drawing pairs from 16 of them takes three times as
long as from one flat file (``benchmarks/store``). Loading compares CRC-32C, which costs a tenth of SHA-256
and finds accidents; `hyperforget.store.verification.verify` compares SHA-256.
"""

import contextlib
import hashlib
import io
import itertools
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import google_crc32c
import numpy as np

from hyperforget.errors import UserError
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.fields import Count, Digest, read_fields
from hyperforget.store.files import bytes_at, file_digest, remove, rename_if_absent, size_of, touch
from hyperforget.store.manifest import Dtype, read_manifest
from hyperforget.store.store import Store

ALWAYS = ("theta", "loss", "correct", "saved")
# Segments that were collected before there were these do without.
ARRAYS = (*ALWAYS, "discriminability", "separability")
DESCRIPTION = "pack.json"

_BLOCK_BYTES = 1 << 18  # small enough that the checksum finds in the cache what was just read


@dataclass(frozen=True)
class PackedArray:
    """One file of a pack: NumPy dtype and shape of the values, at which byte they begin, and the digests and the size
    in bytes of the file.
    """

    dtype: Dtype
    shape: tuple[Count, ...]
    offset: Count
    size: Count
    crc32c: Count
    sha256: Digest


@dataclass(frozen=True)
class _Description:
    """What describes a pack: its corpus and its arrays by name."""

    corpus: Digest
    arrays: Mapping[str, PackedArray]


def load_pack(store: Store, corpus_id: str, *, mapped: bool = False) -> dict[str, np.ndarray]:
    """`ARRAYS` of a corpus, made if need be: ``theta`` (R, T, P), those of classes (R, T, C), and ``saved`` (R,).

    With ``mapped``, for a corpus beyond memory, the arrays stay on disk and are read where they are used; what is
    written to them is not kept. Raises as `read` does if a pack cannot be made.
    """
    folder = store.pack_folder(corpus_id)
    touch(folder)
    try:
        return _load_all(folder, mapped)
    except ValueError:
        build_pack(store, corpus_id)
    try:
        return _load_all(folder, mapped)
    except ValueError as problem:
        raise CorruptObjectError(f"pack {folder} {problem} though it was made just now; check the disk") from problem


def build_pack(store: Store, corpus_id: str) -> Path:
    """Make the pack of a corpus, one array of one segment in memory at a time, and return its folder.

    Replaces a pack that is there. Raises as `read` does, and `UserError` for segments of different shapes.
    """
    segments: list[str] = store.read_attributes(corpus_id, kind="corpus")["segments"]
    if not segments:
        raise UserError(f"corpus {corpus_id} has no segments, so it cannot be packed")
    folder, staging = store.pack_folder(corpus_id), store.staging_folder()
    try:
        staging.mkdir(parents=True)
        held = read_manifest(store.object_folder(segments[0]), segments[0]).content.arrays
        names = [*ALWAYS, *(name for name in ARRAYS if name not in ALWAYS and name in held)]
        arrays = {name: _write(staging / f"{name}.npy", store, segments, name) for name in names}
        body = {"corpus": corpus_id, "arrays": {name: asdict(entry) for name, entry in arrays.items()}}
        (staging / DESCRIPTION).write_bytes(encode_document(body))
        _move_into_place(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def check_pack(folder: Path, *, digests: bool) -> None:
    """Raise ValueError with the reason unless a pack is whole and, with ``digests``, what was written."""
    for name, entry in _describe(folder).items():
        path = folder / f"{name}.npy"
        if size_of(path) != entry.size:
            raise ValueError(f"has no {path.name} of {entry.size} bytes")
        if digests and file_digest(path) != entry.sha256:
            raise ValueError(f"has a {path.name} that is not what was written")


def _describe(folder: Path) -> dict[str, PackedArray]:
    try:
        data = bytes_at(folder / DESCRIPTION)
    except ValueError as problem:
        raise ValueError(f"has a {DESCRIPTION} that {problem}") from None
    if data is None:
        raise ValueError(f"has no {DESCRIPTION}")
    found = read_fields(_Description, decode_document(data))
    if found.corpus != folder.name:
        raise ValueError(f"is that of corpus {found.corpus}")
    if not set(ALWAYS) <= set(found.arrays) <= set(ARRAYS):
        raise ValueError(f"has other arrays than {', '.join(ARRAYS)}")
    return dict(found.arrays)


def _load_all(folder: Path, mapped: bool) -> dict[str, np.ndarray]:
    entries = _describe(folder)
    return {name: _load(folder / f"{name}.npy", entry, mapped) for name, entry in entries.items()}


def _load(path: Path, entry: PackedArray, mapped: bool) -> np.ndarray:
    # Before memory is asked for.
    if entry.offset + math.prod(entry.shape) * np.dtype(entry.dtype).itemsize != entry.size:
        raise ValueError(f"says another size of {path.name} than its shape has")
    if size_of(path) != entry.size:
        raise ValueError(f"has no {path.name} of {entry.size} bytes")
    with path.open("rb") as stream:
        checksum = google_crc32c.value(stream.read(entry.offset))
        if mapped and 0 not in entry.shape:
            array: np.ndarray = np.memmap(path, entry.dtype, "c", entry.offset, entry.shape)
        else:
            array = np.empty(entry.shape, entry.dtype)
        for block in _blocks(array):
            if not mapped and stream.readinto(block.data) != block.size:
                raise ValueError(f"has a {path.name} that is too short")
            checksum = google_crc32c.extend(checksum, block)
    if checksum != entry.crc32c:
        raise ValueError(f"has a {path.name} that is not what was written")
    return array


def _blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    values = array.reshape(-1).view(np.uint8)
    for start in range(0, values.size, _BLOCK_BYTES):
        yield values[start : start + _BLOCK_BYTES]


def _write(path: Path, store: Store, segments: list[str], name: str) -> PackedArray:
    """Write one array of all segments; the digests are of what was meant to be written."""
    runs = sum(_read(store, segment, "saved").shape[0] for segment in segments)
    first = _read(store, segments[0], name)
    header = io.BytesIO()
    shape = (runs, *first.shape[1:])
    np.lib.format.write_array_header_1_0(header, {"descr": first.dtype.str, "fortran_order": False, "shape": shape})
    sha256, crc32c = hashlib.sha256(), 0
    with path.open("xb") as stream:
        for block in itertools.chain([header.getvalue()], _values(store, segments, name, first)):
            stream.write(block)
            sha256.update(block)
            crc32c = google_crc32c.extend(crc32c, block)
        size = stream.tell()
    offset = len(header.getvalue())
    return PackedArray(first.dtype.name, shape, offset, size, crc32c, sha256.hexdigest())


def _values(store: Store, segments: list[str], name: str, first: np.ndarray) -> Iterator[bytes]:
    for segment in segments:
        array = _read(store, segment, name)
        if (array.shape[1:], array.dtype) != (first.shape[1:], first.dtype):
            raise UserError(
                f"segment {segment} cannot be joined with others of its corpus: {name} has shape "
                f"{array.shape[1:]} and dtype {array.dtype} instead of {first.shape[1:]} and {first.dtype}"
            )
        yield from (block.tobytes() for block in _blocks(array))


def _read(store: Store, segment: str, name: str) -> np.ndarray:
    return store.read(segment, [name], kind="segment").arrays[name]


def _move_into_place(staging: Path, folder: Path) -> None:
    """Put a new pack where another may lie; who has that one mapped keeps it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = staging.with_name(staging.name + "-replaced")
    while not rename_if_absent(staging, folder):
        with contextlib.suppress(FileNotFoundError):
            os.rename(folder, aside)
            remove(aside)
