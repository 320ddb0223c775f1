"""Chunk shapes, and what a reader without our code finds in a zarr group."""

import math
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.store.formats import chunk_shapes, read_zarr, write_zarr

MIB = 1 << 20


@pytest.mark.parametrize(
    ("shape", "chunks", "shards"),
    [
        ((), (), None),
        ((0, 4), (1, 4), None),
        ((64, 176, 1582), (1, 176, 1582), (64, 176, 1582)),
        ((1000, 176, 1582), (1, 176, 1582), (241, 176, 1582)),
        ((64, 176, 10), (64, 176, 10), None),
        ((2000, 50, 10), (524, 50, 10), (2096, 50, 10)),
        ((10, 4096, 8192), (1, 2048, 8192), (4, 2048, 8192)),
    ],
)
def test_chunks_are_whole_runs_in_few_files(
    shape: tuple[int, ...], chunks: tuple[int, ...], shards: tuple[int, ...] | None
) -> None:
    assert chunk_shapes(shape, 4) == (chunks, shards)


@given(st.lists(st.integers(0, 5000), max_size=4), st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=200, deadline=None, database=None)
def test_chunks_are_bounded_and_shards_are_whole_numbers_of_chunks(shape: list[int], itemsize: int) -> None:
    chunks, shards = chunk_shapes(tuple(shape), itemsize)
    assert len(chunks) == len(shape)
    assert all(1 <= chunk <= max(1, side) for chunk, side in zip(chunks, shape, strict=True))
    assert math.prod(chunks) * itemsize <= 64 * MIB
    if shards is not None:
        assert all(shard % chunk == 0 for shard, chunk in zip(shards, chunks, strict=True))
        assert math.prod(shards) * itemsize <= 256 * MIB


def test_a_group_documents_itself_with_core_codecs_only(tmp_path: Path) -> None:
    theta = np.arange(300 * 5000, dtype=np.float32).reshape(300, 2, 2500)
    notes = {"theta": {"unit": "1", "description": "parameters"}}
    write_zarr(
        tmp_path / "g",
        {"theta": theta},
        {"task": "t", "arrays": notes},
        {"theta": ("run", "step", "parameter")},
    )
    group = zarr.open_group(tmp_path / "g", mode="r")
    stored = group["theta"]
    assert isinstance(stored, zarr.Array)
    assert group.attrs["task"] == "t"
    assert dict(stored.attrs) == notes["theta"]
    assert stored.metadata.dimension_names == ("run", "step", "parameter")  # type: ignore[union-attr]
    assert stored.chunks == (52, 2, 2500)
    np.testing.assert_array_equal(stored[7], theta[7])
    assert len([path for path in (tmp_path / "g").rglob("*") if path.is_file()]) == 3
    text = (tmp_path / "g" / "theta" / "zarr.json").read_text()
    for codec in ("sharding_indexed", "bytes", "blosc", "lz4", "crc32c"):
        assert f'"{codec}"' in text
    assert "numcodecs" not in text


def test_chunks_of_zeros_are_written(tmp_path: Path) -> None:
    write_zarr(tmp_path / "g", {"a": np.zeros((4, 3), np.int16)}, {}, {})
    assert (tmp_path / "g" / "a" / "c" / "0" / "0").is_file()
    ((name, array),) = read_zarr(tmp_path / "g", ["a"])
    assert name == "a"
    np.testing.assert_array_equal(array, np.zeros((4, 3), np.int16))
