"""Pull: fetch what a store lacks from a remote copy, all of it or what one tag needs."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.store import computations
from hyperforget.store.checks import EXISTENCE, check_object, decode_arrays
from hyperforget.store.computations import Record, computation_place, keep_record
from hyperforget.store.documents import list_documents
from hyperforget.store.errors import CorruptObjectError, NonDeterminismError
from hyperforget.store.files import size_of, touch
from hyperforget.store.manifest import Manifest
from hyperforget.store.references import parts_of
from hyperforget.store.remote import contents
from hyperforget.store.remote.bucket import Bucket
from hyperforget.store.remote.contents import Contents, damaged
from hyperforget.store.remote.selection import Wanted, everything, needed
from hyperforget.store.remote.transfer import Transfer, at_once, show, show_bytes
from hyperforget.store.store import Store
from hyperforget.store.tags import Tag, give_tag, list_tags
from hyperforget.store.versions import LogEntry, merge_log, read_log

_OBJECTS_AT_ONCE = 4  # of which each is held in memory


@dataclass(frozen=True)
class _Own:
    """What the store has: tags by name, ids of entries of the log, records by their name in a bucket."""

    tags: Mapping[str, Tag]
    entries: frozenset[str]
    records: Mapping[str, Record]


@dataclass(frozen=True)
class _Lacking:
    """What of it the store lacks, and the ids of computations of which it has another result."""

    tags: tuple[Tag, ...]
    entries: tuple[LogEntry, ...]
    records: tuple[Record, ...]
    objects: Mapping[str, Manifest]
    blobs: Mapping[str, int]
    left: tuple[str, ...]


def pull(store: Store, bucket: Bucket, name: str | None = None, *, dry_run: bool = False) -> Transfer:
    """Fetch all that the store lacks, or with the ``name`` of a tag what this needs: its files, their objects, and how
    they were made. The store is made if need be.

    Raises `UserError` if there is no store or no such tag in the remote copy, if a tag names another version here,
    before anything is fetched, and where the storage refuses; `MissingObjectError` or `CorruptObjectError` for what is
    not as it was pushed, which is not put into the store.
    """
    own = _read_own(store)
    there = contents.read_contents(bucket)
    records = _read_records(bucket, there, own)
    manifest_of = cache(partial(contents.read_manifest, bucket))
    wanted = everything(bucket, there) if name is None else needed(bucket, there, name, records, manifest_of)
    for tag in wanted.tags:
        if tag.name in own.tags:
            contents.expect_same_version(bucket, own.tags[tag.name], tag)
    lacking = _lacking(store, there, wanted, own, records, manifest_of)
    _expect_complete(store, bucket, there, lacking)
    if not dry_run:
        store.create()
        _keep_from_collection(store, wanted)
        _fetch(store, bucket, lacking)
    sent = Transfer(
        dry_run=dry_run,
        objects=len(lacking.objects),
        recipes=len(lacking.records),
        files=len(lacking.blobs),
        log_entries=len(lacking.entries),
        tags=len(lacking.tags),
        bytes=sum(map(_size, lacking.objects.values())) + sum(lacking.blobs.values()),
        present=0,
        left=lacking.left,
    )
    moved = sent.objects + sent.recipes + sent.files + sent.log_entries + sent.tags + len(sent.left)
    return replace(sent, present=len(wanted) - moved)


def _read_own(store: Store) -> _Own:
    if not store.root.exists():
        return _Own({}, frozenset(), {})
    tags, entries = list_tags(store), read_log(store)
    records = {}
    for place in list_documents(store, computations.FOLDER):
        with suppress(CorruptObjectError):  # is replaced by what is pulled
            if record := computations.read_record(store, Path(place).stem):
                records[contents.record_id(record)] = record
    return _Own({tag.name: tag for tag in tags}, frozenset(entry.id for entry in entries), records)


def _read_records(bucket: Bucket, there: Contents, own: _Own) -> dict[str, Record]:
    """All records of a remote copy by name; those that the store has are not fetched."""
    names = sorted(there.records - own.records.keys())
    fetched = show(at_once(partial(contents.read_record, bucket), names), len(names), "reading records", "record")
    return dict(zip(names, fetched, strict=True)) | {
        name: own.records[name] for name in there.records & own.records.keys()
    }


def _lacking(
    store: Store,
    there: Contents,
    wanted: Wanted,
    own: _Own,
    records: Mapping[str, Record],
    manifest_of: Callable[[str], Manifest],
) -> _Lacking:
    objects = [name for name in sorted(wanted.objects) if not _has_object(store, name)]
    taken = {record.computation.id: name for name, record in own.records.items()}
    new, left = [], []
    for name in sorted(wanted.records):
        computation_id = records[name].computation.id
        if computation_id not in taken:
            new.append(records[name])
        elif taken[computation_id] != name:
            left.append(computation_id)
        taken.setdefault(computation_id, name)
    return _Lacking(
        tuple(tag for tag in wanted.tags if tag.name not in own.tags),
        tuple(entry for entry in wanted.entries if entry.id not in own.entries),
        tuple(new),
        dict(zip(objects, at_once(manifest_of, objects), strict=True)),
        {
            name: there.blobs[name]
            for name in sorted(wanted.blobs)
            if size_of(store.blob_path(name)) != there.blobs[name]
        },
        tuple(left),
    )


def _has_object(store: Store, object_id: str) -> bool:
    try:
        check_object(store.object_folder(object_id), object_id, EXISTENCE)
    except ValueError:
        return False
    return True


def _expect_complete(store: Store, bucket: Bucket, there: Contents, lacking: _Lacking) -> None:
    """Raise `CorruptObjectError` if a record names what is on neither side."""
    for record in lacking.records:
        blobs = (file.sha256 for file in record.outputs.values() if file.sha256 not in there.blobs)
        objects = (object_id for object_id in record.objects if object_id not in there.objects)
        here = [
            *(store.blob_path(each) for each in blobs),
            *(store.object_folder(each) for each in objects),
        ]
        for path in here:
            if not path.exists():
                key = contents.record_key(contents.record_id(record))
                raise damaged(bucket, key, f"names {path.name}, which is not there")


def _keep_from_collection(store: Store, wanted: Wanted) -> None:
    """Mark as used what is there already: it is about to be named."""
    for name in wanted.records:
        touch(store.root / computation_place(name.partition("/")[0]))
    for name in wanted.blobs:
        touch(store.blob_path(name))
    for name in wanted.objects:
        touch(store.object_folder(name))


def _fetch(store: Store, bucket: Bucket, lacking: _Lacking) -> None:
    """What is named comes before what names it."""
    fetch_object = partial(_fetch_object, store, bucket)
    parts, wholes = (
        [item for item in lacking.objects.items() if bool(parts_of(item[1].content)) == whole]
        for whole in (False, True)
    )
    total = sum(map(_size, lacking.objects.values())) + sum(lacking.blobs.values())
    done = chain(
        at_once(fetch_object, parts, _OBJECTS_AT_ONCE),
        at_once(fetch_object, wholes, _OBJECTS_AT_ONCE),
        at_once(partial(_fetch_blob, store, bucket), lacking.blobs),
    )
    files = len(lacking.blobs) + sum(len(manifest.files) for manifest in lacking.objects.values())
    show_bytes(done, files, total, "pulling")
    for record in lacking.records:
        with suppress(NonDeterminismError):  # another result was recorded meanwhile; that stays
            keep_record(store, record)
    merge_log(store, lacking.entries)
    for tag in lacking.tags:
        give_tag(store, tag)


def _fetch_blob(store: Store, bucket: Bucket, sha256: str) -> int:
    data = contents.read_blob(bucket, sha256)
    store.put_blob(data)
    return len(data)


def _fetch_object(store: Store, bucket: Bucket, item: tuple[str, Manifest]) -> int:
    """Publish an object as if it were made here, which computes its id anew; returns its size in bytes."""
    object_id, manifest = item
    content, key = manifest.content, contents.manifest_key(object_id)
    staging = store.staging_folder()
    try:
        for path, entry in manifest.files.items():
            contents.read_data(bucket, entry, staging / path)
        arrays = dict(decode_arrays(staging, content, content.arrays))
        dimensions = {name: entry.dimensions for name, entry in content.arrays.items() if entry.dimensions is not None}
        stored = store.publish(content.kind, arrays, content.attributes, dimensions=dimensions)
    except UserError:
        raise
    except (ValueError, TypeError) as problem:
        raise damaged(bucket, key, f"is no object that can be read: {problem}") from problem
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if stored != object_id:
        raise damaged(bucket, key, f"belongs to object {stored}")
    return _size(manifest)


def _size(manifest: Manifest) -> int:
    return sum(entry.size for entry in manifest.files.values())
