"""A whole corpus as one file, to train other generators on, with no code of this package."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hyperforget.collection.checkpoints import RATES, read_segments
from hyperforget.collection.parquet import write_parquet
from hyperforget.collection.segment import SEGMENT_ARRAYS
from hyperforget.collection.stored import StoredCorpus
from hyperforget.errors import UserError
from hyperforget.store.archives import Blocks, expect_pyarrow, replacing, suffix_of, whole, write_npz, write_zarr_zip

# What is called otherwise outside, where arrays have a row a checkpoint.
_CHECKPOINT = {
    "losses": "loss",
    "correct": "correct",
    "discriminability": "discriminability",
    "separability": "separability",
    "step": "step",
}
_RUN = (*RATES, "learning_rate", "recipe")
_FURTHER = {
    "params": {"unit": "1", "description": "flat parameters; `layout` says which are which"},
    "run": {"unit": "1", "description": "the run that a checkpoint is of, a row of the arrays of runs"},
    "start": {"unit": "1", "description": "whether it is the random start of a run instead of a checkpoint"},
    "labels": {"unit": "1", "description": "what the data set calls the class of each output"},
    "images": {"unit": "images", "description": "images of each class that losses and counts are of"},
}


def export_corpus(corpus: StoredCorpus, target: Path) -> int:
    """Write all checkpoints of a corpus to ``target``, replacing what is there in one step, and return their number N.

    The suffix names the format: ``.npz``, ``.zarr.zip``, a zarr v3 group, or ``.parquet``, a table as `write_parquet`
    lays it out. Rows are the starts and the checkpoints of all runs, run after run, without padding: ``params`` (N, P),
    ``losses``, ``correct``, ``discriminability`` and ``separability`` (N, C), ``run``, ``step`` and ``start`` (N,). Of
    R runs tell ``switch``, ``learning_rate``, ``recipe`` (R,), ``rate_before`` and ``rate_after`` (R, C); of C classes
    ``labels`` and ``images`` (C,). The metadata, JSON, say what each is, its unit and its axes.

    One segment is in memory at a time. Raises `UserError` for another suffix, for Parquet without pyarrow, and as
    `Store.read` does.
    """
    suffix = suffix_of(target, _WRITERS)
    if suffix == ".parquet":
        expect_pyarrow(target, "name a .npz file")
    arrays = _arrays(corpus)
    metadata = {
        **{name: value for name, value in corpus.attributes.items() if name != "segments"},
        "object_id": corpus.object_id,
        "kind": "corpus",
        **corpus.layout.attributes,
        "layout": [asdict(parameter) for parameter in corpus.layout.parameters],
        "pixels": {"mean": corpus.data["mean"], "std": corpus.data["std"]},
        "measured_on": corpus.measured_on,
        "spec": corpus.collected["spec"],
        "arrays": {name: _note(name) | {"dimensions": list(array.dimensions)} for name, array in arrays.items()},
    }
    with replacing(target) as partial:
        _WRITERS[suffix](partial, arrays, metadata)
    return arrays["run"].shape[0]


def _arrays(corpus: StoredCorpus) -> dict[str, Blocks]:
    named = [*_CHECKPOINT.values(), *_RUN, "saved"]
    stored = read_segments(corpus.store, corpus.segments, named)
    held = _held(stored["saved"], stored["loss"].shape[1])
    run, place = np.nonzero(held)
    if not len(run):
        raise UserError(f"the corpus of {corpus.token} has no checkpoints, so there is nothing to export")
    shape = (len(run), corpus.layout.size)
    arrays = {"params": Blocks(shape, np.dtype(np.float32), ("checkpoint", "parameter"), _parameters(corpus))}
    for name, source in _CHECKPOINT.items():
        values = stored[source][held]
        arrays[name] = whole(values, ("checkpoint", "class")[: values.ndim])
    arrays["run"] = whole(run, ("checkpoint",))
    arrays["start"] = whole(place == 0, ("checkpoint",))
    for name in _RUN:
        arrays[name] = whole(stored[name], ("run", "class")[: stored[name].ndim])
    arrays["labels"] = whole(np.array(corpus.labels), ("class",))
    arrays["images"] = whole(corpus.class_sizes.numpy(), ("class",))
    return arrays


def _parameters(corpus: StoredCorpus) -> Iterator[np.ndarray]:
    for segment in corpus.segments:
        read = corpus.store.read(segment, ["theta", "saved"], kind="segment").arrays
        yield read["theta"][_held(read["saved"], read["theta"].shape[1])]


def _held(saved: np.ndarray, slots: int) -> np.ndarray:
    """Which entries (R, T) are a start or a checkpoint, and no padding."""
    mask: np.ndarray = np.arange(slots) < saved[:, None]
    return mask


def _note(name: str) -> dict[str, str]:
    return _FURTHER[name] if name in _FURTHER else SEGMENT_ARRAYS[_CHECKPOINT.get(name, name)]


_WRITERS: dict[str, Callable[[Path, Mapping[str, Blocks], Mapping[str, Any]], None]] = {
    ".npz": write_npz,
    ".zarr.zip": write_zarr_zip,
    ".parquet": write_parquet,
}
