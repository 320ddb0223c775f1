"""What a remote copy of a store holds, and reading it; all is first compared with its name."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from hyperforget.errors import UserError
from hyperforget.store import computations, tags
from hyperforget.store import versions as history
from hyperforget.store.blobs import decode_blob
from hyperforget.store.canonical import digest, readable_json
from hyperforget.store.computations import Record, body_of, record_of
from hyperforget.store.documents import decode_at, encode_at
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.manifest import MANIFEST_NAME, FileEntry, Manifest, decode
from hyperforget.store.places import is_object_id
from hyperforget.store.remote.bucket import Bucket, create, list_keys, read, read_pieces
from hyperforget.store.tags import Tag
from hyperforget.store.versions import LogEntry

FORMAT_VERSION = 1
DESCRIPTION = "remote.json"

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Contents:
    """Names of all that a remote copy holds; of files the size in bytes too. See `record_id` for records."""

    tags: frozenset[str]
    log: frozenset[str]
    records: frozenset[str]
    objects: frozenset[str]
    data: Mapping[str, int]
    blobs: Mapping[str, int]


def read_contents(bucket: Bucket) -> Contents:
    """What a remote copy holds.

    Raises `UserError` if none is there, if its format is of another version, and where the storage refuses.
    """
    if _is_new(bucket):
        raise UserError(f"remote {bucket.url} holds no store; check the URL, or push one there first")
    return _list(bucket)


def prepare_contents(bucket: Bucket, *, dry_run: bool) -> Contents:
    """What a remote copy holds, after making an empty one where nothing is, unless it is a ``dry_run``.

    Raises `UserError` where something else is, if the storage lets two writers create one file, and as `read_contents`.
    """
    # In this order, since another may be making it now: its description is there before all else.
    occupied = next(list_keys(bucket), None) is not None
    if occupied and _is_new(bucket):
        raise UserError(
            f"remote {bucket.url} holds other files and no store; name another prefix, such as {bucket.url}/store"
        )
    description = readable_json({"format": FORMAT_VERSION, "hash": "sha256"})
    if not dry_run and create(bucket, DESCRIPTION, description) and create(bucket, DESCRIPTION, description):
        raise UserError(
            f"remote {bucket.url}: the storage ignores the condition of a write (If-None-Match), so that two "
            "who push at once could overwrite each other's tags; use a storage that honours it"
        )
    return _list(bucket)


def blob_key(sha256: str) -> str:
    return f"blobs/{sha256[:2]}/{sha256}"


def data_key(sha256: str) -> str:
    return f"data/{sha256[:2]}/{sha256}"


def manifest_key(object_id: str) -> str:
    return f"objects/{object_id[:2]}/{object_id}.json"


def record_key(name: str) -> str:
    return f"{computations.FOLDER}/{name[:2]}/{name}.json"


def entry_key(entry_id: str) -> str:
    return f"{history.FOLDER}/{entry_id}.json"


def record_id(record: Record) -> str:
    """The name of a record: its computation's id, a slash, and the digest of its result."""
    outputs = {name: file.sha256 for name, file in record.outputs.items()}
    return f"{record.computation.id}/{digest(outputs)}"


def encode_record(record: Record) -> bytes:
    return encode_at(record_key(record_id(record)), body_of(record))


def encode_entry(entry: LogEntry) -> bytes:
    body = asdict(entry)
    del body["number"]
    return encode_at(entry_key(entry.id), body)


def encode_tag(tag: Tag) -> bytes:
    return encode_at(tags.tag_place(tag.name), asdict(tag))


def read_record(bucket: Bucket, name: str) -> Record:
    """A record by its name.

    This and all below raise `MissingObjectError`, and `CorruptObjectError` for what is not as its name says.
    """

    def parse(key: str, data: bytes) -> Record:
        record = record_of(decode_at(key, data))
        return _checked(record, record_id(record) == name, "is of another computation or result")

    return _read(bucket, record_key(name), parse)


def read_entry(bucket: Bucket, entry_id: str) -> LogEntry:
    """An entry of the log, with number 0."""

    def parse(key: str, data: bytes) -> LogEntry:
        entry = LogEntry(number=0, **decode_at(key, data))
        return _checked(entry, entry.id == entry_id, "is another entry")

    return _read(bucket, entry_key(entry_id), parse)


def read_tag(bucket: Bucket, name: str) -> Tag:
    def parse(key: str, data: bytes) -> Tag:
        tag = Tag(**decode_at(key, data))
        return _checked(tag, tag.name == name, "is another tag")

    return _read(bucket, tags.tag_place(name), parse)


def read_manifest(bucket: Bucket, object_id: str) -> Manifest:
    """The manifest of an object, whose files lie below the object's folder and nowhere else."""

    def parse(key: str, data: bytes) -> Manifest:
        manifest = decode(data, object_id)
        for name in manifest.files:
            parts = PurePosixPath(name).parts
            if not parts or parts[0] == "/" or ".." in parts or name == MANIFEST_NAME:
                raise ValueError(f"names a file {name!r} outside the object")
        return manifest

    return _read(bucket, manifest_key(object_id), parse)


def read_blob(bucket: Bucket, sha256: str) -> bytes:
    return _read(bucket, blob_key(sha256), lambda _, data: decode_blob(data, sha256))


def read_data(bucket: Bucket, entry: FileEntry, path: Path) -> None:
    """Write a file of an object to ``path``."""
    key = data_key(entry.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with path.open("xb") as stream:
        for piece in read_pieces(bucket, key):
            found.update(piece)
            stream.write(piece)
            if stream.tell() > entry.size:
                raise damaged(bucket, key, f"has more than {entry.size} bytes")
    if found.hexdigest() != entry.sha256:
        raise damaged(bucket, key, "is not what was written")


def expect_same_version(bucket: Bucket, here: Tag, there: Tag) -> None:
    """Raise `UserError` if a tag names another version in the remote copy than in the store."""
    if here.version_id != there.version_id:
        raise UserError(
            f"tag {here.name} is version {here.version_id[:12]} here, but {there.version_id[:12]} in remote "
            f"{bucket.url}; a tag never moves: delete the one here, or give it another name"
        )


def damaged(bucket: Bucket, key: str, problem: str) -> CorruptObjectError:
    return CorruptObjectError(
        f"{key} in remote {bucket.url} {problem}; delete it there and push again from a store that has it"
    )


def _read(bucket: Bucket, key: str, parse: Callable[[str, bytes], Parsed]) -> Parsed:
    data = read(bucket, key)
    try:
        return parse(key, data)
    except ValueError as problem:
        raise damaged(bucket, key, str(problem).removeprefix(f"{MANIFEST_NAME} ")) from None
    except (TypeError, KeyError, AttributeError):
        raise damaged(bucket, key, "has other fields than it should") from None


def _checked(found: Parsed, holds: bool, otherwise: str) -> Parsed:
    if not holds:
        raise ValueError(otherwise)
    return found


def _is_new(bucket: Bucket) -> bool:
    """Whether no store was pushed there yet; raises `UserError` for a format that this code cannot read."""
    try:
        data = read(bucket, DESCRIPTION)
    except MissingObjectError:
        return True
    try:
        version = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError):
        version = None
    if version != FORMAT_VERSION:
        raise UserError(
            f"remote {bucket.url} has format {version}, but this version of hyperforget reads format "
            f"{FORMAT_VERSION}; install another version or name another remote"
        )
    return False


def _list(bucket: Bucket) -> Contents:
    """All names, those that name others before these: what is named was there first, so it is listed too."""

    def ids(folder: str, suffix: str = ".json") -> Iterator[tuple[PurePosixPath, int]]:
        found = ((PurePosixPath(key), size) for key, size in list_keys(bucket, folder))
        return ((path, size) for path, size in found if path.suffix == suffix and is_object_id(path.stem))

    return Contents(
        tags=frozenset(PurePosixPath(key).stem for key, _ in list_keys(bucket, tags.FOLDER)),
        log=frozenset(path.stem for path, _ in ids(history.FOLDER)),
        records=frozenset(
            f"{path.parent.name}/{path.stem}" for path, _ in ids(computations.FOLDER) if is_object_id(path.parent.name)
        ),
        objects=frozenset(path.stem for path, _ in ids("objects")),
        data={path.name: size for path, size in ids("data", "")},
        blobs={path.name: size for path, size in ids("blobs", "")},
    )
