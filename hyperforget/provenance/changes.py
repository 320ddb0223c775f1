"""What differs between two versions of the results, and why: the first causes, and the numbers that moved."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperforget.provenance.cells import METRICS, MetricChange, compare_cells, read_cells
from hyperforget.provenance.lineage import Producers
from hyperforget.provenance.versions import (
    KeyChange,
    Results,
    configuration,
    kept_results,
    key_changes,
    working_results,
)
from hyperforget.store.computations import Record
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store

_STARTED = "started"  # argument of a stage that is made anew each time, since its result tells the time

# kind, stage, what, old and new of a `Cause`, the last two as JSON, so that equal ones meet in a set
_Found = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Cause:
    """Why files of a stage differ although nothing before it explains it.

    ``kind`` is ``config`` (a key of the stage's spec or an argument), ``code`` (its digest), ``data`` (the content of
    an input that no computation made), ``inputs`` (it has read other files) or ``unknown`` (no computation made the
    file itself). ``what`` names the key, module or file; ``files`` are the result files that follow.
    """

    kind: str
    stage: str
    what: str
    old: Any
    new: Any
    files: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """All that differs between the version called ``before`` and the one called ``after``.

    ``config`` is empty where the configuration of one of the two is not known, for want of a report.
    """

    before: str
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    config: tuple[KeyChange, ...]
    causes: tuple[Cause, ...]
    cells: tuple[MetricChange, ...]
    compared_cells: int


def diff(store: Store, results: Path, a: str, b: str | None = None) -> Changes:
    """Compare version ``a`` with ``b``, or with the files that are in ``results`` now.

    A version is a tag or the number of an entry of the log. Raises `UserError` for an unknown one, and
    `MissingObjectError` or `CorruptObjectError` where the store does not hold it intact.
    """
    before = kept_results(store, a)
    after = kept_results(store, b) if b is not None else working_results(store, results)
    producers = Producers(store)
    both = before.files.keys() & after.files.keys()
    changed = tuple(sorted(path for path in both if before.files[path] != after.files[path]))
    cells = [
        {} if METRICS not in side.files else read_cells(_content(store, results, side, METRICS))
        for side in (before, after)
    ]
    configs = [configuration(producers, side) for side in (before, after)]
    return Changes(
        before.name,
        after.name,
        tuple(sorted(after.files.keys() - both)),
        tuple(sorted(before.files.keys() - both)),
        changed,
        () if None in configs else tuple(key_changes(*configs)),
        tuple(_causes(producers, before, after, changed)),
        tuple(compare_cells(*cells)),
        len(cells[0].keys() | cells[1].keys()),
    )


def _causes(producers: Producers, before: Results, after: Results, changed: tuple[str, ...]) -> Iterator[Cause]:
    known: dict[tuple[str, str, str], frozenset[_Found]] = {}
    files: dict[_Found, list[str]] = {}
    for path in changed:
        pair = (before.files[path], after.files[path])
        for cause in _explain(producers, path, *pair, known):
            files.setdefault(cause, []).append(path)
    for (kind, stage, what, old, new), following in files.items():
        yield Cause(kind, stage, what, json.loads(old), json.loads(new), tuple(following))


def _explain(
    producers: Producers,
    path: str,
    old: str,
    new: str,
    known: dict[tuple[str, str, str], frozenset[_Found]],
) -> frozenset[_Found]:
    """First causes of a difference between two contents of a file: kind, stage, what, old and new (JSON)."""
    if (path, old, new) in known:
        return known[path, old, new]
    known[path, old, new] = frozenset()  # ends a circle of stages whose outputs equal their inputs
    pairs = [
        (_distance(one, other), one, other)
        for one in producers.of(path, old)
        for other in producers.of(path, new)
        if one.computation.stage == other.computation.stage
    ]
    if not pairs:
        found = {("unknown", "", path, json.dumps(old), json.dumps(new))}
    else:
        # Whatever else made them too, the fewest differences are enough to explain the two contents.
        _, one, other = min(pairs, key=lambda pair: pair[0])
        found = set(_direct(one, other))
        first, second = _inputs(one), _inputs(other)
        for name in sorted(first.keys() & second.keys()):
            if first[name] != second[name]:
                if producers.of(name, first[name]) or producers.of(name, second[name]):
                    found |= _explain(producers, name, first[name], second[name], known)
                else:
                    contents = json.dumps(first[name]), json.dumps(second[name])
                    found.add(("data", one.computation.stage, name, *contents))
    known[path, old, new] = frozenset(found)
    return known[path, old, new]


def _direct(one: Record, other: Record) -> Iterator[_Found]:
    """In what the computations of two records of one stage differ, apart from the content of inputs."""
    stage = one.computation.stage
    for change in key_changes(one.computation.spec, other.computation.spec):
        # The report holds the whole configuration to show it; `Changes.config` lists that.
        if not change.key.startswith("config."):
            yield "config", stage, change.key, json.dumps(change.old), json.dumps(change.new)
    for change in key_changes(one.computation.arguments, other.computation.arguments):
        if change.key == _STARTED:
            continue
        yield "config", stage, f"--{change.key}", json.dumps(change.old), json.dumps(change.new)
    if one.computation.code != other.computation.code:
        yield "code", stage, stage, json.dumps(one.computation.code), json.dumps(other.computation.code)
    first, second = _inputs(one), _inputs(other)
    for path in sorted(first.keys() ^ second.keys()):
        yield "inputs", stage, path, json.dumps(path in first), json.dumps(path in second)


def _distance(one: Record, other: Record) -> int:
    """How many things differ between two computations."""
    return len(list(_direct(one, other))) + len(_inputs(one).items() ^ _inputs(other).items())


def _inputs(record: Record) -> dict[str, str]:
    """The SHA-256 of what a computation read, by path."""
    return {file.path: file.sha256 for file in record.computation.inputs.values()}


def _content(store: Store, results: Path, version: Results, path: str) -> bytes:
    """A file of a version, from the store, or from the folder if only that has it."""
    working = results / path
    if working.is_file() and file_digest(working) == version.files[path]:
        return working.read_bytes()
    return store.get_blob(version.files[path])
