"""Copying between a store and a bucket: push and pull are one algorithm, in two directions."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from hyperforget.store.references import parts_of
from hyperforget.store.remote import bucket_side, store_side
from hyperforget.store.remote.bucket import Bucket
from hyperforget.store.remote.kinds import BLOBS, ENTRIES, KINDS, OBJECTS, RECORDS, TAGS, Kind
from hyperforget.store.remote.selection import needed
from hyperforget.store.remote.sides import Names, Side
from hyperforget.store.remote.transfer import Transfer, at_once, show, show_bytes
from hyperforget.store.store import Store
from hyperforget.store.versions import parse_version

_DOCUMENTS = (RECORDS, ENTRIES, TAGS)


def push(store: Store, bucket: Bucket, name: str | None = None, *, dry_run: bool = False) -> Transfer:
    """Send all that the remote copy lacks, which is made if nothing is there, or with the ``name`` of a tag what this
    needs, as `pull` says.

    Entries of the log whose files are no longer kept stay behind. Raises `UserError` if there is no such tag, if a tag
    names another version there, before anything is sent, and where the storage refuses; `MissingObjectError` or
    `CorruptObjectError` for a store that is not whole.
    """
    source = store_side.open_source(store)
    target = bucket_side.open_target(bucket)
    wanted = source.names if name is None else needed(source, name)
    target.expect_same_versions(source, wanted[TAGS].keys() & target.names[TAGS].keys())
    done = _copy(wanted, source, target, "pushing", dry_run)
    if not dry_run:  # another may have given one meanwhile
        target.expect_same_versions(source, wanted[TAGS])
    return done


def pull(store: Store, bucket: Bucket, name: str | None = None, *, dry_run: bool = False) -> Transfer:
    """Fetch all that the store lacks, or with the ``name`` of a tag what this needs: its files, their objects, and how
    they were made. The store is made if need be.

    Raises `UserError` if there is no store or no such tag in the remote copy, if a tag names another version here,
    before anything is fetched, and where the storage refuses; `MissingObjectError` or `CorruptObjectError` for what is
    not as it was pushed, which is not put into the store.
    """
    target = store_side.open_target(store)
    source = bucket_side.open_source(bucket)
    source.known.update({RECORDS.key(each): target.read(RECORDS, each) for each in target.names[RECORDS]})
    records = sorted(source.names[RECORDS].keys() - target.names[RECORDS].keys())
    show(at_once(partial(source.read, RECORDS), records), len(records), "reading records", "record")
    wanted = source.names if name is None else needed(source, name)
    source.expect_same_versions(target, wanted[TAGS].keys() & target.names[TAGS].keys())
    if not dry_run:
        target.keep_from_garbage(wanted)
    return _copy(wanted, source, target, "pulling", dry_run)


def _copy(wanted: Names, source: Side, target: Side, verb: str, dry_run: bool) -> Transfer:
    """Give the target what it lacks of what is wanted from the source: what is named before what names it."""
    lacking, left = _compare(wanted, source, target)
    # Before anything is written, so that whatever of these is damaged stops all.
    for kind in (OBJECTS, *_DOCUMENTS):
        source.read_ahead(kind, lacking[kind])
    _expect_whole(lacking[RECORDS], source, target)
    _expect_versions(lacking, source)
    wholes = [name for name in lacking[OBJECTS] if parts_of(source.read(OBJECTS, name).content)]
    parts = [name for name in lacking[OBJECTS] if name not in wholes]
    files = target.lacking_files(source, lacking[OBJECTS])
    size = sum(file.entry.size for file in files) + sum(wanted[BLOBS][name] for name in lacking[BLOBS])
    if not dry_run:
        target.begin()
        steps = ((OBJECTS, parts), (OBJECTS, wholes), (BLOBS, lacking[BLOBS]))
        sizes = (each for kind, names in steps for each in target.take(source, kind, names))
        show_bytes(sizes, len(files) + len(lacking[BLOBS]), size, verb)
        documents = (each for kind in _DOCUMENTS for each in target.take(source, kind, lacking[kind]))
        show(documents, sum(len(lacking[kind]) for kind in _DOCUMENTS), verb, "document")
    return Transfer(
        dry_run=dry_run,
        objects=len(lacking[OBJECTS]),
        recipes=len(lacking[RECORDS]),
        files=len(lacking[BLOBS]),
        log_entries=len(lacking[ENTRIES]),
        tags=len(lacking[TAGS]),
        bytes=size,
        present=sum(map(len, wanted.values())) - sum(map(len, lacking.values())) - len(left),
        left=tuple(name.partition("/")[0] for name in left),
    )


def _compare(wanted: Names, source: Side, target: Side) -> tuple[dict[Kind[Any], list[str]], list[str]]:
    """What the target lacks, in the order of names, and the records in whose place it has another."""
    lacking = {kind: [name for name in sorted(wanted[kind]) if target.lacks(source, kind, name)] for kind in KINDS}
    at_place = {target.place_of(name): name for name in target.names[RECORDS]}
    left = [name for name in lacking[RECORDS] if at_place.setdefault(target.place_of(name), name) != name]
    return lacking | {RECORDS: [name for name in lacking[RECORDS] if name not in left]}, left


def _expect_versions(lacking: Mapping[Kind[Any], list[str]], source: Side) -> None:
    """Raise `CorruptObjectError` if an entry of the log or a tag names a file of the source that is no version."""
    kinds: tuple[Kind[Any], ...] = (ENTRIES, TAGS)
    naming = {source.read(kind, name).version_id: (kind, name) for kind in kinds for name in lacking[kind]}

    def check(version_id: str) -> None:
        data = source.read(BLOBS, version_id)
        try:
            parse_version(version_id, data)
        except ValueError as problem:
            raise source.damaged(*naming[version_id], f"names {version_id}, which is {problem}") from None

    for _ in at_once(check, sorted(naming.keys() & source.names[BLOBS].keys())):
        pass


def _expect_whole(records: Iterable[str], source: Side, target: Side) -> None:
    """Raise `CorruptObjectError` if a record names what is on neither side."""
    for name in records:
        record = source.read(RECORDS, name)
        files = [file.sha256 for file in record.outputs.values()]
        for kind, named in ((BLOBS, files), (OBJECTS, record.objects)):
            for each in named:
                if each not in source.names[kind] and each not in target.names[kind]:
                    raise source.damaged(RECORDS, name, f"names {each}, which is not there")
