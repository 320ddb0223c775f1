"""What a store must keep: all that tags, the last log entries and results lead to, and how that was made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from hyperforget.store import tags
from hyperforget.store import versions as history
from hyperforget.store.computations import Record, read_records
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.files import file_digest, size_of
from hyperforget.store.manifest import read_manifest
from hyperforget.store.references import LARGEST_TOKEN, ids_in, token_in
from hyperforget.store.remedies import make_anew
from hyperforget.store.store import Store

# A node is (kind, id): of a blob (its SHA-256, held by the store or not), an object or a computation.
Node = tuple[str, str]


def reachable(
    store: Store,
    results_folders: Sequence[Path] = (),
    keep_last_entries: int = 10,
    also: Iterable[Node] = (),
) -> set[Node]:
    """Everything that tags, the last entries of the log and the files in folders of results lead to.

    A token leads to its object, an object to those that its attributes name, a file to the computations that gave it,
    and a computation to all its outputs and inputs: a number stays traceable to the data that it came from. ``also``
    are further places to start from.

    Raises `UserError` for a folder that is not there and `MissingObjectError` or `CorruptObjectError` where a damage to
    the store hides what must be kept.
    """
    records = {record.computation.id: record for record in read_records(store)}
    start = [*also, *_from_versions(store, keep_last_entries)]
    for folder in results_folders:
        start += _from_results(store, folder)
    return closure(start, records, partial(_named_by, store))


def closure(
    start: Iterable[Node],
    records: Mapping[str, Record],
    named_by: Callable[[Node], Iterable[Node]],
    each: Callable[..., Iterable[Iterable[Node]]] = map,
) -> set[Node]:
    """Everything that ``start`` leads to, with that, among ``records`` by the id of their node.

    ``named_by`` tells what a blob or an object names. ``each`` is `map`, or does the same with many at once.
    """
    producers: dict[str, list[Node]] = {}
    for computation_id, record in records.items():
        for file in record.outputs.values():
            producers.setdefault(file.sha256, []).append(("computation", computation_id))

    def follow(node: Node) -> Iterable[Node]:
        kind, name = node
        if kind == "computation":
            return _from_computation(records[name]) if name in records else []
        return [*named_by(node), *(producers.get(name, []) if kind == "blob" else [])]

    seen, found = set[Node](), set(start)
    while found:
        seen |= found
        found = {target for targets in each(follow, sorted(found)) for target in targets} - seen
    return seen


def _from_versions(store: Store, keep_last_entries: int) -> Iterator[Node]:
    first = max(history.first_kept(store), history.last_number(store) - keep_last_entries + 1)
    versions = {entry.version_id for entry in history.read_log(store) if entry.number >= first}
    for version_id in sorted(versions | {tag.version_id for tag in tags.list_tags(store)}):
        yield "blob", version_id
        for file in history.read_version(store, version_id).files:
            yield "blob", file.sha256
            if file.path.endswith(".json") and size_of(store.blob_path(file.sha256)) is None:
                store.get_blob(file.sha256)  # a token that is lost would hide what it names; one that is damaged, below


def _from_results(store: Store, folder: Path) -> Iterator[Node]:
    for path in history.list_results(store, folder):
        yield "blob", file_digest(folder / path)
        if path.endswith(".json") and (token := token_in((folder / path).read_bytes())):
            yield "object", token.object_id


def _named_by(store: Store, node: Node) -> Iterator[Node]:
    kind, name = node
    if kind == "object":
        yield from _from_object(store, name)
        return
    size = size_of(store.blob_path(name))
    if size is not None and size <= LARGEST_TOKEN and (token := token_in(store.get_blob(name))):
        yield "object", token.object_id


def _from_computation(record: Record) -> Iterator[Node]:
    yield from (("blob", file.sha256) for file in record.outputs.values())
    yield from (("blob", file.sha256) for file in record.computation.inputs.values())
    yield from (("object", object_id) for object_id in record.objects)


def _from_object(store: Store, object_id: str) -> Iterator[Node]:
    folder = store.object_folder(object_id)
    if not folder.is_dir():
        return
    try:
        content = read_manifest(folder, object_id).content
    except ValueError as problem:
        raise CorruptObjectError(
            f"in {folder} {problem}, so what the object refers to is not known; {make_anew(store, object_id)}"
        ) from problem
    for named in ids_in(content.attributes):
        if store.object_folder(named).is_dir():
            yield "object", named
