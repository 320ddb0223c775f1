"""How the arrays of an object lie on disk: a plain zarr v3 group or a safetensors file, by its kind."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperforget.errors import nearest_choice, shown

if TYPE_CHECKING:
    import numpy as np

Dimensions = Mapping[str, tuple[str, ...]]

_CHUNK_BYTES = 1 << 20
_SLICE_BYTES = 64 << 20
_SHARD_BYTES = 256 << 20
_MOST_COMPRESSED = 1 << 16  # bytes out of one, by any codec of zarr; a chunk of zeros by zstd comes close


@dataclass(frozen=True)
class Format:
    """One way to store named arrays under one file or folder name inside an object's folder."""

    name: str
    write: Callable[[Path, Mapping[str, np.ndarray], Mapping[str, Any], Dimensions], None]
    read: Callable[[Path, Collection[str]], Iterator[tuple[str, np.ndarray]]]


def write_zarr(
    path: Path, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, Any], dimensions: Dimensions
) -> None:
    """Write little-endian arrays as a zarr v3 group, with codecs of the zarr core specification only.

    The group carries ``attributes``. Each array carries its dimension names and, if there is a mapping
    ``attributes["arrays"][name]``, that as its own attributes: the place for units and descriptions.
    """
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    from hyperforget.store import chunks

    group = zarr.open_group(path, mode="w-", zarr_format=3, attributes=dict(attributes))
    notes = attributes.get("arrays")
    for name, array in arrays.items():
        chunk_shape, shard_shape = chunk_shapes(array.shape, array.dtype.itemsize)
        note = notes.get(name) if isinstance(notes, dict) else None
        group.create_array(
            name,
            shape=array.shape,
            dtype=array.dtype,
            chunks=chunk_shape,
            shards=shard_shape,
            compressors=[
                BloscCodec(cname=chunks.COMPRESSOR, clevel=chunks.LEVEL, shuffle="shuffle"),
                Crc32cCodec(),
            ],
            dimension_names=dimensions.get(name),
            attributes=note if isinstance(note, dict) else None,
        )
        # Every chunk is written, also one of zeros: its absence could not be told from a loss.
        grid = chunks.Grid(array.shape, array.dtype, chunk_shape, shard_shape)
        chunks.write_chunks(path / name, array, grid)


def read_zarr(path: Path, names: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield arrays of a zarr group, by name, whatever their codecs.

    With other codecs than `write_zarr` uses, a missing chunk reads as zeros: the caller compares digests.
    """
    from hyperforget.store import chunks

    for name in names:
        grid = chunks.grid_of(json.loads((path / name / "zarr.json").read_bytes()))
        yield name, _read_with_zarr(path / name) if grid is None else chunks.read_chunks(path / name, grid)


def _read_with_zarr(path: Path) -> np.ndarray:
    import numpy as np
    import zarr

    array = zarr.open_array(path, mode="r", zarr_format=3)
    size = sum(found.stat().st_size for found in path.rglob("*") if found.is_file())
    sides = {"array": array.shape, "chunk": array.chunks, "shard": array.shards or ()}
    for part, shape in sides.items():
        if math.prod(shape) * array.dtype.itemsize > _MOST_COMPRESSED * size:
            raise ValueError(f"{path.name} is said to have {part} {shape}, which files of {size} bytes cannot hold")
    return np.asarray(array[...])


def write_safetensors(
    path: Path, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, Any], dimensions: Dimensions
) -> None:
    """Write little-endian arrays as one safetensors file; attributes and dimensions stay in the manifest."""
    from safetensors.numpy import save_file

    save_file(dict(arrays), path)


def read_safetensors(path: Path, names: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield arrays of a safetensors file, by name."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as tensors:
        for name in names:
            yield name, tensors.get_tensor(name)


def chunk_shapes(shape: tuple[int, ...], itemsize: int) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Chunk and shard shape of an array; the shard is None where one chunk is one file anyway.

    A chunk holds whole slices along the first axis, as many as fit into 1 MiB and at least one: one large collection
    run ``(1, T, P)``, or many rows of a small table. A shard is one file of chunks, up to 256 MiB, so that an object
    has few files. A slice above 64 MiB is split, since codecs have limits of their own.
    """
    chunks = [1] * len(shape)
    chunk_bytes = itemsize
    for axis in reversed(range(len(shape))):
        limit = _CHUNK_BYTES if axis == 0 else _SLICE_BYTES
        chunks[axis] = max(1, min(shape[axis], limit // chunk_bytes))
        chunk_bytes *= chunks[axis]
    if not shape or shape[0] <= chunks[0]:
        return tuple(chunks), None
    in_all = -(-shape[0] // chunks[0])
    per_shard = max(1, min(in_all, _SHARD_BYTES // chunk_bytes))
    return tuple(chunks), (chunks[0] * per_shard, *chunks[1:])


_ZARR = Format("data.zarr", write_zarr, read_zarr)
_SAFETENSORS = Format("data.safetensors", write_safetensors, read_safetensors)

# The kinds of objects. A corpus has no arrays: its attributes list the segments that it is made of.
FORMATS: dict[str, Format | None] = {
    "dataset": _ZARR,
    "segment": _ZARR,
    "corpus": None,
    "networks": _ZARR,
    "hypernet": _SAFETENSORS,
}


def unknown_kind(kind: object) -> str:
    """The sentence about a kind that is none."""
    return f"object kind {shown(kind)} is not one of {', '.join(FORMATS)}{nearest_choice(kind, FORMATS)}"
