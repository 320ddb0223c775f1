"""From keys and values, as files and command lines have them, to sections; with one sentence on the first fault."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hyperforget.config.base import LONGEST_NAME
from hyperforget.config.reference import keys_at, meaning
from hyperforget.config.sections import Config
from hyperforget.errors import UserError, nearest_choice, shown

# Command lines give text; `None` is what some of them make of a value that is left empty.
_NULL = (None, "null", "Null", "NULL", "None")


def validated(values: Mapping[str, Any]) -> Config:
    """The sections of a configuration, each key checked by itself. Raises `UserError`, with one sentence."""
    try:
        return Config.model_validate(_written(values, ()))
    except ValidationError as error:
        raise UserError(_explain(error)) from None


def _written(values: Any, path: tuple[str, ...]) -> Any:
    """The same without keys that are null, which counts as left out; a task or a model by name alone has no keys."""
    if not isinstance(values, Mapping):
        return values
    found = {_text(key): value for key, value in values.items()}
    if _holds_names(path):
        found = {key: {} if _is_null(value) else value for key, value in found.items()}
    return {key: _written(value, (*path, key)) for key, value in found.items() if not _is_null(value)}


def _holds_names(path: tuple[str, ...]) -> bool:
    return path in (("tasks",), ("models",), ("methods",), ("metrics",)) or (
        len(path) == 3 and path[0] == "tasks" and path[2] == "corpora"
    )


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in _NULL)


def _text(key: Any) -> Any:
    """A name may be a number."""
    return str(key) if isinstance(key, int) and not isinstance(key, bool) else key


def _explain(error: ValidationError) -> str:
    """One sentence for the first fault that pydantic found."""
    fault = error.errors(include_url=False)[0]
    path = [str(part) for part in fault["loc"] if part != "[key]"]
    key = ".".join(path) or "the configuration"
    value = fault["input"]
    kind = fault["type"]
    if kind == "extra_forbidden":
        allowed = keys_at(path[:-1])
        return (
            f"unknown key {key!r} (value {shown(value)}); allowed here are {', '.join(allowed)}"
            f"{nearest_choice(path[-1], allowed)}"
        )
    if kind == "missing":
        return f"the key {key!r} is missing; {meaning(path)}"
    if kind == "literal_error":
        choices = fault["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"{key} is {shown(value)}; allowed are {', '.join(choices)}{nearest_choice(value, choices)}"
    if kind == "value_error":
        return f"{key}: {fault['ctx']['error']}"
    return f"{key} is {shown(value)} ({type(value).__name__}): {_allowed(kind, path, value) or _lower(fault['msg'])}"


def _allowed(kind: str, path: list[str], value: Any) -> str | None:
    """What is allowed in place of a value of another type; None where pydantic says it well."""
    if kind == "model_type":
        return f"input should be a valid dictionary, with keys of {', '.join(keys_at(path))}"
    if kind in ("string_pattern_mismatch", "string_too_long"):
        return _about_names(value)
    if kind == "string_type" and isinstance(value, bool):
        return "input should be a valid string, which needs quotes where YAML reads it as true or false, as no and yes"
    if kind == "string_type" and isinstance(value, int | float):
        return f"input should be a valid string, in quotes where it looks like a number: '{shown(value)}'"
    return None


def _about_names(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    nearest = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST_NAME].strip("-")
    allowed = f"allowed are lower-case letters and digits, in parts joined by '-', at most {LONGEST_NAME} in all"
    return f"{allowed}; the nearest is {nearest!r}" if nearest else allowed


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
