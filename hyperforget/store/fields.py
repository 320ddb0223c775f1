"""Data classes out of JSON that was read from a file or a bucket, each field checked by its annotation.

Without pydantic, which takes longer to load than a known result to restore.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hyperforget.errors import excerpt
from hyperforget.store.places import is_object_id

Item = TypeVar("Item")

# What makes a value of JSON one of a field.
_Reader = Callable[[Any], Any]

_WORDS = {str: "text", int: "a whole number", bool: "true or false", type(None): "null"}
_NAMED = "an object with named fields"
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
Seconds = Annotated[float, Rule(lambda value: value >= 0, "a number of seconds")]
Time = Annotated[str, Rule(is_time, "a time in ISO 8601")]


class _Wrong(Exception):
    """A value that a field cannot have: the names that lead to it, the innermost first, and what it should be."""

    def __init__(self, value: object, words: str) -> None:
        self.value = value
        self.words = words
        self.names: list[str | int] = []


def read_fields(kind: type[Item], value: object) -> Item:
    """An item of a data class from a JSON value: lists become tuples, and nothing is converted otherwise.

    Raises ValueError with the reason, a sentence without its subject, where a field is absent, unknown or of another
    type, or breaks its `Rule`.
    """
    reader: Callable[[object], Item] = _reader(kind)  # type: ignore[arg-type]  # a type can be hashed
    try:
        return reader(value)
    except _Wrong as wrong:
        names = (f"[{name}]" if isinstance(name, int) else f".{name}" for name in reversed(wrong.names))
        where = excerpt("".join(names).removeprefix(".") or "content", _LONGEST_SHOWN)
        if wrong.words in (_ABSENT, _UNKNOWN):
            raise ValueError(f"has {wrong.words.format(where)}") from None
        plain = wrong.value is None or isinstance(wrong.value, str | int | float)
        found = repr(wrong.value) if plain else f"a {type(wrong.value).__name__}"
        raise ValueError(f"has {where} {excerpt(found, _LONGEST_SHOWN)}, which is not {wrong.words}") from None


_ABSENT, _UNKNOWN = "no {}", "{}, which does not belong there"


@cache
def _reader(annotation: Any) -> _Reader:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return lambda value: value
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
    return _plain((int, float), "a number") if annotation is float else _plain((annotation,), _WORDS[annotation])


def _plain(kinds: tuple[type, ...], words: str) -> _Reader:
    def check(value: Any) -> Any:
        if type(value) not in kinds:
            raise _Wrong(value, words)
        return value

    return check


def _ruled(read: _Reader, rule: Rule) -> _Reader:
    def check(value: Any) -> Any:
        item = read(value)
        if not rule.holds(item):
            raise _Wrong(value, rule.words)
        return item

    return check


def _optional(kind: Any, none: Any) -> _Reader:
    assert none is types.NoneType, "a field is of one type, or null"
    read = _reader(kind)
    return lambda value: None if value is None else read(value)


def _listed(read: _Reader) -> _Reader:
    def check(value: Any) -> Any:
        if not isinstance(value, list):
            raise _Wrong(value, "a list")
        return tuple(_inside(read, item, index) for index, item in enumerate(value))

    return check


def _mapped(read: _Reader) -> _Reader:
    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Wrong(value, _NAMED)
        return {name: _inside(read, item, name) for name, item in value.items()}

    return check


def _items(kind: type[Any]) -> _Reader:
    hints = get_type_hints(kind, include_extras=True)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Wrong(value, _NAMED)
        if value.keys() != readers.keys():
            absent = [name for name in readers if name not in value]
            unknown = [name for name in value if name not in readers]
            wrong = _Wrong(value, _ABSENT if absent else _UNKNOWN)
            wrong.names.append((absent or unknown)[0])
            raise wrong
        return kind(**{name: _inside(read, value[name], name) for name, read in readers.items()})

    return check


def _inside(read: _Reader, value: Any, name: str | int) -> Any:
    try:
        return read(value)
    except _Wrong as wrong:
        wrong.names.append(name)
        raise
