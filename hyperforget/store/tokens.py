"""Tokens: small deterministic JSON files that stand for objects in a workflow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store.canonical import readable_json
from hyperforget.store.files import replace_file
from hyperforget.store.formats import FORMATS, unknown_kind
from hyperforget.store.places import is_object_id


@dataclass(frozen=True)
class Token:
    """What a token says: the kind and id of an object, and a summary to read at a glance."""

    kind: str
    object_id: str
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
        fields = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"token {path} does not exist; run the stage that makes it") from None
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"it is not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise _broken(path, f"it holds a {type(fields).__name__} instead of an object with named fields")
    if absent := [name for name in ("kind", "object_id", "summary") if name not in fields]:
        raise _broken(path, f"it has no {' and no '.join(absent)}")
    if not isinstance(fields["kind"], str) or fields["kind"] not in FORMATS:
        raise _broken(path, unknown_kind(fields["kind"]))
    if not is_object_id(fields["object_id"]):
        raise _broken(path, f"its object_id {fields['object_id']!r} is not 64 lower-case hexadecimal digits")
    if not isinstance(fields["summary"], dict):
        raise _broken(path, "its summary has no named fields")
    if kind is not None and fields["kind"] != kind:
        raise UserError(f"token {path} names a {fields['kind']} object, but must name a {kind} object")
    return Token(fields["kind"], fields["object_id"], fields["summary"])


def _broken(path: Path, problem: str) -> UserError:
    return UserError(f"token {path} is damaged: {problem}; rerun the stage that makes it")
