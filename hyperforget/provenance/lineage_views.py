"""A lineage to look at: as a tree of text, as JSON, and as a Graphviz graph."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from hyperforget.flat_keys import flat_keys
from hyperforget.provenance.lineage import Lineage, Node, Step

WIDTH = 100  # columns
_SHORT = 12  # hexadecimal digits of an id that are shown
_SPEC_LINES = 4


def tree(found: Lineage) -> str:
    """The lineage as indented text of at most 100 columns: files with the stage that made each, down to the data, then
    what these stages ran with. A branch that comes again is named, not repeated.
    """
    lines = [*_branch(found, [found.target], "", "", set()), "", "Stages", *_stages(found)]
    return "\n".join(lines)


def as_json(found: Lineage) -> dict[str, Any]:
    """The whole lineage in JSON types: the target, every file, and every step with its computation."""
    return {
        "target": vars(found.target),
        "files": [vars(node) | {"recipe_id": found.made_by.get(node)} for node in found.nodes],
        "steps": [
            {
                "recipe_id": computation_id,
                "stage": step.record.computation.stage,
                "arguments": dict(step.record.computation.arguments),
                "spec": step.record.computation.spec,
                "code": step.record.computation.code,
                "inputs": [vars(node) for node in step.inputs],
                "outputs": [vars(node) for node in step.outputs],
                "provenance": dict(step.record.provenance),
            }
            for computation_id, step in found.steps.items()
        ],
    }


def dot(found: Lineage) -> str:
    """The lineage as a Graphviz graph, data at the left: boxes are files, ellipses runs of stages."""
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [fontname="Helvetica", fontsize=10];']
    names = {node: f"file{index}" for index, node in enumerate(found.nodes)}
    for node, name in names.items():
        colour = "" if node.object_id is None else ', style=filled, fillcolor="#e8eef7"'
        lines.append(f"  {name} [shape=box, label={_quoted(*_node_label(node))}{colour}];")
    for index, (computation_id, step) in enumerate(found.steps.items()):
        computation = step.record.computation
        label = _quoted(computation.stage, *_pairs(computation.arguments), f"code {computation.code[:_SHORT]}")
        lines.append(f"  step{index} [shape=ellipse, label={label}];")
        lines += [f"  {names[node]} -> step{index};" for node in dict.fromkeys(step.inputs)]
        lines += [
            f"  step{index} -> {names[node]};" for node, maker in found.made_by.items() if maker == computation_id
        ]
    return "\n".join([*lines, "}"])


def _branch(found: Lineage, nodes: list[Node], first: str, rest: str, shown: set[str]) -> Iterator[str]:
    """Lines for files that one step made, and below them for what that step read."""
    node, *others = nodes
    path = f"{node.path} and {len(others)} more" if others else node.path
    made = "" if node.object_id is None else f"  {node.kind} {node.object_id[:_SHORT]}"
    computation_id = found.made_by.get(node)
    made += (
        "  (no computation made it)"
        if computation_id is None
        else f" ← {found.steps[computation_id].record.computation.stage}"
    )
    if len(first + path + made) <= WIDTH:
        yield first + path + made
    else:
        yield _fit(first + path)
        yield _fit(f"{rest}  {made}")
    if computation_id is None:
        return
    shown.add(computation_id)
    groups: dict[str, list[Node]] = {}
    for each in dict.fromkeys(found.steps[computation_id].inputs):
        groups.setdefault(found.made_by.get(each, each.path), []).append(each)
    again = [each.path for maker, group in groups.items() if maker in shown for each in group]
    new = [(maker, group) for maker, group in groups.items() if maker not in shown]
    for index, (maker, group) in enumerate(new, start=1):
        if maker in shown:  # by a branch of this very step
            again += [each.path for each in group]
            continue
        last = index == len(new) and not again
        yield from _branch(found, group, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "), shown)
    if again:
        yield from textwrap.wrap(
            f"as above: {', '.join(again)}",
            WIDTH,
            initial_indent=rest + "└─ ",
            subsequent_indent=rest + "   ",
            break_on_hyphens=False,
        )


def _stages(found: Lineage) -> Iterator[str]:
    by_code: dict[tuple[str, str], list[Step]] = {}
    for step in found.steps.values():
        by_code.setdefault((step.record.computation.stage, step.record.computation.code), []).append(step)
    for (stage, code), steps in by_code.items():
        seconds = sum(float(step.record.provenance.get("seconds", 0)) for step in steps)
        runs = "1 run" if len(steps) == 1 else f"{len(steps)} runs"
        yield f"  {stage}: code {code}, {runs}, {seconds:.1f} s"
        by_spec: dict[str, list[Step]] = {}
        for step in steps:
            by_spec.setdefault(json.dumps(step.record.computation.spec, sort_keys=True), []).append(step)
        for alike in by_spec.values():
            yield from _spec_lines(alike[0].record.computation.spec, _common(alike) if len(by_spec) > 1 else "")


def _spec_lines(spec: Any, label: str) -> Iterator[str]:
    keys = _pairs(flat_keys(spec))
    if not keys and not label:
        return
    text = (f"{label}: " if label else "") + ", ".join(keys)
    lines = textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False)
    yield from lines[:_SPEC_LINES]
    if len(lines) > _SPEC_LINES:
        yield f"      … {len(lines) - _SPEC_LINES} more lines, see --json"


def _common(steps: Iterable[Step]) -> str:
    """The arguments that all steps share, as a label."""
    first, *others = (step.record.computation.arguments for step in steps)
    return " ".join(value for name, value in first.items() if all(other.get(name) == value for other in others))


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}={value if isinstance(value, str) else json.dumps(value, separators=(',', ':'))}"
        for key, value in values.items()
    ]


def _node_label(node: Node) -> list[str]:
    """Folder, name and object of a file, a line each."""
    path = PurePath(node.path)
    label = [f"{path.parent.as_posix()}/", path.name] if len(path.parts) > 1 else [path.name]
    if node.object_id is not None:
        label.append(f"{node.kind} {node.object_id[:_SHORT]}")
    return label


def _quoted(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _fit(line: str) -> str:
    """A line of at most `WIDTH` characters, its middle left out if need be."""
    if len(line) <= WIDTH:
        return line
    half = (WIDTH - 1) // 2
    return f"{line[: WIDTH - 1 - half]}…{line[-half:]}"
