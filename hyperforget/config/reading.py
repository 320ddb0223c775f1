"""Reading a configuration, of which every value means what stands there.

YAML takes the last of two equal keys, reads ``010`` as 8 and ``no`` as false, and follows an anchor into itself. Such
text is refused, so that what passes means the same to every reader of YAML.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from hyperforget.errors import UserError, shown

_LARGEST = 100_000  # values, with those of aliases wherever they stand
_TAG = "tag:yaml.org,2002:"
# How numbers may be written; YAML knows more ways, and gives them values that surprise.
_NUMBERS = {
    f"{_TAG}int": re.compile(r"0|-?[1-9][0-9]{0,999}"),
    f"{_TAG}float": re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)", re.IGNORECASE),
}
_NULL = ("null", "Null", "NULL", "~", "")
_ALLOWED = "allowed is a configuration, such as config/config.yaml"


class _Fault(Exception):
    """What is wrong with a text: the end of a sentence that begins with its name."""


def read_config(path: Path) -> dict[str, Any]:
    """The keys and values of a file in YAML or JSON. Raises `UserError` as `parse_config` does."""
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read ({error.strerror}); {_ALLOWED}") from None
    if data is None:
        raise UserError(f"{str(path)!r} is no file; {_ALLOWED}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{str(path)!r} is no text in UTF-8, as byte {data[error.start]:#04x} on line {line} shows; allowed is a "
            "configuration that is saved as UTF-8"
        ) from None
    return parse_config(text, repr(str(path)))


def parse_config(text: str, name: str) -> dict[str, Any]:
    """The keys and values of a text, which goes by a ``name``.

    Raises `UserError`, with one sentence that tells the line, for what is no YAML or JSON of one section, has a key
    twice or in itself, or has what YAML makes another value of than was written.
    """
    try:
        return _parsed(text)
    except _Fault as fault:
        raise UserError(f"{name} {fault}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{name} {_explain(error, text)}") from None
    except RecursionError:
        raise UserError(f"{name} is nested too deeply; {_ALLOWED}") from None


def _parsed(text: str) -> dict[str, Any]:
    loader = yaml.SafeLoader(_without_tabs(text))
    node = loader.get_single_node()
    if not isinstance(node, MappingNode):
        raise _Fault(f"{_what_stands(node)}; {_ALLOWED}")
    _check(loader, node, "", (), {})
    values: dict[str, Any] = loader.construct_document(node)
    return values


def _without_tabs(text: str) -> str:
    """JSON may be indented by tabs, YAML may not; inside of its texts JSON has none."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


def _what_stands(node: Node | None) -> str:
    if node is None or node.tag == f"{_TAG}null":
        return "is empty"
    return "has a list where keys should be" if isinstance(node, SequenceNode) else "has a text where keys should be"


def _check(loader: yaml.SafeLoader, node: Node, key: str, above: tuple[Node, ...], sizes: dict[int, int]) -> int:
    """Count the values below a node, under its ``key``, of which those ``above`` are made; `_Fault` if one is wrong."""
    if any(node is each for each in above):
        raise _Fault(f"has an anchor on line {_line(node)} that holds itself, at {key}; allowed is to write it out")
    if id(node) not in sizes:
        if isinstance(node, ScalarNode):
            _check_scalar(loader, node)
        elif node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            raise _Fault(f"has the tag {shown(node.tag)} on line {_line(node)}; allowed are sections and lists without")
        children = _children(loader, node, key)
        sizes[id(node)] = 1 + sum(_check(loader, child, name, (*above, node), sizes) for name, child in children)
    if sizes[id(node)] > _LARGEST:
        raise _Fault(f"has more than {_LARGEST:,} values with those of its aliases; {_ALLOWED}")
    return sizes[id(node)]


def _children(loader: yaml.SafeLoader, node: Node, key: str) -> Iterator[tuple[str, Node]]:
    """What stands in a section or a list, by its full key."""
    prefix = f"{key}." if key else ""
    if isinstance(node, SequenceNode):
        yield from ((f"{prefix}{index}", child) for index, child in enumerate(node.value))
    elif isinstance(node, MappingNode):
        first: dict[str, Node] = {}
        for named, child in node.value:
            name = _name(loader, named)
            if name in first:
                raise _Fault(
                    f"has the key {prefix}{name} twice, on line {_line(first[name])} and on line {_line(named)}; "
                    "allowed is each once"
                )
            first[name] = named
            yield prefix + name, child


def _name(loader: yaml.SafeLoader, node: Node) -> str:
    """The text of a key; a whole number may be one."""
    if not isinstance(node, ScalarNode):
        raise _Fault(f"has a key on line {_line(node)} that is a list or a section; allowed is text")
    _check_scalar(loader, node)
    if node.tag not in (f"{_TAG}str", f"{_TAG}int", f"{_TAG}merge"):
        raise _Fault(
            f"has the key {shown(node.value)} on line {_line(node)}, which YAML does not read as text; allowed is "
            "text, in quotes if need be"
        )
    return str(node.value)


def _check_scalar(loader: yaml.SafeLoader, node: ScalarNode) -> None:
    """Raise `_Fault` for what YAML reads as something else than is written."""
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind in ("str", "merge"):
        return
    if node.tag in _NUMBERS:
        if _NUMBERS[node.tag].fullmatch(text):
            return
        raise _Fault(f"has {shown(text)} on line {_line(node)}, which YAML {_number(loader, node)}")
    if (kind == "null" and text in _NULL) or (kind == "bool" and text.lower() in loader.bool_values):
        return
    reading = "reads as a date" if kind == "timestamp" else f"reads by the tag {shown(kind)}"
    raise _Fault(f"has {shown(text)} on line {_line(node)}, which YAML {reading}; allowed is a text in quotes")


def _number(loader: yaml.SafeLoader, node: ScalarNode) -> str:
    try:
        value = loader.construct_object(node)
    except (ValueError, IndexError):
        return "reads as no number; allowed are decimal digits, or a text in quotes"
    return f"reads as the number {shown(value)}; allowed is {shown(value)}, or a text in quotes"


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _explain(error: yaml.YAMLError, text: str) -> str:
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"has the control character {error.character:#04x} on line {line}; allowed is text in UTF-8"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f"is no YAML; {_ALLOWED}"
    mark, context = error.problem_mark, error.context_mark
    if error.context == "expected a single document in the stream":
        return f"has a second document, which '---' begins on line {mark.line + 1}; allowed is one"
    if text[mark.index : mark.index + 1] == "\t":
        return f"has a tab on line {mark.line + 1}; allowed are blanks"
    began = f"{error.context}{f' that begins on line {context.line + 1}' if context else ''}, " if error.context else ""
    return f"is no YAML on line {mark.line + 1}, column {mark.column + 1}: {began}{error.problem}"
