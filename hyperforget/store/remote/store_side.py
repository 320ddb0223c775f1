"""The store on this machine, as a side of a copy."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store.checks import EXISTENCE, check_object, decode_arrays
from hyperforget.store.completeness import missing
from hyperforget.store.computations import Record, computation_place, keep_record, read_records
from hyperforget.store.errors import CorruptObjectError, MissingObjectError, NonDeterminismError
from hyperforget.store.files import bytes_at, file_digest, size_of, touch
from hyperforget.store.manifest import MANIFEST_NAME
from hyperforget.store.paths import place_in
from hyperforget.store.places import is_object_id
from hyperforget.store.remedies import make_anew
from hyperforget.store.remote.kinds import BLOBS, ENTRIES, KINDS, OBJECTS, RECORDS, TAGS, Kind, record_name
from hyperforget.store.remote.sides import Names, ObjectFile, Side
from hyperforget.store.remote.transfer import AT_ONCE, at_once
from hyperforget.store.store import Store
from hyperforget.store.tags import give_tag, list_tags
from hyperforget.store.versions import first_kept, merge_log, read_log

_OBJECTS_AT_ONCE = 4  # of which each is held in memory


@dataclass(frozen=True)
class StoreSide(Side):
    """A store, whose documents are all known."""

    store: Store

    @property
    def called(self) -> str:
        return f"store {self.store}"

    def lacks(self, source: Side, kind: Kind[Any], name: str) -> bool:
        if kind is not OBJECTS:
            return super().lacks(source, kind, name)
        try:
            check_object(self.store.object_folder(name), name, EXISTENCE)
        except ValueError:
            return True
        return False

    def place_of(self, record: str) -> str:
        return record.partition("/")[0]

    def read_bytes(self, kind: Kind[Any], name: str) -> bytes:
        path = self._path(kind, name)
        try:
            data = bytes_at(path / MANIFEST_NAME if kind is OBJECTS else path)
        except ValueError as problem:
            raise self.damaged(kind, name, str(problem)) from None
        if data is None:
            raise MissingObjectError(f"{path} was removed meanwhile; push again")
        return data

    def read_file(self, file: ObjectFile, spare: Path) -> Path:
        try:
            path = place_in(self.store.object_folder(file.object_id), file.path)
        except ValueError as problem:
            raise self.damaged(OBJECTS, file.object_id, str(problem)) from None
        if not (size_of(path) == file.entry.size and file_digest(path) == file.entry.sha256):
            raise self.damaged(OBJECTS, file.object_id, f"has no {file.path} as it was written")
        return path

    def damaged(self, kind: Kind[Any], name: str, problem: str) -> CorruptObjectError:
        return CorruptObjectError(
            f"{self._path(kind, name)} is damaged: it {problem}; {make_anew(self.store, name)}, and push again"
        )

    def begin(self) -> None:
        self.store.expect_writable()

    def keep_from_garbage(self, wanted: Names) -> None:
        """Mark as used what is here already: it is about to be named."""
        for kind in (RECORDS, BLOBS, OBJECTS):
            for name in wanted[kind]:
                touch(self._path(kind, name))

    def take(self, source: Side, kind: Kind[Any], names: list[str]) -> Iterator[int]:
        if kind is ENTRIES:
            merge_log(self.store, [source.read(ENTRIES, name) for name in names])
            return iter([0] * len(names))
        return at_once(partial(self._take, source, kind), names, _OBJECTS_AT_ONCE if kind is OBJECTS else AT_ONCE)

    def _take(self, source: Side, kind: Kind[Any], name: str) -> int:
        if kind is OBJECTS:
            return self._publish(source, name)
        item = source.read(kind, name)
        if kind is BLOBS:
            self.store.put_blob(item)
        elif kind is TAGS:
            give_tag(self.store, item)
        else:
            with suppress(NonDeterminismError):  # another result was recorded meanwhile; that stays
                keep_record(self.store, item)
        return len(item) if kind is BLOBS else 0

    def _path(self, kind: Kind[Any], name: str) -> Path:
        """Where an object, a blob or a record lies."""
        if kind is RECORDS:
            return self.store.root / computation_place(self.place_of(name))
        return self.store.object_folder(name) if kind is OBJECTS else self.store.blob_path(name)

    def _publish(self, source: Side, object_id: str) -> int:
        """Publish an object as if it were made here, which computes its id anew; returns its size in bytes."""
        content, files = source.read(OBJECTS, object_id).content, self.lacking_files(source, [object_id])
        staging = self.store.staging_folder()
        try:
            for file in files:
                source.read_file(file, place_in(staging, file.path))
            arrays = dict(decode_arrays(staging, content, content.arrays))
            dimensions = {name: each.dimensions for name, each in content.arrays.items() if each.dimensions is not None}
            stored = self.store.publish(content.kind, arrays, content.attributes, dimensions=dimensions)
        except UserError:
            raise
        except (ValueError, TypeError) as problem:
            raise source.damaged(OBJECTS, object_id, f"is no object that can be read: {problem}") from problem
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        if stored != object_id:
            raise source.damaged(OBJECTS, object_id, f"belongs to object {stored}")
        return sum(file.entry.size for file in files)


def open_source(store: Store) -> StoreSide:
    """A store to copy from, without the entries of its log whose files are no longer kept.

    Raises `MissingObjectError` or `CorruptObjectError` if it is not whole.
    """
    store.check()
    side = _open(store, read_records(store), first_kept(store))
    for reference, problem in missing(store).items():
        raise MissingObjectError(
            f"store {store} is not whole: {reference.kind} {reference.id} {problem}; "
            f"{make_anew(store, reference.id)}; 'hyperforget store verify' tells of more"
        )
    return side


def open_target(store: Store) -> StoreSide:
    """A store to copy to, there or not. Damaged records count as lacking, so that others replace them.

    Raises `CorruptObjectError` if a tag or an entry of the log is damaged.
    """
    if not store.root.exists():
        return StoreSide({kind: {} for kind in KINDS}, {}, store)
    return _open(store, read_records(store, skip_damaged=True))


def _open(store: Store, records: Iterable[Record], first: int = 1) -> StoreSide:
    """What names others is read before these, so that they are found too."""
    documents: dict[Kind[Any], dict[str, Any]] = {
        TAGS: {tag.name: tag for tag in list_tags(store)},
        ENTRIES: {entry.id: entry for entry in read_log(store) if entry.number >= first},
        RECORDS: {record_name(record): record for record in records},
    }
    names: dict[Kind[Any], dict[str, int]] = {kind: dict.fromkeys(found, 0) for kind, found in documents.items()}
    for kind in (OBJECTS, BLOBS):
        found = [path for path in (store.root / kind.folder).glob("*/*") if is_object_id(path.name)]
        names[kind] = {path.name: size_of(path) or 0 if kind is BLOBS else 0 for path in found}
    known = {kind.key(name): item for kind, found in documents.items() for name, item in found.items()}
    return StoreSide(names, known, store)
