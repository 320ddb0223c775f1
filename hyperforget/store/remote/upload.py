"""Push: send what a remote copy of a store lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hyperforget.store.completeness import missing
from hyperforget.store.computations import Record, read_records
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import file_digest, size_of
from hyperforget.store.manifest import Manifest, encode, read_manifest
from hyperforget.store.places import is_object_id
from hyperforget.store.references import parts_of
from hyperforget.store.remote import contents
from hyperforget.store.remote.bucket import Bucket, create, write
from hyperforget.store.remote.contents import Contents
from hyperforget.store.remote.transfer import Transfer, at_once, show, show_bytes
from hyperforget.store.store import Store
from hyperforget.store.tags import Tag, list_tags, tag_place
from hyperforget.store.versions import LogEntry, first_kept, read_log


@dataclass(frozen=True)
class _File:
    """A file to be sent: where it lies, and what it must be."""

    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class _Parcel:
    """What there is to send, by the names that it has in a remote copy."""

    tags: Mapping[str, Tag]
    entries: Mapping[str, LogEntry]
    records: Mapping[str, Record]
    objects: Mapping[str, Manifest]
    blobs: Mapping[str, _File]

    def __len__(self) -> int:
        return sum(map(len, vars(self).values()))


# How documents, by key, are put there.
_Step = tuple[Callable[[Bucket, str, bytes], object], Mapping[str, bytes]]


def push(store: Store, bucket: Bucket, *, dry_run: bool = False) -> Transfer:
    """Send all that the remote copy lacks, which is made if nothing is there.

    Entries of the log whose files are no longer kept stay behind. Raises `UserError` if a tag names another version
    there, before anything is sent, and where the storage refuses; `MissingObjectError` or `CorruptObjectError` for a
    store that is not whole.
    """
    here = _read(store)
    for reference, problem in missing(store).items():
        raise MissingObjectError(
            f"store {store} is not whole: {reference.kind} {reference.id} {problem}; "
            "see 'hyperforget store verify', and rerun the stage that makes it"
        )
    there = contents.prepare_contents(bucket, dry_run=dry_run)
    for name in sorted(here.tags.keys() & there.tags):
        contents.expect_same_version(bucket, here.tags[name], contents.read_tag(bucket, name))
    lacking = _lacking(here, bucket, there)
    files, steps = _files(store, lacking, there), _steps(lacking)
    if not dry_run:
        size = sum(file.size for file in files.values())
        show_bytes(at_once(partial(_send, bucket), files.items()), len(files), size, "pushing")
        sent = (each for put, documents in steps for each in at_once(partial(_put, put, bucket), documents.items()))
        show(sent, sum(len(documents) for _, documents in steps), "pushing", "document")
        for name in lacking.tags:  # another may have given it meanwhile
            contents.expect_same_version(bucket, lacking.tags[name], contents.read_tag(bucket, name))
    return Transfer(
        dry_run=dry_run,
        objects=len(lacking.objects),
        recipes=len(lacking.records),
        files=len(lacking.blobs),
        log_entries=len(lacking.entries),
        tags=len(lacking.tags),
        bytes=sum(file.size for file in files.values()),
        present=len(here) - len(lacking),
    )


def _read(store: Store) -> _Parcel:
    """All that a store has to send; what names others is read before these, so that they are found too."""
    first = first_kept(store)
    return _Parcel(
        tags={tag.name: tag for tag in list_tags(store)},
        entries={entry.id: entry for entry in read_log(store) if entry.number >= first},
        records={contents.record_id(record): record for record in read_records(store)},
        objects={path.name: _manifest(path) for path in _stored(store, "objects")},
        blobs={path.name: _File(path, path.name, size_of(path) or 0) for path in _stored(store, "blobs")},
    )


def _stored(store: Store, folder: str) -> list[Path]:
    return [path for path in sorted((store.root / folder).glob("*/*")) if is_object_id(path.name)]


def _manifest(folder: Path) -> Manifest:
    try:
        return read_manifest(folder, folder.name)
    except ValueError as problem:
        raise CorruptObjectError(
            f"object {folder.name} in {folder} is damaged: {problem}; rerun the stage that makes it"
        ) from problem


def _lacking(here: _Parcel, bucket: Bucket, there: Contents) -> _Parcel:
    return _Parcel(
        tags={name: tag for name, tag in here.tags.items() if name not in there.tags},
        entries={name: entry for name, entry in here.entries.items() if name not in there.log},
        records={name: record for name, record in here.records.items() if name not in there.records},
        objects={
            name: manifest for name, manifest in here.objects.items() if not _is_there(bucket, there, name, manifest)
        },
        blobs={name: file for name, file in here.blobs.items() if there.blobs.get(name) != file.size},
    )


def _is_there(bucket: Bucket, there: Contents, object_id: str, manifest: Manifest) -> bool:
    """Whether an object is there whole, be it in another encoding."""
    if object_id not in there.objects:
        return False
    return _has_data(there, manifest) or _has_data(there, contents.read_manifest(bucket, object_id))


def _has_data(there: Contents, manifest: Manifest) -> bool:
    return all(there.data.get(entry.sha256) == entry.size for entry in manifest.files.values())


def _files(store: Store, lacking: _Parcel, there: Contents) -> dict[str, _File]:
    """The files of objects, and blobs, to be sent, by key."""
    files = {}
    for object_id, manifest in lacking.objects.items():
        for path, entry in manifest.files.items():
            if there.data.get(entry.sha256) != entry.size:
                file = _File(store.object_folder(object_id) / path, entry.sha256, entry.size)
                files[contents.data_key(entry.sha256)] = file
    return files | {contents.blob_key(name): file for name, file in lacking.blobs.items()}


def _steps(lacking: _Parcel) -> list[_Step]:
    """The documents to be sent after the files, each step after the one before.

    A manifest may replace that of another encoding, since the files of both are there; nothing else may.
    """
    parts, wholes = (
        {
            contents.manifest_key(name): encode(manifest)
            for name, manifest in lacking.objects.items()
            if bool(parts_of(manifest.content)) == whole
        }
        for whole in (False, True)
    )
    records = {contents.record_key(name): contents.encode_record(each) for name, each in lacking.records.items()}
    entries = {contents.entry_key(name): contents.encode_entry(each) for name, each in lacking.entries.items()}
    tags = {tag_place(name): contents.encode_tag(each) for name, each in lacking.tags.items()}
    return [(write, parts), (write, wholes), (create, records), (create, entries), (create, tags)]


def _put(put: Callable[[Bucket, str, bytes], object], bucket: Bucket, document: tuple[str, bytes]) -> None:
    put(bucket, *document)


def _send(bucket: Bucket, item: tuple[str, _File]) -> int:
    """Send a file unless it is damaged; returns its size in bytes."""
    key, file = item
    try:
        intact = file_digest(file.path) == file.sha256
    except FileNotFoundError:
        raise MissingObjectError(f"{file.path} was removed meanwhile; push again") from None
    if not intact:
        raise CorruptObjectError(
            f"{file.path} is damaged: it is not what was written; rerun the stage that makes it, and push again"
        )
    write(bucket, key, file.path)
    return file.size
