"""Tokens: small deterministic JSON files that stand for objects in a workflow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store.canonical import readable_json
from hyperforget.store.fields import Digest, read_fields
from hyperforget.store.files import bytes_at, replace_file
from hyperforget.store.formats import FORMATS, unknown_kind
from hyperforget.store.places import is_object_id


@dataclass(frozen=True)
class Token:
    """What a token says: the kind and id of an object, and a summary to read at a glance."""

    kind: str
    object_id: Digest
    summary: dict[str, Any]


def write_token(path: Path, kind: str, object_id: str, summary: Mapping[str, Any]) -> None:
    """Write a token in one step, replacing what was there; the same content always gives the same bytes.

    ``summary`` is JSON and should name no times, hosts or absolute paths: equal results would differ. Raises ValueError
    or TypeError for an unknown kind, an id that is none, or a summary that is not JSON.
    """
    if kind not in FORMATS:
        raise ValueError(unknown_kind(kind))
    if not is_object_id(object_id):
        raise ValueError(f"object id {object_id!r} is not 64 lower-case hexadecimal digits")
    replace_file(path, readable_json({"kind": kind, "object_id": object_id, "summary": summary}))


def read_token(path: Path, *, kind: str | None = None) -> Token:
    """Read a token; ``kind`` is the kind of object expected, if any.

    Raises `UserError` with one sentence that names the file if it is missing or not a token of that kind.
    """
    try:
        data = bytes_at(path)
        found = None if data is None else parse_token(data)
    except ValueError as problem:
        raise UserError(f"token {path} {problem}; delete it and run the workflow again, which makes it anew") from None
    if found is None:
        raise UserError(f"token {path} does not exist; run the workflow again, which makes it")
    if kind is not None and found.kind != kind:
        raise UserError(f"token {path} names a {found.kind} object, but must name a {kind} object")
    return found


def parse_token(data: bytes) -> Token:
    """The token that a file's bytes are; ValueError with the reason, a sentence without its subject, for all else."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    found = read_fields(Token, fields)
    if found.kind not in FORMATS:
        raise ValueError(f"is damaged: {unknown_kind(found.kind)}")
    return found
