"""How much the store costs, as ratios to doing the bare minimum with the same bytes in the same run.

    python benchmarks/store/run.py [--folder DIR] [--runs 64] [--repeats 7] [--output FILE]

A ratio is the time of the bare minimum over the time of the store, so 1 means that the store costs nothing. The two are
measured in turn; the median of the ratios is reported, with the lowest and the highest. Files are read from the page
cache: what the disk adds is the same for both. Publishing hashes, encodes and syncs side by side, so it needs two idle
cores to show what it can do.

The last rows compare with what could take the place of our own code: zarr's codec pipelines that are installed (to
write and to read the chunks of a segment), and one raw, mapped chunk a segment instead of a pack (to draw pairs). There
the ratio is the other's time over ours, and ours stays as long as it exceeds 1.3.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from hyperforget.collection.checkpoints import Corpus
from hyperforget.collection.pairs import draw_pairs
from hyperforget.store import formats
from hyperforget.store.packs import build_pack, load_pack
from hyperforget.store.store import Store
from hyperforget.store.verification import verify

CHECKPOINTS, PARAMETERS, CLASSES = 176, 1582, 10  # of one collection run on ``digits``
PAIRS, BATCHES = 512, 20
PIPELINES = {"zarr": "zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrs": "zarrs.ZarrsCodecPipeline"}


@dataclass(frozen=True)
class Ratio:
    """A measurement: median seconds of the minimum and of the store, and the ratios of the single repeats."""

    name: str
    megabytes: float
    minimum_seconds: float
    store_seconds: float
    ratio: float
    lowest: float
    highest: float
    bar: float


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to write; default: the temporary folder")
    parser.add_argument("--runs", type=int, default=64, help="collection runs in a segment, 1.1 MB each")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measured = list(measure(Path(folder), options.runs, options.repeats))
    print(f"{'':12}{'MB':>8}{'minimum':>11}{'store':>11}{'ratio':>8}{'range':>14}{'bar':>6}")
    for row in measured:
        print(
            f"{row.name:12}{row.megabytes:8.1f}{1e3 * row.minimum_seconds:8.1f} ms"
            f"{1e3 * row.store_seconds:8.1f} ms{row.ratio:8.2f}{row.lowest:8.2f}–{row.highest:.2f}"
            f"{row.bar:7.1f} {'met' if row.ratio >= row.bar else 'MISSED'}"
        )
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    report = {"machine": machine | versions, "ratios": [asdict(row) for row in measured]}
    options.output.write_text(json.dumps(report, indent=2) + "\n")


def measure(folder: Path, runs: int, repeats: int) -> Iterator[Ratio]:
    """All ratios, in a folder that may be filled."""
    ours = Store(folder / "store")
    segments = [make_segment(runs, seed) for seed in range(repeats + 1)]
    ids = [ours.publish("segment", segments.pop(), {})]  # imports what it needs

    def write_raw() -> None:
        write(folder / "raw", segments[-1])

    def publish() -> None:
        ids.append(ours.publish("segment", segments.pop(), {}))

    size = sum(array.nbytes for array in segments[0].values())
    yield compare("publish", 0.5, repeats, size, write_raw, publish)
    corpus = ours.publish("corpus", {}, {"segments": ids[:3]})
    files = [path for path in ours.root.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    yield compare("verify", 0.8, repeats, size, lambda: hash_files(files), lambda: verify_all(ours))
    pack = build_pack(ours, corpus)
    size = sum(path.stat().st_size for path in pack.iterdir())
    yield compare("load pack", 0.8, repeats, size, lambda: read_raw(pack), lambda: load_pack(ours, corpus))
    arrays = load_pack(ours, corpus)
    yield draw(Corpus(*(torch.from_numpy(arrays[name]) for name in ("theta", "loss", "saved"))), repeats)
    yield from pipelines(folder, make_segment(runs, 0), repeats)
    yield draw_from_parts(arrays["theta"], repeats)


def pipelines(folder: Path, segment: dict[str, np.ndarray], repeats: int) -> Iterator[Ratio]:
    """Chunks of a segment written and read by zarr's own codec pipelines, against ours."""
    size = sum(array.nbytes for array in segment.values())

    def ours() -> None:
        formats.write_zarr(folder / f"ours-{uuid.uuid4()}", segment, {}, {})

    def theirs() -> None:
        path = folder / f"theirs-{uuid.uuid4()}"
        for name, array in segment.items():
            chunks, shards = formats.chunk_shapes(array.shape, array.dtype.itemsize)
            codecs = [BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"), Crc32cCodec()]
            zarr.create_array(path / name, data=array, chunks=chunks, shards=shards, compressors=codecs, overwrite=True)

    for name, pipeline in PIPELINES.items():
        if importlib.util.find_spec(pipeline.split(".")[0]) is None:
            continue
        with zarr.config.set({"codec_pipeline.path": pipeline, "threading.max_workers": 1}):
            yield compare(f"{name} write", 1.3, repeats, size, theirs, ours)
            path = max(folder.glob("ours-*"), key=lambda path: path.stat().st_mtime)
            group = zarr.open_group(path, mode="r")
            yield compare(
                f"{name} read",
                1.3,
                repeats,
                size,
                partial(read_chunks, group, list(segment)),
                partial(lambda path: dict(formats.read_zarr(path, list(segment))), path),
            )


def draw_from_parts(theta: np.ndarray, repeats: int, parts: int = 16) -> Ratio:
    """Selecting rows of a corpus that lies in parts, against one flat matrix."""
    flat = torch.from_numpy(theta).flatten(0, 1)
    pieces = flat.chunk(parts)
    size = pieces[0].shape[0]
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(flat.shape[0], (BATCHES, 2 * PAIRS), generator=generator)

    def gather() -> None:
        for batch in rows:
            taken, part = torch.empty(2 * PAIRS, flat.shape[1]), batch // size
            split = part.argsort().split(part.bincount(minlength=parts).tolist())
            for index, (piece, where) in enumerate(zip(pieces, split, strict=True)):
                taken[where] = piece.index_select(0, batch[where] - index * size)

    def select() -> None:
        for batch in rows:
            torch.index_select(flat, 0, batch)

    megabytes = rows.numel() * flat.shape[1] * flat.element_size()
    return compare(f"{parts} parts", 1.3, repeats, megabytes, gather, select)


def make_segment(runs: int, seed: int) -> dict[str, np.ndarray]:
    """Random walks with the spread of real weights and of their steps."""
    generator = np.random.default_rng(seed)
    shape = (runs, CHECKPOINTS, PARAMETERS)
    steps = 4e-4 * generator.standard_normal(shape, dtype=np.float32)
    start = 0.043 * generator.standard_normal((runs, 1, PARAMETERS), dtype=np.float32)
    loss = generator.exponential(size=(runs, CHECKPOINTS, CLASSES)).astype(np.float32)
    return {
        "theta": start + steps.cumsum(axis=1, dtype=np.float32),
        "loss": loss,
        "correct": generator.integers(0, 100, size=loss.shape, dtype=np.int32),
        "saved": np.full(runs, CHECKPOINTS),
    }


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """The least that a trustworthy copy takes: the bytes in one file, on the disk, and their SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for array in arrays.values():
            stream.write(array.data)
            digest.update(array.data)
        stream.flush()
        os.fsync(stream.fileno())
    path.unlink()


def hash_files(files: list[Path]) -> None:
    """SHA-256 of every file."""
    for path in files:
        with path.open("rb") as stream:
            hashlib.file_digest(stream, "sha256").digest()


def verify_all(root: Store) -> None:
    """Verification to level 1, of a whole store."""
    assert verify(root, 1) == []


def read_chunks(group: zarr.Group, names: Iterable[str]) -> list[np.ndarray]:
    """Arrays of a group as zarr itself reads them."""
    contents = []
    for name in names:
        array = group[name]
        assert isinstance(array, zarr.Array)
        contents.append(np.asarray(array[...]))
    return contents


def read_raw(folder: Path) -> None:
    """The bytes of all files of a folder, each in one piece of new memory."""
    for path in folder.iterdir():
        with path.open("rb", buffering=0) as stream:
            memory = np.empty(path.stat().st_size, np.uint8)
            assert stream.readinto(memory.data) == memory.size


def draw(corpus: Corpus, repeats: int) -> Ratio:
    """Drawing batches of pairs, against selecting as many rows of a plain matrix of checkpoints."""
    generator = torch.Generator().manual_seed(0)
    flat = corpus.all_theta.flatten(0, 1)
    rows = torch.randint(flat.shape[0], (BATCHES, 2 * PAIRS), generator=generator)

    def select() -> None:
        for batch in rows:
            torch.index_select(flat, 0, batch)

    def draw_batches() -> None:
        for _ in range(BATCHES):
            draw_pairs(corpus, PAIRS, 0.5, generator)

    size = rows.numel() * flat.shape[1] * flat.element_size()
    return compare("draw pairs", 0.8, repeats, size, select, draw_batches)


def compare(
    name: str, bar: float, repeats: int, size: int, minimum: Callable[[], object], ours: Callable[[], object]
) -> Ratio:
    """Time both in turn."""
    pairs = [(seconds(minimum), seconds(ours)) for _ in range(repeats)]
    ratios = [first / second for first, second in pairs]
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Ratio(name, size / 1e6, first, second, statistics.median(ratios), min(ratios), max(ratios), bar)


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
