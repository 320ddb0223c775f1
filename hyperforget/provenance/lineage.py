"""Where a result comes from: the chain of stages from a file back to the data, as it was recorded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath

from hyperforget.errors import UserError
from hyperforget.store.computations import FileRef, OutputFile, Record, read_records
from hyperforget.store.files import file_digest
from hyperforget.store.references import token_in
from hyperforget.store.store import Store


@dataclass(frozen=True)
class Node:
    """A file: its path as a stage read or wrote it, its SHA-256, and of a token kind and id of its object."""

    path: str
    sha256: str
    kind: str | None = None
    object_id: str | None = None


@dataclass(frozen=True)
class Step:
    """One run of a stage, which leads from each of its inputs to each of its outputs."""

    record: Record
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]


@dataclass(frozen=True)
class Lineage:
    """How ``target`` was made: steps by the ids of their computations, those that made the inputs of others first, and
    by file the computation that made it; a file that no computation made is absent there.
    """

    target: Node
    steps: Mapping[str, Step]
    made_by: Mapping[Node, str]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every file on the way to the target, each once: inputs of steps, then the target."""
        inputs = (node for step in self.steps.values() for node in step.inputs)
        return tuple(dict.fromkeys([*inputs, self.target]))


class Producers:
    """Which records a store holds for a file of given content."""

    def __init__(self, store: Store) -> None:
        store.check()
        self._records: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        self.paths: set[str] = set()
        for record in sorted(read_records(store), key=_time):
            for file in record.outputs.values():
                self.paths.add(file.path)
                self._records[file.sha256][record.computation.id] = record

    def of(self, path: str, sha256: str) -> list[Record]:
        """Records with an output of this content that was written to a like path, the earliest first.

        Different stages can give equal files; of their paths, those that end as ``path`` does are alike. A stage whose
        output is equal to one of its inputs did not make that input.
        """
        made = {}
        for record in self._records.get(sha256, {}).values():
            parts = _likeness(path, sha256, record.outputs.values())
            if parts >= _likeness(path, sha256, record.computation.inputs.values()):
                made[record.computation.id] = parts
        best = max(made.values(), default=0)
        return [self._records[sha256][computation_id] for computation_id, parts in made.items() if parts == best]


def lineage(store: Store, path: Path) -> Lineage:
    """The lineage of a result file: a token, table, figure, network, the metrics or the report.

    Where several computations gave a file, one that ran before the file was read is taken, of these the one that agrees
    best with the other files of the lineage, and of equal ones the latest.

    Raises `UserError` if there is no such file, or no computation of the store made it as it is now, and
    `CorruptObjectError` for a damaged record.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist; name a file of the results")
    producers = Producers(store)
    target = node_of(store, path.as_posix(), file_digest(path))
    if not producers.of(target.path, target.sha256):
        raise _unknown(store, producers, target)
    made_by = _choose(producers, FileRef(target.path, target.sha256))
    steps: dict[str, Step] = {}
    nodes: dict[FileRef, Node] = {}
    _add_steps(store, FileRef(target.path, target.sha256), made_by, nodes, steps)
    by_node = {nodes[file]: record.computation.id for file, record in made_by.items()}
    return Lineage(target, steps, by_node)


def node_of(store: Store, path: str, sha256: str) -> Node:
    """A node, with the object that the file names if it is a token that the store has kept."""
    if path.endswith(".json") and store.blob_path(sha256).exists():
        token = token_in(store.get_blob(sha256))
        if token is not None:
            return Node(path, sha256, token.kind, token.object_id)
    return Node(path, sha256)


def _choose(producers: Producers, target: FileRef) -> dict[FileRef, Record]:
    """The record behind every file, from the target backwards, all files of equal distance at once."""
    known: defaultdict[str, set[str]] = defaultdict(set, {target.path: {target.sha256}})
    chosen: dict[FileRef, Record] = {}
    frontier = {target: ""}  # with the time when a stage first read it
    while frontier:
        found: dict[FileRef, str] = {}
        for file, read in frontier.items():
            possible = producers.of(file.path, file.sha256)
            if not possible:
                continue
            ranks = [(not read or _time(record) <= read, _agreement(record, known)) for record in possible]
            _, _, index = max((*rank, index) for index, rank in enumerate(ranks))
            chosen[file] = possible[index]
            time = _time(chosen[file])
            for each in chosen[file].computation.inputs.values():
                found[each] = min(found.get(each, time), time)
        for file in found:
            known[file.path].add(file.sha256)
        frontier = {file: time for file, time in found.items() if file not in chosen}
    return chosen


def _time(record: Record) -> str:
    return str(record.provenance.get("time", ""))


def _agreement(record: Record, known: Mapping[str, set[str]]) -> int:
    """How many files of a record are known to be part of a lineage, less those known with other content."""
    files = [(file.path, file.sha256) for file in record.outputs.values()]
    files += [(file.path, file.sha256) for file in record.computation.inputs.values()]
    return sum(1 if sha256 in known[path] else -1 for path, sha256 in files if path in known)


def _add_steps(
    store: Store,
    file: FileRef,
    made_by: Mapping[FileRef, Record],
    nodes: dict[FileRef, Node],
    steps: dict[str, Step],
) -> None:
    if file in nodes:
        return
    nodes[file] = node_of(store, file.path, file.sha256)
    record = made_by.get(file)
    if record is None:
        return
    for each in record.computation.inputs.values():
        _add_steps(store, each, made_by, nodes, steps)
    if record.computation.id not in steps:
        inputs = tuple(nodes[each] for each in record.computation.inputs.values())
        outputs = tuple(node_of(store, each.path, each.sha256) for each in record.outputs.values())
        steps[record.computation.id] = Step(record, inputs, outputs)


def _likeness(path: str, sha256: str, files: Iterable[FileRef | OutputFile]) -> int:
    """How like a path the likest of those files is that have this content, -1 for none."""
    return max((_common_parts(path, file.path) for file in files if file.sha256 == sha256), default=-1)


def _common_parts(first: str, second: str) -> int:
    """How many parts two paths have in common, counted from their ends."""
    pairs = zip(reversed(PurePath(first).parts), reversed(PurePath(second).parts), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _unknown(store: Store, producers: Producers, target: Node) -> UserError:
    # The file's folder and name are enough: a run may have called the results by a relative path.
    if any(_common_parts(path, target.path) >= 2 for path in producers.paths):
        reason = "it was changed after a stage wrote it"
        remedy = "run the workflow again, or bring a tagged version back with 'hyperforget store checkout'"
    else:
        reason = "it is no output of a stage, or was made with another store"
        remedy = "name an output of the workflow, or the right store with --store"
    return UserError(f"no computation in store {store} made {target.path} as it is now: {reason}; {remedy}")
