"""Files of arrays for whoever has other libraries alone: ``.npz`` and ``.zarr.zip``, of any length.

Arrays are written block after block along their first axis, so they need not fit into memory; equal content gives equal
bytes.
"""

import contextlib
import importlib.util
import os
import shutil
import uuid
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.canonical import canonical_json
from hyperforget.store.files import sync

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can name
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Blocks:
    """An array as it is written: its shape and dtype, the names of its axes, and its rows in ``blocks`` in order."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    dimensions: tuple[str, ...]
    blocks: Iterable[np.ndarray]


def whole(array: np.ndarray, dimensions: tuple[str, ...] = ()) -> Blocks:
    """An array in memory as one block."""
    return Blocks(array.shape, array.dtype, dimensions, [array])


def suffix_of(target: Path, allowed: Collection[str]) -> str:
    """The one of the allowed endings that a file to be written has; raises `UserError` for another, and a folder."""
    suffix = next((each for each in allowed if target.name.endswith(each)), None)
    if suffix is None:
        raise UserError(
            f"target {target} has none of the endings {', '.join(allowed)}{nearest_choice(target.suffix, allowed)}"
        )
    if target.is_dir():
        raise UserError(f"target {target} is a folder; name a file")
    return suffix


def expect_pyarrow(path: Path, instead: str = "") -> None:
    """Raise `UserError` where there is no pyarrow to write a Parquet file with, and say what to do ``instead``."""
    if importlib.util.find_spec("pyarrow") is None:
        rest = f"; or {instead}" if instead else ""
        raise UserError(f"{path} is a Parquet file, which needs pyarrow: pip install pyarrow{rest}")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of ``path`` in one step when that is done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        yield partial
        sync(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def add_file(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A stream into a new file of a zip archive, which is not compressed and has no time of its own."""
    return archive.open(zipfile.ZipInfo(name, _EPOCH), "w", force_zip64=True)


def write_npz(path: Path, arrays: Mapping[str, Blocks], metadata: Mapping[str, Any]) -> None:
    """A file for ``numpy.load``, with a text ``metadata``, JSON, beside the arrays."""
    text = np.array(canonical_json(metadata).decode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with add_file(archive, f"{name}.npy") as stream:
                header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
                np.lib.format.write_array_header_1_0(stream, header)
                for block in array.blocks:
                    stream.write(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)
        with add_file(archive, "metadata.npy") as stream:
            np.lib.format.write_array(stream, text, allow_pickle=False)


def write_zarr_zip(path: Path, arrays: Mapping[str, Blocks], metadata: Mapping[str, Any]) -> None:
    """A zarr v3 group in a zip archive, with the metadata as its attributes."""
    import zarr

    folder = path.with_name(f"{path.name}.group")
    try:
        group = zarr.open_group(folder, mode="w-", zarr_format=3, attributes=dict(metadata))
        for name, array in arrays.items():
            row = int(np.prod(array.shape[1:])) * array.dtype.itemsize
            rows = min(max(1, _CHUNK_BYTES // max(1, row)), max(1, array.shape[0]))
            made = group.create_array(
                name,
                shape=array.shape,
                dtype=array.dtype,
                chunks=(rows, *(max(1, side) for side in array.shape[1:])),
                dimension_names=array.dimensions,
            )
            start = 0
            for block in array.blocks:
                made[start : start + len(block)] = block
                start += len(block)
        with zipfile.ZipFile(path, "w") as archive:
            for source in sorted(each for each in folder.rglob("*") if each.is_file()):
                with add_file(archive, source.relative_to(folder).as_posix()) as stream, source.open("rb") as original:
                    shutil.copyfileobj(original, stream)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
