"""The changes between two versions, as text of at most 100 columns."""

from collections.abc import Sequence

from hyperforget.provenance.cells import KEY, METRICS, MetricChange
from hyperforget.provenance.changes import Cause, Changes
from hyperforget.provenance.text import aligned
from hyperforget.provenance.versions import value_text

_MOST_CELLS = 40
_MOST_FILES = 10
_WIDTH = 100


def as_text(changes: Changes) -> str:
    """What differs and why: files, keys of the configuration, first causes, and cells of the metrics.

    Of many cells those are shown that left their old interval, then those that moved most.
    """
    files = [*changes.added, *changes.removed, *changes.changed]
    if not files:
        return f"{changes.before} and {changes.after} have the same files"
    lines = [
        f"{changes.before} → {changes.after}: {len(changes.changed)} files changed, "
        f"{len(changes.added)} added, {len(changes.removed)} removed"
    ]
    lines += _section("Added", _shortened(changes.added))
    lines += _section("Removed", _shortened(changes.removed))
    keys = [f"{each.key}: {value_text(each.old)} → {value_text(each.new)}" for each in changes.config]
    lines += _section("Configuration", keys)
    lines += _section("First causes", [_cause(cause) for cause in changes.causes])
    explained = {path for cause in changes.causes for path in cause.files}
    again = [path for path in changes.changed if path not in explained]
    lines += _section("Made again by an equal computation, with another result", _shortened(again))
    lines += _section(_cells_title(changes), _table(changes.cells))
    return "\n".join(lines)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {_fit(line)}" for line in lines)] if lines else []


def _cause(cause: Cause) -> str:
    follow = "1 file follows" if len(cause.files) == 1 else f"{len(cause.files)} files follow"
    if cause.kind == "inputs":
        verb = "reads" if cause.new else "no longer reads"
        return f"inputs: {cause.stage} {verb} {cause.what}; {follow}"
    if cause.kind == "unknown":
        return f"unknown: no computations of one stage made both contents of {cause.what}; {follow}"
    old, new = value_text(cause.old), value_text(cause.new)
    if cause.kind == "data":
        return f"data: {cause.what}, read by {cause.stage}: {old[:14]} → {new[:14]}; {follow}"
    what = "" if cause.kind == "code" else f" {cause.what}"
    return f"{cause.kind}: {cause.stage}{what}: {old} → {new}; {follow}"


def _cells_title(changes: Changes) -> str:
    judged = [cell for cell in changes.cells if cell.outside is not None]
    left = sum(bool(cell.outside) for cell in judged)
    title = f"Cells of {METRICS}: {len(changes.cells)} of {changes.compared_cells} moved"
    return f"{title}; of {len(judged)} with an old interval {left} left it"


def _table(cells: Sequence[MetricChange]) -> list[str]:
    if not cells:
        return []
    ordered = sorted(cells, key=lambda cell: (not cell.outside, -_moved(cell)))
    rows = [["old", "new", "old interval", ", ".join(KEY)]]
    rows += [
        [_number(cell.old), _number(cell.new), _interval(cell), " ".join(cell.key)] for cell in ordered[:_MOST_CELLS]
    ]
    lines = aligned(rows)
    more = len(cells) - _MOST_CELLS
    return [*lines, f"… and {more} more, see --json"] if more > 0 else lines


def _moved(cell: MetricChange) -> float:
    return abs(cell.new - cell.old) if cell.new is not None and cell.old is not None else 0.0


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _interval(cell: MetricChange) -> str:
    if cell.low is None or cell.high is None:
        return ""
    return f"{cell.low:.4g} to {cell.high:.4g}{' left' if cell.outside else ''}"


def _shortened(paths: Sequence[str]) -> list[str]:
    more = len(paths) - _MOST_FILES
    return [*paths[:_MOST_FILES], f"… and {more} more, see --json"] if more > 0 else list(paths)


def _fit(line: str) -> str:
    return line if len(line) <= _WIDTH - 2 else line[: _WIDTH - 3] + "…"
