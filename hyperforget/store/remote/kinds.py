"""The kinds of things that are copied: where one lies in a bucket by its name, and its bytes there."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from hyperforget.store import computations, tags
from hyperforget.store import versions as history
from hyperforget.store.blobs import decode_blob
from hyperforget.store.canonical import digest
from hyperforget.store.computations import Record, body_of, record_of
from hyperforget.store.documents import decode_at, encode_at
from hyperforget.store.fields import read_fields
from hyperforget.store.manifest import decode, encode
from hyperforget.store.tags import Tag
from hyperforget.store.versions import LogEntry

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Kind(Generic[Item]):
    """A kind: the folder in a bucket, keys there by name, and from an item to its bytes and back.

    ``decode`` takes the name too, and raises ValueError with the reason for bytes that are not those of this name.
    """

    folder: str
    key: Callable[[str], str]
    encode: Callable[[Item], bytes]
    decode: Callable[[str, bytes], Item]


def record_name(record: Record) -> str:
    """The name of a record: its computation's id, a slash, and the digest of its result."""
    outputs = {name: file.sha256 for name, file in record.outputs.items()}
    return f"{record.computation.id}/{digest(outputs)}"


def data_key(sha256: str) -> str:
    """Where a file of objects lies in a bucket."""
    return f"data/{sha256[:2]}/{sha256}"


def _documents(
    folder: str,
    key: Callable[[str], str],
    name_of: Callable[[Item], str],
    body_of: Callable[[Item], Mapping[str, Any]],
    item_of: Callable[[dict[str, Any]], Item],
) -> Kind[Item]:
    def decode(name: str, data: bytes) -> Item:
        item = item_of(decode_at(key(name), data))
        if name_of(item) != name:
            raise ValueError(f"is that of {name_of(item)}")
        return item

    return Kind(folder, key, lambda item: encode_at(key(name_of(item)), body_of(item)), decode)


OBJECTS = Kind("objects", lambda name: f"objects/{name[:2]}/{name}.json", encode, lambda name, data: decode(data, name))
BLOBS: Kind[bytes] = Kind(
    "blobs", lambda name: f"blobs/{name[:2]}/{name}", bytes, lambda name, data: decode_blob(data, name)
)
RECORDS = _documents(
    computations.FOLDER,
    lambda name: f"{computations.FOLDER}/{name[:2]}/{name}.json",
    record_name,
    body_of,
    record_of,
)
ENTRIES: Kind[LogEntry] = _documents(
    history.FOLDER,
    lambda name: f"{history.FOLDER}/{name}.json",
    lambda entry: entry.id,
    lambda entry: {name: value for name, value in asdict(entry).items() if name != "number"},
    lambda body: read_fields(LogEntry, {"number": 0, **body}),
)
TAGS: Kind[Tag] = _documents(tags.FOLDER, tags.tag_place, lambda tag: tag.name, asdict, partial(read_fields, Tag))

# What is named comes before what names it.
KINDS: tuple[Kind[Any], ...] = (OBJECTS, BLOBS, RECORDS, ENTRIES, TAGS)
