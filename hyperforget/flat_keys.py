"""Nested settings as one level of dotted keys."""

from collections.abc import Mapping
from typing import Any


def flat_keys(value: Any, prefix: str = "") -> dict[str, Any]:
    """A JSON value as dotted keys with their leaves; lists, and mappings without keys, are leaves."""
    if not isinstance(value, Mapping) or not value:
        return {prefix: value} if prefix or value else {}
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= flat_keys(item, f"{prefix}.{key}" if prefix else str(key))
    return found
