"""What a remote copy of a store holds, and reading it: nothing is believed before it was compared with its name."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from hyperforget.errors import UserError
from hyperforget.store import recipes, tags
from hyperforget.store import versions as history
from hyperforget.store.canonical import digest, readable_json
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.manifest import MANIFEST_NAME, FileEntry, Manifest, decode
from hyperforget.store.places import is_object_id
from hyperforget.store.recipes import Record
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

    Raises `UserError` if none is there, if it has a format that this code cannot read, and where the storage
    refuses.
    """
    if _is_new(bucket):
        raise UserError(f"remote {bucket.url} holds no store; check the URL, or push one there first")
    return _list(bucket)


def prepare_contents(bucket: Bucket, *, dry_run: bool) -> Contents:
    """What a remote copy holds, after making an empty one where nothing is; with ``dry_run`` without making it.

    Raises `UserError` where something else is, and if the storage lets two writers create one file; otherwise
    as `read_contents`.
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
            f"remote {bucket.url}: the storage ignores the condition of a write (If-None-Match), so that two who "
            "push at once could overwrite each other's tags; use a storage that honours it"
        )
    return _list(bucket)


def blob_key(sha256: str) -> str:
    return f"blobs/{sha256[:2]}/{sha256}"


def data_key(sha256: str) -> str:
    return f"data/{sha256[:2]}/{sha256}"


def manifest_key(object_id: str) -> str:
    return f"objects/{object_id[:2]}/{object_id}.json"


def record_key(name: str) -> str:
    return f"{recipes.FOLDER}/{name[:2]}/{name}.json"


def entry_key(entry_id: str) -> str:
    return f"{history.FOLDER}/{entry_id}.json"


def record_id(record: Record) -> str:
    """The name of a record: its recipe's id, a slash, and the digest of its result."""
    return f"{record.recipe.id}/{digest({name: file.sha256 for name, file in record.outputs.items()})}"


def encode_record(record: Record) -> bytes:
    return _encode(record_key(record_id(record)), asdict(record))


def encode_entry(entry: LogEntry) -> bytes:
    body = asdict(entry)
    del body["number"]
    return _encode(entry_key(entry.id), body)


def encode_tag(tag: Tag) -> bytes:
    return _encode(tags.tag_place(tag.name), asdict(tag))


def read_record(bucket: Bucket, name: str) -> Record:
    """A record by its name.

    This and all below raise `MissingObjectError`, and `CorruptObjectError` for what is not as its name says.
    """

    def parse(body: dict[str, Any]) -> Record:
        record = recipes.record_of(body)
        _expect(record_id(record) == name, "is of another recipe or result")
        return record

    return _read_document(bucket, record_key(name), parse)


def read_entry(bucket: Bucket, entry_id: str) -> LogEntry:
    """An entry of the log, with number 0."""

    def parse(body: dict[str, Any]) -> LogEntry:
        entry = LogEntry(number=0, **body)
        _expect(entry.id == entry_id, "is another entry")
        return entry

    return _read_document(bucket, entry_key(entry_id), parse)


def read_tag(bucket: Bucket, name: str) -> Tag:
    def parse(body: dict[str, Any]) -> Tag:
        tag = Tag(**body)
        _expect(tag.name == name, "is another tag")
        return tag

    return _read_document(bucket, tags.tag_place(name), parse)


def expect_same_version(bucket: Bucket, here: Tag, there: Tag) -> None:
    """Raise `UserError` if a tag names another version in the remote copy than in the store."""
    if here.version_id != there.version_id:
        raise UserError(
            f"tag {here.name} is version {here.version_id[:12]} here, but {there.version_id[:12]} in remote "
            f"{bucket.url}; a tag never moves: delete the one here, or give it another name"
        )


def read_manifest(bucket: Bucket, object_id: str) -> Manifest:
    """The manifest of an object, whose files lie below the object's folder and nowhere else."""
    key = manifest_key(object_id)
    try:
        manifest = decode(read(bucket, key), object_id)
    except UserError:
        raise
    except ValueError as problem:
        raise damaged(bucket, key, str(problem).removeprefix(f"{MANIFEST_NAME} ")) from None
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if not parts or parts[0] == "/" or ".." in parts or name == MANIFEST_NAME:
            raise damaged(bucket, key, f"names a file {name!r} outside the object")
    return manifest


def read_blob(bucket: Bucket, sha256: str) -> bytes:
    data = read(bucket, blob_key(sha256))
    if hashlib.sha256(data).hexdigest() != sha256:
        raise damaged(bucket, blob_key(sha256), "is not what was written")
    return data


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


def damaged(bucket: Bucket, key: str, problem: str) -> CorruptObjectError:
    return CorruptObjectError(
        f"{key} in remote {bucket.url} {problem}; delete it there and push again from a store that has it"
    )


def _encode(key: str, body: Mapping[str, Any]) -> bytes:
    return encode_document({**body, "place": key})


def _read_document(bucket: Bucket, key: str, parse: Callable[[dict[str, Any]], Parsed]) -> Parsed:
    data = read(bucket, key)
    try:
        body = decode_document(data)
        _expect(body.pop("place", None) == key, "was written at another place")
        return parse(body)
    except ValueError as problem:
        raise damaged(bucket, key, str(problem)) from None
    except (TypeError, KeyError, AttributeError):
        raise damaged(bucket, key, "has other fields than it should") from None


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


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
    return Contents(
        tags=frozenset(path.stem for path, _ in _below(bucket, tags.FOLDER)),
        log=frozenset(path.stem for path, _ in _below(bucket, history.FOLDER) if is_object_id(path.stem)),
        records=frozenset(
            f"{path.parent.name}/{path.stem}"
            for path, _ in _below(bucket, recipes.FOLDER)
            if is_object_id(path.parent.name) and is_object_id(path.stem)
        ),
        objects=frozenset(path.stem for path, _ in _below(bucket, "objects") if is_object_id(path.stem)),
        data={path.name: size for path, size in _below(bucket, "data") if is_object_id(path.name)},
        blobs={path.name: size for path, size in _below(bucket, "blobs") if is_object_id(path.name)},
    )


def _below(bucket: Bucket, folder: str) -> Iterator[tuple[PurePosixPath, int]]:
    return ((PurePosixPath(key), size) for key, size in list_keys(bucket, folder))
