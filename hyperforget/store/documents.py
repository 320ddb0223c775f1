"""Documents: small JSON files of a store, written once, that know whether they are what was written.

Records, tags and log entries are documents. Nothing else in a store names them, so a deleted one would leave no trace;
therefore each is written a second time below ``copies/``. The copy comes last: a document without one is whole (its
writer was killed in between), a copy without its document says that this was deleted.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hyperforget.store.canonical import digest, digest_plain, plain_json, readable_json, readable_plain
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.files import bytes_at, create_file, entries_below, remove, replace_file, sync_folders
from hyperforget.store.places import Places

COPIES = "copies"
RECORDS = "recipes"  # the folder of records, by their earlier name

Item = TypeVar("Item")
# What the body of a document at a place says; ValueError with the reason if it says something else.
Parse = Callable[[str, dict[str, Any]], Item]


def encode_document(body: Mapping[str, Any]) -> bytes:
    """The bytes of a document: indented JSON with a checksum over all of it."""
    return readable_json({**body, "checksum": digest(body)})


def decode_document(data: bytes) -> dict[str, Any]:
    """The body in the bytes of a document; ValueError unless they are exactly what was written."""
    try:
        whole = plain_json(data)
        body = {name: part for name, part in whole.items() if name != "checksum"}
        intact = readable_plain(whole) == data and digest_plain(body) == whole["checksum"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        intact = False
    if not intact:
        raise ValueError("is not what was written")
    return body


def encode_at(place: str, body: Mapping[str, Any]) -> bytes:
    """The bytes of a document that names its ``place`` too: a path below a store, or a key in a bucket."""
    return encode_document({**body, "place": place})


def decode_at(place: str, data: bytes) -> dict[str, Any]:
    """The body of a document; ValueError with the reason unless it is what was written at this place."""
    body = decode_document(data)
    if body.pop("place", None) != place:
        raise ValueError("was written at another place")
    return body


def create_document(store: Places, place: str, body: Mapping[str, Any]) -> bool:
    """Write a document at ``place``, a path below the store, unless there is one; of many, one succeeds.

    Returns whether this call created it. The place of a document that was lost is not free.
    """
    data = encode_at(place, body)
    created = not _is_lost(store, place) and create_file(store.root / place, data)
    sync_folders(store.root / place, store.root)
    if created or _has(store.root / place, data):
        _replace(store, f"{COPIES}/{place}", data)
    return created


def replace_document(store: Places, place: str, body: Mapping[str, Any]) -> None:
    """Write a document at ``place`` in one step, whatever is there."""
    data = encode_at(place, body)
    _replace(store, place, data)
    _replace(store, f"{COPIES}/{place}", data)


def delete_document(store: Places, place: str) -> None:
    """Delete a document and its copy, which goes first so that half a deletion does not look like a loss."""
    for path in (store.root / COPIES / place, store.root / place):
        remove(path)


def read_document(store: Places, place: str, parse: Parse[Item]) -> Item | None:
    """What the document at ``place`` says, or None if there is none.

    Raises `CorruptObjectError` if it is not what was written there, or lost: only its copy is left.
    """
    try:
        return check_document(store, place, parse)
    except ValueError as problem:
        raise CorruptObjectError(
            f"{store.root / place} {problem}; put {store.root / COPIES / place} in its place if that is "
            "intact, or delete both"
        ) from None


def check_document(store: Places, place: str, parse: Parse[Item]) -> Item | None:
    """Like `read_document`, but raises ValueError with the bare reason."""
    if _is_lost(store, place):
        raise ValueError("was deleted, but not its copy")
    data = bytes_at(store.root / place)
    return None if data is None else parse(place, decode_at(place, data))


def list_documents(store: Places, folder: str) -> list[str]:
    """The places of all documents below a folder of the store, sorted; also of those that were lost."""
    roots = [f"{root}{os.sep}" for root in (store.root, store.root / COPIES)]
    return sorted(
        {
            entry.path.removeprefix(root).replace(os.sep, "/")
            for root in roots
            for entry in entries_below(root + folder)
            if entry.name.endswith(".json") and not entry.name.startswith(".")
        }
    )


def _has(path: Path, data: bytes) -> bool:
    try:
        return bytes_at(path) == data
    except ValueError:
        return False


def _replace(store: Places, place: str, data: bytes) -> None:
    store.clear_place(store.root / place)
    replace_file(store.root / place, data)
    sync_folders(store.root / place, store.root)


def _is_lost(store: Places, place: str) -> bool:
    # Whoever deletes a document on purpose deletes the copy first, so the copy is looked at last.
    return not (store.root / place).exists() and (store.root / COPIES / place).exists()
