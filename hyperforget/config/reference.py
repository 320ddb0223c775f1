"""What the configuration's own declarations say about it: keys of a section, meanings, and the
reference in Markdown.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hyperforget.config.sections import Config
from hyperforget.config.tasks import CollectionConfig, CorpusConfig

_IN_DICT, _IN_LIST = ".<name>", ".<number>"

# Bounds by pydantic's words and by those of JSON schema: the latter, and which of two holds.
_BOUNDS: dict[str, tuple[str, Callable[[float, float], float]]] = {
    "ge": ("minimum", max),
    "minimum": ("minimum", max),
    "gt": ("exclusiveMinimum", max),
    "exclusiveMinimum": ("exclusiveMinimum", max),
    "le": ("maximum", min),
    "maximum": ("maximum", min),
    "lt": ("exclusiveMaximum", min),
    "exclusiveMaximum": ("exclusiveMaximum", min),
}


def reference() -> str:
    """All keys as Markdown tables, one a section."""
    lines: list[str] = []
    for title, section in _sections():
        lines += [
            f"### {title}",
            "",
            " ".join((section.__doc__ or "").split()),
            "",
            "| key | type | default | meaning |",
            "|---|---|---|---|",
        ]
        for name, field in _own_fields(section).items():
            kind = _type_name(field.annotation)
            default = f"`{_plain(field.get_default(call_default_factory=True))}`"
            if kind == "section":
                default = "see its section"
            elif field.is_required():
                default = "required"
            lines.append(f"| `{name}` | {kind} | {default} | {field.description or ''} |")
        lines.append("")
    return "\n".join(lines)


def schema() -> str:
    """The JSON schema of a configuration, by which editors complete and check it."""
    declared = _with_bounds({**Config.model_json_schema(), "title": "hyperforget"})
    return json.dumps(declared, indent=2, ensure_ascii=False)


def _with_bounds(node: Any) -> Any:
    """A schema with all bounds in JSON schema's own words, of two of a kind the tighter one.

    Pydantic keeps to its words for bounds of a type that a validator comes before, which editors would not understand.
    """
    if isinstance(node, list):
        return [_with_bounds(part) for part in node]
    if not isinstance(node, dict):
        return node
    found = dict[str, Any]()
    for key, value in node.items():
        # What is no number is the declaration of a key of that name.
        word, tighter = _BOUNDS.get(key, (key, None)) if isinstance(value, int | float) else (key, None)
        found[word] = tighter(found[word], value) if tighter and word in found else _with_bounds(value)
    return found


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    yield "Top level", Config
    pending: list[tuple[str, type[BaseModel]]] = [("", Config)]
    while pending:
        prefix, section = pending.pop(0)
        for name, field in _own_fields(section).items():
            inner = _inner_section(field.annotation)
            if inner is not None:
                path = f"{prefix}{name}{_item(field.annotation)}"
                yield f"`{path}`", inner
                pending.append((path + ".", inner))


def _own_fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys that a section explains itself: a further corpus has those of the task's collection beside them."""
    explained_elsewhere = CollectionConfig.model_fields if section is CorpusConfig else ()
    return {name: field for name, field in section.model_fields.items() if name not in explained_elsewhere}


def _item(annotation: Any) -> str:
    """How one of several sections is told from the others; nothing where there is but one."""
    return {dict: _IN_DICT, list: _IN_LIST}.get(get_origin(annotation), "")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _type_name(annotation: Any) -> str:
    if _inner_section(annotation) is not None:
        return "list of sections" if _item(annotation) == _IN_LIST else "section"
    if get_origin(annotation) is dict:
        return "keys and values"
    text = str(annotation)
    if "Literal" in text:
        return "one of " + ", ".join(f"`{choice}`" for choice in _choices(annotation))
    for name in ("list", "tuple"):
        if name in text:
            return f"{name} of {'whole numbers' if 'int' in text else 'text' if 'str' in text else 'numbers'}"
    while inner := get_args(annotation):
        annotation = inner[0]  # below bounds and "or None"
    return {int: "whole number", float: "number", bool: "true or false"}.get(annotation, "text")


def _choices(annotation: Any) -> list[str]:
    found: list[str] = []
    for part in get_args(annotation):
        found += [part] if isinstance(part, str) else _choices(part)
    return found


def _section_at(path: list[str]) -> type[BaseModel] | None:
    section: type[BaseModel] | None = Config
    parts = iter(path)
    for part in parts:
        field = section.model_fields.get(part) if section else None
        if field is None:
            return None
        section = _inner_section(field.annotation)
        if _item(field.annotation):
            next(parts, None)  # a name that the user chose, or a place in a list
    return section


def _inner_section(annotation: Any) -> type[BaseModel] | None:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def keys_at(path: list[str]) -> list[str]:
    section = _section_at(path)
    return list(section.model_fields) if section else []


def meaning(path: list[str]) -> str:
    section = _section_at(path[:-1])
    field = section.model_fields.get(path[-1]) if section else None
    return (field.description if field else None) or "it has no default"
