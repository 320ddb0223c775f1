"""A corpus as a Parquet file, a row a checkpoint, as data sets are read from hubs and by tables of other libraries."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperforget.store.archives import Blocks
from hyperforget.store.canonical import canonical_json

if TYPE_CHECKING:
    import pyarrow


def write_parquet(path: Path, arrays: Mapping[str, Blocks], metadata: Mapping[str, Any]) -> None:
    """Write the arrays of a corpus as columns, of which those of (N, K) hold lists of K numbers.

    What is told of a run is repeated for each of its checkpoints, and what is told of a class stands in the text
    ``metadata`` of the schema, JSON, beside the metadata. A block of ``params`` is one group of rows; the other arrays
    are in memory as a whole.
    """
    import pyarrow as pa
    import pyarrow.parquet

    of_checkpoints = {name: array for name, array in arrays.items() if array.dimensions[:1] != ("class",)}
    of_classes = {name: _whole(array).tolist() for name, array in arrays.items() if name not in of_checkpoints}
    schema = pa.schema([pa.field(name, _type(array)) for name, array in of_checkpoints.items()])
    schema = schema.with_metadata({"metadata": canonical_json({**metadata, "classes": of_classes})})
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for rows in _rows(of_checkpoints):
            columns = [_column(values, schema.field(name).type) for name, values in rows.items()]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _rows(arrays: Mapping[str, Blocks]) -> Iterator[dict[str, np.ndarray]]:
    """All columns of some rows, block after block of ``params``."""
    of_runs = {name for name, array in arrays.items() if array.dimensions[:1] == ("run",)}
    held = {name: _whole(array) for name, array in arrays.items() if name != "params"}
    start = 0
    for block in arrays["params"].blocks:
        part = slice(start, start + len(block))
        runs = held["run"][part]
        yield {name: block if name == "params" else held[name][runs if name in of_runs else part] for name in arrays}
        start += len(block)


def _whole(array: Blocks) -> np.ndarray:
    return np.concatenate(list(array.blocks))


def _type(array: Blocks) -> "pyarrow.DataType":
    import pyarrow as pa

    number = pa.from_numpy_dtype(array.dtype)
    return number if len(array.shape) == 1 else pa.list_(number, array.shape[1])


def _column(values: np.ndarray, kind: "pyarrow.DataType") -> "pyarrow.Array":
    import pyarrow as pa

    if values.ndim == 1:
        return pa.array(values, kind)
    return pa.FixedSizeListArray.from_arrays(np.ascontiguousarray(values).reshape(-1), type=kind)
