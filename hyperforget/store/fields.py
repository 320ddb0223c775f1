"""Data classes out of JSON that was read from a file or a bucket, each field checked by its annotation.

Without pydantic, which takes longer to load than a known result to restore.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hyperforget.errors import printable
from hyperforget.store.places import is_object_id

Item = TypeVar("Item")

# What makes a value of JSON one of a field, told where it lies; ValueError with the reason.
_Reader = Callable[[Any, str], Any]

_WORDS = {str: "text", int: "a whole number", bool: "true or false", type(None): "null"}
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Rule:
    """What more a field demands than its type: a test, and its words, as in "is not ..."."""

    holds: Callable[[Any], bool]
    words: str


def is_time(text: str) -> bool:
    """Whether a text is a time in ISO 8601."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


Digest = Annotated[str, Rule(is_object_id, "64 lower-case hexadecimal digits")]
Count = Annotated[int, Rule(lambda value: value >= 0, "a whole number from 0")]
Time = Annotated[str, Rule(is_time, "a time in ISO 8601")]


def read_fields(kind: type[Item], value: object) -> Item:
    """An item of a data class from a JSON value: lists become tuples, and nothing is converted otherwise.

    Raises ValueError with the reason, a sentence without its subject, where a field is absent, unknown or of another
    type, or breaks its `Rule`.
    """
    reader: Callable[[object, str], Item] = _reader(kind)  # type: ignore[arg-type]  # a type can be hashed
    return reader(value, "")


@cache
def _reader(annotation: Any) -> _Reader:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return lambda value, where: value
    if origin is Annotated:
        return _ruled(_reader(arguments[0]), arguments[1])
    if origin in (Union, types.UnionType):
        return _optional(*arguments)
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _items(annotation)
    if origin is tuple:
        return _listed(_reader(arguments[0]))
    if origin in (dict, Mapping):
        return _mapped(_reader(arguments[1]))
    if annotation is float:
        return lambda value, where: value if type(value) in (int, float) else _fail(value, where, "a number")
    return lambda value, where: value if type(value) is annotation else _fail(value, where, _WORDS[annotation])


def _ruled(read: _Reader, rule: Rule) -> _Reader:
    def check(value: Any, where: str) -> Any:
        item = read(value, where)
        return item if rule.holds(item) else _fail(value, where, rule.words)

    return check


def _optional(kind: Any, none: Any) -> _Reader:
    assert none is types.NoneType, "a field is of one type, or null"
    read = _reader(kind)
    return lambda value, where: None if value is None else read(value, where)


def _listed(read: _Reader) -> _Reader:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            _fail(value, where, "a list")
        return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(value))

    return check


def _mapped(read: _Reader) -> _Reader:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            _fail(value, where, "an object with named fields")
        return {name: read(item, f"{where}.{name}") for name, item in value.items()}

    return check


def _items(kind: type[Any]) -> _Reader:
    hints = get_type_hints(kind, include_extras=True)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def check(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            _fail(value, where, "an object with named fields")
        if value.keys() != readers.keys():
            prefix = f"{where}." if where else ""
            for name in readers:
                if name not in value:
                    raise ValueError(f"has no {_shown(prefix + name)}")
            unknown = next(name for name in value if name not in readers)
            raise ValueError(f"has {_shown(prefix + unknown)}, which does not belong there")
        return kind(**{name: read(value[name], f"{where}.{name}" if where else name) for name, read in readers.items()})

    return check


def _fail(value: object, where: str, words: str) -> Any:
    found = repr(value) if value is None or isinstance(value, str | int | float) else f"a {type(value).__name__}"
    raise ValueError(f"has {_shown(where or 'content')} {_shown(found)}, which is not {words}")


def _shown(text: str) -> str:
    """A text from a document as it may stand in a message: without control characters, and not too long."""
    shown = printable(text[: 2 * _LONGEST_SHOWN])
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 3]}..."
