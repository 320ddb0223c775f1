"""A corpus as a Parquet file, a row a checkpoint, as data sets are read from hubs and by tables of other libraries."""

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperforget.errors import UserError
from hyperforget.store.archives import Blocks
from hyperforget.store.canonical import canonical_json

if TYPE_CHECKING:
    import pyarrow


def write_parquet(path: Path, arrays: Mapping[str, Blocks], metadata: Mapping[str, Any]) -> None:
    """Write the arrays of a corpus as columns, of which those of (B, K) hold lists of K numbers.

    What is told of a run is repeated for each of its checkpoints, and what is told of a class stands in the text
    ``metadata`` of the schema, JSON, beside the metadata. A block of ``params`` is one group of rows. Raises `UserError`
    without pyarrow.
    """
    check_parquet(path)
    import pyarrow as pa
    import pyarrow.parquet

    of_checkpoints = {name: array for name, array in arrays.items() if array.dimensions[:1] != ("class",)}
    of_classes = {name: _all(array).tolist() for name, array in arrays.items() if name not in of_checkpoints}
    schema = pa.schema([pa.field(name, _type(array)) for name, array in of_checkpoints.items()])
    about = {**metadata, "classes": of_classes}
    schema = schema.with_metadata({"metadata": canonical_json(about)})
    with pa.parquet.ParquetWriter(path, schema) as writer:
        for rows in _rows(of_checkpoints):
            columns = [_column(values, schema.field(name).type) for name, values in rows.items()]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def check_parquet(path: Path) -> None:
    """Raise `UserError` where there is no pyarrow to write a Parquet file with."""
    if importlib.util.find_spec("pyarrow") is None:
        raise UserError(f"{path} is a Parquet file, which needs pyarrow: pip install pyarrow")


def _rows(arrays: Mapping[str, Blocks]) -> Iterator[dict[str, np.ndarray]]:
    """All columns of some rows, block after block of ``params``."""
    held = {name: _all(array) for name, array in arrays.items() if name != "params"}
    start = 0
    for block in arrays["params"].blocks:
        part = slice(start, start + len(block))
        runs = held["run"][part]
        of_run = {name for name, array in arrays.items() if array.dimensions[:1] == ("run",)}
        yield {
            name: block if name == "params" else held[name][runs] if name in of_run else held[name][part]
            for name in arrays
        }
        start += len(block)


def _all(array: Blocks) -> np.ndarray:
    return np.concatenate(list(array.blocks))


def _type(array: Blocks) -> "pyarrow.DataType":
    import pyarrow as pa

    number = pa.from_numpy_dtype(array.dtype)
    return number if len(array.shape) == 1 else pa.list_(number)


def _column(values: np.ndarray, kind: "pyarrow.DataType") -> "pyarrow.Array":
    import pyarrow as pa

    if values.ndim == 1:
        return pa.array(values, kind)
    ends = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(ends, np.ascontiguousarray(values).reshape(-1), type=kind)
