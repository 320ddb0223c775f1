"""CSV files, written and read as the data classes that declare them: an instance is a row, a field a column.

The classes lie beside this module, a file for each kind of result, so that a new column reruns only the stages that
know it. A trailing underscore of a field (``class_``) is no part of the column's name. A field is text, a word of a
`Literal`, a flag or a number; one that may be None has an empty cell then.
"""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from hyperforget.errors import UserError, excerpt, shown

_LONGEST_HEADER = 200

RowType = TypeVar("RowType")


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Write one or more instances of one data class.

    Floats are written so that they read back equal, NaN too, and booleans as ``true`` and ``false``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns_of(type(rows[0])))
        writer.writerows([_text(getattr(row, field.name)) for field in fields(row)] for row in rows)


def read_rows(path: Path, row_type: type[RowType], may_be_empty: bool = False) -> list[RowType]:
    """The rows of a file that `write_rows` wrote; columns that the data class lacks are passed over, and fields with a
    default may have no column, as in files that were written before they were there.

    Raises `UserError` naming the file when it is missing, cannot be read, is no text in UTF-8, lacks a column, has text
    for a number, another word than those of a `Literal`, or no row.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8, as its byte {error.start + 1} shows") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    rows = parse_rows(text, row_type, str(path))
    if not rows and not may_be_empty:
        raise UserError(f"{path} has no rows")
    return rows


def parse_rows(text: str, row_type: type[RowType], source: str) -> list[RowType]:
    """The rows in the text of a CSV file, which errors call ``source``; raises `UserError` as `read_rows`."""
    columns, hints = columns_of(row_type), get_type_hints(row_type)
    try:
        header, *lines = csv.reader(io.StringIO(text, newline="")) if text.strip() else ([],)
    except csv.Error as error:
        raise UserError(f"{source} is no CSV file: {error}") from None
    if not header:
        raise UserError(f"{source} is empty; expected are the columns {', '.join(columns)}")
    optional = {field.name.rstrip("_") for field in fields(cast(Any, row_type)) if field.default is not MISSING}
    missing = [column for column in columns if column not in {*header, *optional}]
    if missing:
        raise UserError(
            f"{source} lacks the column {missing[0]!r}; it has {excerpt(', '.join(header), _LONGEST_HEADER)}"
        )
    present = [
        (name, column, header.index(column), _parser(kind))
        for (name, kind), column in zip(hints.items(), columns, strict=True)
        if column in header
    ]
    rows = []
    for line in filter(None, lines):
        if len(line) != len(header):
            raise UserError(f"{source} has a row of {len(line)} cells under {len(header)} columns")
        values = {}
        for name, column, place, parse in present:
            try:
                values[name] = parse(line[place])
            except _WrongWord as error:
                raise UserError(f"{source}, column {column!r}: {shown(line[place])} is none of {error}") from None
            except ValueError:
                raise UserError(f"{source}, column {column!r}: {shown(line[place])} is not a number") from None
        rows.append(row_type(**values))
    return rows


def columns_of(row_type: type[Any]) -> tuple[str, ...]:
    """The names of the columns that a data class declares."""
    return tuple(field.name.rstrip("_") for field in fields(row_type))


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _parser(kind: Any) -> Callable[[str], Any]:
    """What makes a value of the type of a field from its text; it raises ValueError for other text."""
    if get_origin(kind) is Literal:
        return lambda text: _word(text, get_args(kind))
    plain = next((each for each in get_args(kind) if each is not type(None)), kind)
    parse: Callable[[str], Any] = {bool: _flag, float: _number}.get(plain, plain)
    return parse if plain is kind else lambda text: None if text.strip() in ("", "nan") else parse(text)


def _word(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise _WrongWord(", ".join(allowed))
    return text


def _flag(text: str) -> bool:
    return text.lower() == "true"


def _number(text: str) -> float:
    return float(text) if text.strip() else math.nan


class _WrongWord(ValueError):
    """Text that is none of the words of a field, which the message lists."""
