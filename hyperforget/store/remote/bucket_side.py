"""The bucket, as a side of a copy."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from hyperforget.errors import UserError, shown
from hyperforget.store.canonical import readable_json
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.places import is_object_id
from hyperforget.store.remote.bucket import Bucket, create, list_keys, read, read_pieces, write
from hyperforget.store.remote.kinds import BLOBS, KINDS, OBJECTS, RECORDS, TAGS, Kind, data_key
from hyperforget.store.remote.sides import ObjectFile, Side
from hyperforget.store.remote.transfer import at_once
from hyperforget.store.tags import is_tag_name

FORMAT_VERSION = 1
DESCRIPTION = "remote.json"


@dataclass(frozen=True)
class BucketSide(Side):
    """A bucket, and the sizes in bytes of the files of objects there, by SHA-256."""

    bucket: Bucket
    data: dict[str, int]

    @property
    def called(self) -> str:
        return f"remote {self.bucket.url}"

    def lacks(self, source: Side, kind: Kind[Any], name: str) -> bool:
        if kind is not OBJECTS or name not in self.names[OBJECTS]:
            return super().lacks(source, kind, name)
        # It may be here in another encoding, whose files have other names.
        return all(self.lacking_files(side, [name]) for side in (source, self))

    def lacking_files(self, source: Side, objects: Iterable[str]) -> list[ObjectFile]:
        """Equal files travel once."""
        files = {file.entry.sha256: file for file in super().lacking_files(source, objects)}
        return [file for file in files.values() if self.data.get(file.entry.sha256) != file.entry.size]

    def read_bytes(self, kind: Kind[Any], name: str) -> bytes:
        return read(self.bucket, kind.key(name))

    def read_file(self, file: ObjectFile, spare: Path) -> Path:
        spare.parent.mkdir(parents=True, exist_ok=True)
        found, key = hashlib.sha256(), data_key(file.entry.sha256)
        with spare.open("xb") as stream:
            for piece in read_pieces(self.bucket, key):
                found.update(piece)
                stream.write(piece)
                if stream.tell() > file.entry.size:
                    raise self._damaged_at(key, f"has more than {file.entry.size} bytes")
            # What a listing states is added up for progress: it has to be true.
            if stream.tell() < file.entry.size:
                raise self._damaged_at(key, f"has {stream.tell()} bytes instead of {file.entry.size}")
        if found.hexdigest() != file.entry.sha256:
            raise self._damaged_at(key, "is not what was written")
        return spare

    def damaged(self, kind: Kind[Any], name: str, problem: str) -> CorruptObjectError:
        return self._damaged_at(kind.key(name), problem)

    def begin(self) -> None:
        """Say that a store is here. Raises `UserError` if the storage lets two writers create one file."""
        description = readable_json({"format": FORMAT_VERSION, "hash": "sha256"})
        if create(self.bucket, DESCRIPTION, description) and create(self.bucket, DESCRIPTION, description):
            raise UserError(
                f"remote {self.bucket.url}: the storage ignores the condition of a write (If-None-Match), so that two "
                "who push at once could overwrite each other's tags; use a storage that honours it"
            )

    def take(self, source: Side, kind: Kind[Any], names: list[str]) -> Iterator[int]:
        if kind is OBJECTS:
            yield from at_once(partial(self._take_file, source), self.lacking_files(source, names))
        yield from at_once(partial(self._take, source, kind), names)

    def expect_same_versions(self, here: Side, names: Iterable[str]) -> None:
        """Raise `UserError` if one of these tags, which both have, names another version there than ``here``."""
        for name in sorted(names):
            ours, theirs = here.read(TAGS, name).version_id, self.read(TAGS, name).version_id
            if ours != theirs:
                raise UserError(
                    f"tag {name} is version {ours[:12]} here, but {theirs[:12]} in remote {self.bucket.url}; "
                    "a tag never moves: delete the one here, or give it another name"
                )

    def _take_file(self, source: Side, file: ObjectFile) -> int:
        with TemporaryDirectory() as folder:  # used only if the source is not on this machine
            write(self.bucket, data_key(file.entry.sha256), source.read_file(file, Path(folder, "file")))
        self.data[file.entry.sha256] = file.entry.size
        return file.entry.size

    def _take(self, source: Side, kind: Kind[Any], name: str) -> int:
        data = kind.encode(source.read(kind, name))
        if kind in (OBJECTS, BLOBS):
            # A manifest may replace that of another encoding, since the files of both are there.
            write(self.bucket, kind.key(name), data)
        else:
            create(self.bucket, kind.key(name), data)
        return len(data) if kind is BLOBS else 0

    def _damaged_at(self, key: str, problem: str) -> CorruptObjectError:
        return CorruptObjectError(
            f"{key} in remote {self.bucket.url} {problem}; delete it there and push again from a store that has it"
        )


def open_source(bucket: Bucket) -> BucketSide:
    """A bucket to copy from.

    Raises `UserError` if it holds no store, or one in a format of another version, and where the storage refuses.
    """
    if _is_new(bucket):
        raise UserError(f"remote {bucket.url} holds no store; check the URL, or push one there first")
    return _open(bucket)


def open_target(bucket: Bucket) -> BucketSide:
    """A bucket to copy to, which is empty or holds a store. Raises `UserError` otherwise, and as `open_source` does."""
    # In this order, since another may be making it now: its description is there before all else.
    occupied = next(list_keys(bucket), None) is not None
    if occupied and _is_new(bucket):
        raise UserError(
            f"remote {bucket.url} holds other files and no store; name another prefix, such as {bucket.url}/store"
        )
    return _open(bucket)


def _open(bucket: Bucket) -> BucketSide:
    """List names, those that name others before these: what is named was there first, so it is listed too."""
    names = {kind: _list(bucket, kind) for kind in reversed(KINDS)}
    data = {PurePosixPath(key).name: size for key, size in list_keys(bucket, "data")}
    return BucketSide(names, {}, bucket, data)


def _list(bucket: Bucket, kind: Kind[Any]) -> dict[str, int]:
    found = {}
    for key, size in list_keys(bucket, kind.folder):
        path = PurePosixPath(key)
        name = f"{path.parent.name}/{path.stem}" if kind is RECORDS else path.stem
        named = is_tag_name(name) if kind is TAGS else all(map(is_object_id, name.split("/")))
        if named and kind.key(name) == key:
            found[name] = size if kind is BLOBS else 0
        elif kind is TAGS:
            raise UserError(
                f"remote {bucket.url} has {key!a}, which is no name of a tag; delete it there, or use another remote"
            )
    return found


def _is_new(bucket: Bucket) -> bool:
    """Whether no store was pushed there yet; raises `UserError` for a format that this code cannot read."""
    try:
        data = read(bucket, DESCRIPTION)
    except MissingObjectError:
        return True
    try:
        version = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if type(version) is not int:
        raise UserError(
            f"remote {bucket.url} has a {DESCRIPTION} that names no format version; delete it there and push again"
        )
    if version != FORMAT_VERSION:
        raise UserError(
            f"remote {bucket.url} has format {shown(version)}, but this version of hyperforget reads format "
            f"{FORMAT_VERSION}; install another version or name another remote"
        )
    return False
