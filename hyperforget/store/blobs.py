"""Blobs: the small files of a run - tables, figures, tokens, single networks - kept by their content."""

import hashlib
from pathlib import Path

from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import bytes_at, file_digest, replace_file, sync_folders, touch
from hyperforget.store.places import Places
from hyperforget.store.remedies import make_anew


def put_blob(store: Places, content: Path | bytes) -> str:
    """Keep a file, or bytes, for good and return their SHA-256; the same content is kept once.

    It appears whole or not at all. The store is made if need be, and a damaged copy replaced.
    """
    data = content.read_bytes() if isinstance(content, Path) else content
    sha256 = hashlib.sha256(data).hexdigest()
    store.create()
    path = store.blob_path(sha256)
    if not (path.is_file() and file_digest(path) == sha256 and touch(path)):
        store.clear_place(path)
        replace_file(path, data)
    # Also where another process has put it there, and may not have come to this yet.
    sync_folders(path, store.root)
    return sha256


def get_blob(store: Places, sha256: str) -> bytes:
    """The bytes with this SHA-256.

    Raises `MissingObjectError` if the store or the blob is not there, and `CorruptObjectError` if the bytes are other
    than were put.
    """
    path = store.blob_path(sha256)
    if store.root.is_dir():
        store.check()
    try:
        data = bytes_at(path)
        if data is not None:
            return decode_blob(data, sha256)
    except ValueError as problem:
        raise CorruptObjectError(
            f"file {sha256} in {path} is damaged: it {problem}; "
            f"{make_anew(store, sha256)}, which replaces the damaged copy"
        ) from None
    raise MissingObjectError(
        f"file {sha256} is missing from store {store} (looked for {path}); "
        f"name the right store, or {make_anew(store, sha256)}"
    )


def intact_blob(store: Places, sha256: str) -> bytes | None:
    """Like `get_blob`, but None where that raises."""
    try:
        data = bytes_at(store.blob_path(sha256))
        return None if data is None else decode_blob(data, sha256)
    except ValueError:
        return None


def decode_blob(data: bytes, sha256: str) -> bytes:
    """The bytes of a blob; ValueError if they have another SHA-256."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError("is not what was written")
    return data
