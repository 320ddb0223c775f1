"""What refers to what: tokens to objects, objects to the objects that they are made of."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hyperforget.store.checks import EXISTENCE, check_object
from hyperforget.store.manifest import Content
from hyperforget.store.places import Places, is_object_id
from hyperforget.store.tokens import Token, parse_token

LARGEST_TOKEN = 1 << 20  # bytes


def token_in(data: bytes) -> Token | None:
    """The token that a file's bytes are, or None if they are something else."""
    if len(data) > LARGEST_TOKEN or not data.startswith(b"{"):
        return None
    try:
        return parse_token(data)
    except ValueError:
        return None


def parts_of(content: Content) -> list[str]:
    """Ids of the objects without which this one is not whole: the segments of a corpus."""
    return list(content.attributes.get("segments", [])) if content.kind == "corpus" else []


def folders_of(store: Places, object_ids: Iterable[str], level: int = EXISTENCE) -> list[Path]:
    """The folders of objects and of their parts; ValueError if one is absent or, at that level, damaged."""
    folders: list[Path] = []
    pending, seen = list(object_ids), set[str]()
    while pending:
        object_id = pending.pop()
        if object_id in seen:
            continue
        seen.add(object_id)
        folders.append(store.object_folder(object_id))
        try:
            pending += parts_of(check_object(folders[-1], object_id, level).content)
        except ValueError as problem:
            raise ValueError(f"object {object_id} is not whole: {problem}") from problem
    return folders


def ids_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value that has the form of an object id."""
    if isinstance(value, dict):
        for item in value.values():
            yield from ids_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from ids_in(item)
    elif is_object_id(value):
        yield value
