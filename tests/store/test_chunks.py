"""Our own writing and reading of zarr's chunk files, against zarr itself in both directions."""

import json
import shutil
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, Crc32cCodec, TransposeCodec, ZstdCodec

from hyperforget.store.chunks import Grid, grid_of, read_chunks, write_chunks
from hyperforget.store.formats import read_zarr

Shape = tuple[int, ...]
Layout = tuple[Shape, Shape, Shape | None]
DTYPES = ["?", "<i1", "<u2", "<i4", "<u8", "<f2", "<f4", "<f8"]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Shape, chunk shape and shard shape of up to three dimensions, fitting or not."""
    shape = tuple(draw(st.lists(st.integers(0, 7), max_size=3)))
    chunks = tuple(draw(st.integers(1, max(1, side))) for side in shape)
    shards = tuple(draw(st.integers(1, 3)) * side for side in chunks)
    sharded: bool = draw(st.booleans())
    return shape, chunks, shards if shape and sharded else None


def zarr_array(path: Path, array: np.ndarray, chunks: Shape, shards: Shape | None) -> zarr.Array[Any]:
    return zarr.create_array(
        path,
        shape=array.shape,
        dtype=array.dtype,
        chunks=chunks,
        shards=shards,
        compressors=[BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"), Crc32cCodec()],
        config={"write_empty_chunks": True},
    )


def metadata(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "zarr.json").read_bytes())
    return found


def files(path: Path) -> dict[str, int]:
    return {p.relative_to(path).as_posix(): p.stat().st_size for p in path.rglob("*") if p.is_file()}


def test_zarr_reads_what_we_write_and_we_what_zarr_writes(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, count = tmp_path_factory.mktemp("arrays"), iter(range(10**6))

    @given(layouts(), st.sampled_from(DTYPES), st.integers(0, 1000))
    @settings(max_examples=60, deadline=None, database=None)
    def check(layout: Layout, dtype: str, seed: int) -> None:
        shape, chunks, shards = layout
        array = np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)
        ours, theirs = folder / str(next(count)), folder / str(next(count))
        stored = zarr_array(ours, array, chunks, shards)
        grid = grid_of(metadata(ours))
        assert grid == Grid(shape, array.dtype, chunks, shards)
        write_chunks(ours, array, grid)
        np.testing.assert_array_equal(stored[...], array, strict=True)
        zarr_array(theirs, array, chunks, shards)[...] = array
        np.testing.assert_array_equal(read_chunks(theirs, grid), array, strict=True)
        assert files(ours) == files(theirs)

    check()


def test_views_of_any_layout_are_written(tmp_path: Path) -> None:
    wide = np.arange(2 * 6 * 10, dtype="<f4").reshape(2, 6, 10)
    for index, array in enumerate((wide[:, ::2], wide.transpose(2, 0, 1), np.asfortranarray(wide))):
        grid = Grid(array.shape, array.dtype, (2, 2, 3), (4, 2, 6))
        write_chunks(tmp_path / str(index), array, grid)
        np.testing.assert_array_equal(read_chunks(tmp_path / str(index), grid), array)


@pytest.mark.parametrize(
    "options",
    [
        {"compressors": [ZstdCodec()]},
        {"compressors": [BloscCodec()]},
        {"compressors": None},
        {"filters": [TransposeCodec(order=(1, 0))]},
        {"serializer": zarr.codecs.BytesCodec(endian="big")},
        {"chunk_key_encoding": {"name": "v2", "separator": "."}},
    ],
)
def test_other_features_of_zarr_are_left_to_zarr(tmp_path: Path, options: dict[str, Any]) -> None:
    compressors = [BloscCodec(cname="lz4"), Crc32cCodec()]
    zarr.create_array(tmp_path, shape=(4, 6), chunks=(2, 3), dtype="f4", **{"compressors": compressors, **options})
    assert grid_of(metadata(tmp_path)) is None


@pytest.mark.parametrize("shards", [None, (4, 3)])
def test_no_damage_to_a_chunk_file_is_read_over(tmp_path: Path, shards: Shape | None) -> None:
    array = np.random.default_rng(0).normal(size=(4, 3)).astype("<f4")
    grid = Grid((4, 3), array.dtype, (2, 3), shards)
    write_chunks(tmp_path, array, grid)
    path = tmp_path / "c" / "0" / "0"
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"is not what was written|is too short|another size"):
            read_chunks(tmp_path, grid)
    path.unlink()
    with pytest.raises(ValueError, match="/c/0/0 is missing"):
        read_chunks(tmp_path, grid)


def test_a_chunk_that_a_shard_leaves_out_is_missing_and_not_zeros(tmp_path: Path) -> None:
    array = np.array([[1.0, 2.0], [0.0, 0.0]], "<f4")
    stored = zarr.create_array(
        tmp_path,
        shape=(2, 2),
        dtype="<f4",
        chunks=(1, 2),
        shards=(2, 2),
        compressors=[BloscCodec(cname="lz4"), Crc32cCodec()],
        config={"write_empty_chunks": False},
    )
    stored[...] = array
    grid = grid_of(metadata(tmp_path))
    assert grid is not None
    with pytest.raises(ValueError, match=r"chunk at \(1, 0\) is missing"):
        read_chunks(tmp_path, grid)


def test_a_chunk_of_another_size_is_refused(tmp_path: Path) -> None:
    array = np.ones((4, 3), "<f4")
    write_chunks(tmp_path, array, Grid((4, 3), array.dtype, (4, 3), None))
    for other in (Grid((4, 2), array.dtype, (4, 2), None), Grid((4, 3), np.dtype("<f8"), (4, 3), None)):
        with pytest.raises(ValueError, match="another size"):
            read_chunks(tmp_path, other)


@pytest.mark.parametrize(
    ("shape", "chunks", "shards"),
    [
        ((10**12,), (1,), None),
        ((10**12,), (10**12,), None),
        ((24,), (10**12,), None),
        ((2**20,), (4,), (2**20,)),
        ((0, 10**12), (1, 1), None),
        ((2**40, 2**40), (2**40, 2**40), None),
    ],
)
def test_an_array_that_its_files_cannot_hold_asks_for_no_memory(
    tmp_path: Path, shape: Shape, chunks: Shape, shards: Shape | None
) -> None:
    grid = Grid((4, 6), np.dtype("<f4"), (4, 6), None)
    write_chunks(tmp_path, np.zeros((4, 6), "<f4"), grid)
    shutil.move(tmp_path / "c" / "0" / "0", tmp_path / "0")
    shutil.rmtree(tmp_path / "c")
    for name in ("c/0", "c/0/0") if len(shape) == 2 else ("c/0",):
        shutil.rmtree(tmp_path / "c", ignore_errors=True)
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(tmp_path / "0", tmp_path / name)
    if 0 in shape:
        assert read_chunks(tmp_path, Grid(shape, np.dtype("<f4"), chunks, shards)).size == 0
        return
    with pytest.raises(ValueError, match=r"is too short for|is beyond what is read"):
        read_chunks(tmp_path, Grid(shape, np.dtype("<f4"), chunks, shards))


@pytest.mark.parametrize(("place", "value"), [(0, 10**6), (1, 2**62), (1, 10**9)])
def test_a_chunk_that_is_said_to_end_beyond_its_file_is_refused(tmp_path: Path, place: int, value: int) -> None:
    grid = Grid((4, 6), np.dtype("<f4"), (2, 6), (4, 6))
    write_chunks(tmp_path, np.zeros((4, 6), "<f4"), grid)
    path = tmp_path / "c" / "0" / "0"
    whole = path.read_bytes()
    index = np.frombuffer(whole[-36:-4], "<u8").copy()
    index[place] = value
    checksum: int = google_crc32c.value(index.tobytes())
    path.write_bytes(whole[:-36] + index.tobytes() + checksum.to_bytes(4, "little"))
    with pytest.raises(ValueError, match=r"chunk at \(0, 0\) is said to end beyond its file"):
        read_chunks(tmp_path, grid)


@pytest.mark.parametrize("sides", [{"shape": [10**12]}, {"shape": [4], "chunks": [10**12]}])
def test_other_features_of_zarr_ask_for_no_memory_either(tmp_path: Path, sides: dict[str, Any]) -> None:
    shape, chunks = tuple(sides["shape"]), tuple(sides.get("chunks", [2]))
    zarr.create_array(tmp_path / "a", shape=shape, chunks=chunks, dtype="f4", compressors=None)
    with pytest.raises(ValueError, match=r"which files of .* bytes cannot hold"):
        dict(read_zarr(tmp_path, ["a"]))


@pytest.mark.parametrize("change", [{"shape": ["4", 3]}, {"shape": [4.0, 3]}, {"shape": [True, 3]}, {"shape": [-4, 3]}])
def test_sides_that_are_no_counts_are_left_to_zarr(tmp_path: Path, change: dict[str, Any]) -> None:
    zarr_array(tmp_path, np.zeros((4, 3), "<f4"), (4, 3), None)
    assert grid_of(metadata(tmp_path)) is not None
    assert grid_of({**metadata(tmp_path), **change}) is None
