"""Whether all that a store refers to is in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store import tags
from hyperforget.store import versions as history
from hyperforget.store.blobs import intact_blob
from hyperforget.store.computations import FOLDER, Record, read_record
from hyperforget.store.documents import Parse, list_documents, read_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.files import size_of
from hyperforget.store.manifest import read_manifest
from hyperforget.store.references import parts_of, token_in
from hyperforget.store.store import Store


@dataclass(frozen=True)
class Reference:
    """An object or a blob that something names: ``kind``, ``id``, its size in bytes if that is named too, and
    who names it.
    """

    kind: str
    id: str
    size: int | None
    source: str


@dataclass(frozen=True)
class Known:
    """What a look at the store has read already, and found intact: records by place, and of objects by id the ids of
    their parts.
    """

    records: dict[str, Record] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=dict)


def missing(store: Store, known: Known | None = None) -> dict[Reference, str]:
    """References that lead nowhere, each with the problem; of several to one thing, the first.

    What is ``known`` is not read again.
    """
    found: dict[tuple[str, str, int | None], Reference] = {}
    for reference in references(store, known or Known()):
        found.setdefault((reference.kind, reference.id, reference.size), reference)
    problems = ((reference, _problem(store, reference)) for reference in found.values())
    return {reference: problem for reference, problem in problems if problem}


def references(store: Store, known: Known) -> Iterator[Reference]:
    """What records, tags, the kept part of the log and corpora name, as far as these are intact."""
    for record in _records(store, known):
        source = f"computation {record.computation.id} of stage {record.computation.stage}"
        yield from (Reference("blob", file.sha256, file.size, source) for file in record.outputs.values())
        yield from (Reference("object", object_id, None, source) for object_id in record.objects)
    for version_id, source in _kept_versions(store):
        yield Reference("blob", version_id, None, source)
        yield from _in_version(store, version_id, source)
    for folder in sorted((store.root / "objects").glob("*/[!.]*")):
        source = f"corpus {folder.name}"
        yield from (Reference("object", part, None, source) for part in _parts(folder, known))


def _records(store: Store, known: Known) -> Iterator[Record]:
    for place in list_documents(store, FOLDER):
        found = known.records.get(place)
        if found is None:
            try:
                found = read_record(store, Path(place).stem)
            except CorruptObjectError:
                continue
        if found is not None:
            yield found


def _parts(folder: Path, known: Known) -> list[str]:
    parts = known.parts.get(folder.name)
    if parts is not None:
        return parts
    try:
        return parts_of(read_manifest(folder, folder.name).content)
    except (ValueError, OSError):
        return []


def _kept_versions(store: Store) -> Iterator[tuple[str, str]]:
    try:
        first = history.first_kept(store)
    except UserError:
        first = history.last_number(store) + 1  # found damaged; which entries are kept is not known
    documents: tuple[tuple[str, Parse[Any]], ...] = ((history.FOLDER, history.log_document), (tags.FOLDER, tags.tag_at))
    for folder, parse in documents:
        for place in list_documents(store, folder):
            try:
                found = read_document(store, place, parse)
            except UserError:
                continue
            if isinstance(found, tags.Tag) or (isinstance(found, history.LogEntry) and found.number >= first):
                yield found.version_id, place.removesuffix(".json")


def _in_version(store: Store, version_id: str, source: str) -> Iterator[Reference]:
    data = intact_blob(store, version_id)
    try:
        files = () if data is None else history.parse_version(version_id, data).files
    except ValueError:
        return
    for file in files:
        where = f"{file.path} in {source}"
        yield Reference("blob", file.sha256, None, where)
        if not file.path.endswith(".json"):
            continue
        content = intact_blob(store, file.sha256)
        if content is not None and (token := token_in(content)):
            yield Reference("object", token.object_id, None, where)


def _problem(store: Store, reference: Reference) -> str | None:
    if reference.kind == "object":
        present = store.object_folder(reference.id).is_dir()
        return None if present else f"is missing, but {reference.source} names it"
    size = size_of(store.blob_path(reference.id))
    if size is None:
        return f"is missing, but {reference.source} names it"
    if reference.size not in (None, size):
        return f"has {size} bytes instead of {reference.size}"
    return None
