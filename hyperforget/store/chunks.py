"""Whole arrays to and from the chunk files of zarr v3.

For a whole array, zarr-python spends more time around the codecs than in them: of its codec pipelines, the default one
takes 2 to 3 times as long, that of zarrs 1.6 to 3 times (``benchmarks/store``). These functions write and read the
files that it would, for the one chain of codecs that a store uses: ``bytes`` (little-endian), ``blosc``, ``crc32c``,
alone or inside ``sharding_indexed``, after the specification of zarr v3 and of its sharding codec (ZEP 2). Any zarr v3
reader opens what is written here.
"""

import itertools
import math
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import google_crc32c
import numpy as np
from numcodecs import blosc

from hyperforget.store.files import size_of

COMPRESSOR: Literal["lz4"] = "lz4"
LEVEL = 5

# What is beyond these is no array of ours, and is refused before memory is asked for. LZ4 packs 255 bytes into one.
_MOST_BLOCKS = 1 << 20
_MOST_COMPRESSED = 256

_ABSENT = 2**64 - 1  # offset and size, in the index of a shard, of a chunk that lies beyond the array

_SURROUNDINGS: tuple[Any, ...] = (3, "regular", {"name": "default", "configuration": {"separator": "/"}}, [])

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """How an array lies in files: its shape, little-endian dtype, chunk shape, and shard shape if sharded."""

    shape: Shape
    dtype: np.dtype[Any]
    chunks: Shape
    shards: Shape | None

    def files(self) -> Iterator[tuple[str, Shape]]:
        """Name below the array's folder, and first element, of each chunk file that the array touches."""
        sides = self.shards or self.chunks
        for index in _blocks(self.shape, sides):
            name = "/".join(("c", *map(str, index)))
            yield name, tuple(i * side for i, side in zip(index, sides, strict=True))

    def chunk_starts(self, start: Shape) -> list[Shape]:
        """First element of each chunk in the shard that begins at ``start``, also beyond the array."""
        inner = _blocks(self.shards or self.chunks, self.chunks)
        places = (tuple(i * side for i, side in zip(index, self.chunks, strict=True)) for index in inner)
        return [tuple(map(sum, zip(start, place, strict=True))) for place in places]

    def inside(self, start: Shape) -> bool:
        return all(s < side for s, side in zip(start, self.shape, strict=True))

    def part(self, array: np.ndarray, start: Shape) -> np.ndarray:
        """The view of ``array`` that the chunk at ``start`` covers."""
        ends = (min(s + c, side) for s, c, side in zip(start, self.chunks, self.shape, strict=True))
        region: tuple[Any, ...] = (*map(slice, start, ends), ...)
        view: np.ndarray = array[region]
        return view

    @property
    def chunk_bytes(self) -> int:
        return math.prod(self.chunks) * self.dtype.itemsize


def grid_of(metadata: Mapping[str, Any]) -> Grid | None:
    """The grid of an array from its ``zarr.json``, or None if other codecs or features of zarr are used."""
    try:
        sides = tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"])
        codecs, shards = metadata["codecs"], None
        if codecs[0]["name"] == "sharding_indexed":
            (sharding,) = codecs
            inner = sharding["configuration"]
            if inner["index_location"] != "end" or _names(inner["index_codecs"]) != ["bytes", "crc32c"]:
                return None
            codecs, shards, sides = inner["codecs"], sides, tuple(inner["chunk_shape"])
        ours = _names(codecs) == ["bytes", "blosc", "crc32c"] and _surroundings(metadata) == _SURROUNDINGS
        dtype, shape = np.dtype(metadata["data_type"]).newbyteorder("<"), tuple(metadata["shape"])
        # Whatever else lies there, zarr says what is wrong with it.
        ours &= dtype.kind in "biuf" and _are_counts(shape, 0) and _are_counts((*sides, *(shards or ())), 1)
        return Grid(shape, dtype, sides, shards) if ours else None
    except (KeyError, TypeError, ValueError):
        return None


def _are_counts(numbers: Iterable[Any], least: int) -> bool:
    return all(type(number) is int and number >= least for number in numbers)


def write_chunks(folder: Path, array: np.ndarray, grid: Grid) -> None:
    """Write all chunk files of a little-endian ``array`` below ``folder``, zarr's folder of the array."""
    _keep_memory(grid.chunk_bytes)
    for name, start in grid.files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            if grid.shards is None:
                stream.writelines(_encode(array, grid, start))
                continue
            index: list[int] = []
            for chunk in grid.chunk_starts(start):
                if not grid.inside(chunk):
                    index += [_ABSENT, _ABSENT]
                    continue
                offset = stream.tell()
                stream.writelines(_encode(array, grid, chunk))
                index += [offset, stream.tell() - offset]
            stream.writelines(_with_checksum(struct.pack(f"<{len(index)}Q", *index)))


def read_chunks(folder: Path, grid: Grid) -> np.ndarray:
    """The array whose chunk files lie below ``folder``.

    Raises ValueError for a chunk that is missing or not what was written, and for an array that is said to be larger
    than its files can hold, before memory is asked for.
    """
    _expect_room(folder, grid)
    _keep_memory(grid.chunk_bytes)
    array = np.empty(grid.shape, grid.dtype)
    for name, start in grid.files():
        with (folder / name).open("rb", buffering=0) as stream:
            for chunk, offset, size in _extents(stream.fileno(), name, grid, start):
                data = _checked(os.pread(stream.fileno(), size, offset), f"chunk at {chunk}")
                _decode(data, grid.part(array, chunk), grid)
    return array


def _expect_room(folder: Path, grid: Grid) -> None:
    size, nbytes = 0, math.prod(grid.shape) * grid.dtype.itemsize
    for name, _ in grid.files():
        found = size_of(folder / name)
        if found is None:
            raise ValueError(f"{folder.name}/{name} is missing")
        size += found
    if max(nbytes, grid.chunk_bytes if nbytes else 0) > _MOST_COMPRESSED * size:
        raise ValueError(f"what lies in {folder.name} is too short for the {nbytes} bytes that it is said to be")


def _keep_memory(size: int) -> None:
    """Make the allocator reuse buffers of up to ``size`` bytes.

    That of glibc gives each back to the system, and gets the next one page by page, until a larger one was freed. With
    chunks of a megabyte that takes longer than compressing them.
    """
    bytes(2 * size)


def _extents(descriptor: int, name: str, grid: Grid, start: Shape) -> list[tuple[Shape, int, int]]:
    """First element, offset and size of each chunk in a file."""
    size = os.fstat(descriptor).st_size
    if grid.shards is None:
        return [(start, 0, size)]
    starts = grid.chunk_starts(start)
    length = 16 * len(starts) + 4
    if size < length:
        raise ValueError(f"{name} is too short for its index")
    index = _checked(os.pread(descriptor, length, size - length), name).view("<u8").tolist()
    extents = [extent for extent in zip(starts, index[::2], index[1::2], strict=True) if grid.inside(extent[0])]
    for chunk, offset, length in extents:
        if _ABSENT in (offset, length):
            raise ValueError(f"chunk at {chunk} is missing")
        if offset + length > size:
            raise ValueError(f"chunk at {chunk} is said to end beyond its file {name}")
    return extents


def _names(codecs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of codecs; big-endian bytes go by another."""
    endians = [codec.get("configuration", {}).get("endian", "little") for codec in codecs]
    return [
        codec["name"] if endian == "little" else f"{endian} {codec['name']}"
        for codec, endian in zip(codecs, endians, strict=True)
    ]


def _surroundings(metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        metadata["zarr_format"],
        metadata["chunk_grid"]["name"],
        metadata["chunk_key_encoding"],
        metadata.get("storage_transformers", []),
    )


def _encode(array: np.ndarray, grid: Grid, start: Shape) -> tuple[bytes, bytes]:
    """The chunk at ``start`` and its checksum."""
    part = grid.part(array, start)
    if part.shape != grid.chunks:
        whole = np.zeros(grid.chunks, grid.dtype)
        whole[tuple(map(slice, part.shape))] = part
        part = whole
    # Blosc shuffles the bytes of items, and takes their size from the buffer.
    items = np.ascontiguousarray(part).reshape(-1).view(f"u{grid.dtype.itemsize}")
    return _with_checksum(blosc.compress(items, COMPRESSOR.encode(), LEVEL, blosc.SHUFFLE))


def _decode(data: np.ndarray, target: np.ndarray, grid: Grid) -> None:
    """Decompress a chunk into ``target``, the part of the array that it covers."""
    # The header of a blosc buffer names at byte 4 how many bytes it decompresses to.
    if len(data) < 16 or struct.unpack_from("<I", data.data, 4)[0] != grid.chunk_bytes:
        raise ValueError("a chunk has another size than the array says")
    if target.nbytes == grid.chunk_bytes and target.flags.c_contiguous:
        blosc.decompress(data, target.reshape(-1).view(np.uint8))
        return
    whole = np.empty(grid.chunks, grid.dtype)
    blosc.decompress(data, whole.reshape(-1).view(np.uint8))
    target[...] = whole[tuple(map(slice, target.shape))]


def _with_checksum(data: bytes) -> tuple[bytes, bytes]:
    return data, struct.pack("<I", google_crc32c.value(data))


def _checked(data: bytes, place: str) -> np.ndarray:
    content = np.frombuffer(data, np.uint8)[:-4]
    if len(data) < 4 or struct.pack("<I", google_crc32c.value(content)) != data[-4:]:
        raise ValueError(f"{place} is not what was written")
    return content


def _blocks(shape: Iterable[int], sides: Iterable[int]) -> Iterator[Shape]:
    counts = [-(-length // side) for length, side in zip(shape, sides, strict=True)]
    if 0 in counts:
        return iter(())
    if math.prod(counts) > _MOST_BLOCKS:
        raise ValueError(f"an array in {math.prod(counts)} pieces is beyond what is read, {_MOST_BLOCKS}")
    return itertools.product(*map(range, counts))
