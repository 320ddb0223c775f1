"""The table of what a network does without each of many sets of classes: a row a set, a column a class."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from hyperforget.errors import UserError, nearest_choice
from hyperforget.forget_set import format_classes
from hyperforget.store.archives import expect_pyarrow
from hyperforget.store.files import replace_file
from hyperforget.what_if.sets import masks_of

SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Answered:
    """Sets of the classes with the labels ``free`` by their ``numbers`` int64 (S,), bit k standing for the k-th, and
    how many images of each class a network without a set recognises: ``correct`` int64 (S, C) of ``sizes`` (C,).
    """

    free: Sequence[int]
    numbers: Tensor
    correct: Tensor
    sizes: Tensor

    @property
    def accuracies(self) -> Tensor:
        """Accuracy of each class, float32 (S, C)."""
        return self.correct / self.sizes


def table_of(answered: Answered, labels: Sequence[int], about: Mapping[str, Any]) -> pd.DataFrame:
    """Columns ``forget``, the set as ``0-4-8`` and empty for none, ``number``, its number, and ``accuracy_{label}`` of
    every class, by the ``labels`` of all; ``attrs`` have the labels ``free``, how many ``images`` each class has, and
    what is told ``about`` the table.
    """
    free = answered.free
    masks = masks_of(answered.numbers, range(len(free)), len(free))
    names = [format_classes(label for label, there in zip(free, mask, strict=True) if there) for mask in masks.tolist()]
    accuracies = {
        f"accuracy_{label}": column.numpy() for label, column in zip(labels, answered.accuracies.unbind(1), strict=True)
    }
    table = pd.DataFrame({"forget": names, "number": answered.numbers.numpy(), **accuracies})
    table.attrs.update({"free": list(free), "images": answered.sizes.tolist()}, **about)
    return table


def check_writable(path: Path) -> None:
    """Raise `UserError` where a table cannot be written to a file of that kind."""
    if path.suffix not in SUFFIXES:
        raise UserError(
            f"{path} ends in {path.suffix!r}; allowed are {', '.join(SUFFIXES)}{nearest_choice(path.suffix, SUFFIXES)}"
        )
    if path.suffix == ".parquet":
        expect_pyarrow(path, "name a .csv file")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table in one step; a Parquet file keeps its ``attrs``. Raises `UserError` as `check_writable`."""
    check_writable(path)
    content = io.BytesIO()
    if path.suffix == ".parquet":
        table.to_parquet(content, index=False)
    else:
        table.to_csv(content, index=False)
    replace_file(path, content.getvalue())


def accuracies_in(table: pd.DataFrame) -> Tensor:
    """Accuracies float32 (S, C) of a table that was read back, in the order of its rows."""
    columns = [name for name in table.columns if name.startswith("accuracy_")]
    return torch.from_numpy(table[columns].to_numpy("float32", copy=True))
