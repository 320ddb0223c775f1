"""The two sides of a copy, the store here and the bucket there, as far as they are alike."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.manifest import MANIFEST_NAME, FileEntry
from hyperforget.store.remote.kinds import BLOBS, OBJECTS, Item, Kind
from hyperforget.store.remote.transfer import at_once

# Of each kind the names of what there is; of blobs their sizes in bytes, and 0 of the rest.
Names = Mapping[Kind[Any], Mapping[str, int]]


@dataclass(frozen=True)
class ObjectFile:
    """A file that belongs to an object: its path below the object's folder, its size and its SHA-256."""

    object_id: str
    path: str
    entry: FileEntry


@dataclass(frozen=True)
class Side(ABC):
    """One side of a copy: what it held when it was looked at, and those of its manifests and documents that were read,
    by key.

    All that is read is compared with its name. Methods raise `UserError` where a storage refuses, `MissingObjectError`
    for what is gone, and `CorruptObjectError` for what is not as its name says.
    """

    names: Names
    known: dict[str, Any]

    @property
    @abstractmethod
    def called(self) -> str:
        """What messages call it."""

    def read(self, kind: Kind[Item], name: str) -> Item:
        """Something by its name; manifests and documents are read once."""
        key = kind.key(name)
        if key in self.known:
            item: Item = self.known[key]
            return item
        data = self.read_bytes(kind, name)
        try:
            item = kind.decode(name, data)
        except ValueError as problem:
            raise self.damaged(kind, name, str(problem).removeprefix(f"{MANIFEST_NAME} ")) from None
        if kind is not BLOBS:
            self.known[key] = item
        return item

    def read_ahead(self, kind: Kind[Any], names: Iterable[str]) -> None:
        """Read manifests or documents, several at once, which are then known."""
        for _ in at_once(partial(self.read, kind), names):
            pass

    def lacks(self, source: "Side", kind: Kind[Any], name: str) -> bool:
        """Whether something that the source has is not here, or not whole."""
        return self.names[kind].get(name) != source.names[kind][name]

    def place_of(self, record: str) -> str:
        """What the names of two records have in common if there is room here for one of them only."""
        return record

    def lacking_files(self, source: "Side", objects: Iterable[str]) -> list[ObjectFile]:
        """The files that travel if objects come here from the source."""
        return [
            ObjectFile(object_id, path, entry)
            for object_id in objects
            for path, entry in source.read(OBJECTS, object_id).files.items()
        ]

    @abstractmethod
    def read_bytes(self, kind: Kind[Any], name: str) -> bytes:
        """The bytes of something, not yet compared with its name."""

    @abstractmethod
    def read_file(self, file: ObjectFile, spare: Path) -> Path:
        """Where a file of an object lies on this machine: at ``spare``, which is no file yet, if it is fetched."""

    @abstractmethod
    def begin(self) -> None:
        """Make ready to take the first thing where nothing is yet."""

    @abstractmethod
    def take(self, source: "Side", kind: Kind[Any], names: list[str]) -> Iterator[int]:
        """Take all of one kind from the source, and yield how many bytes of files came, bit by bit.

        Of documents that others put here meanwhile theirs stay.
        """

    @abstractmethod
    def damaged(self, kind: Kind[Any], name: str, problem: str) -> CorruptObjectError:
        """What to raise for something with a ``problem``, told as a sentence without its subject."""
