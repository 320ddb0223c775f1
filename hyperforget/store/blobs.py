"""Blobs: the small files of a run - tables, figures, tokens, single networks - kept by their content."""

import hashlib
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import file_digest, replace_file, sync_folders, touch
from hyperforget.store.places import check_store, create_store, is_object_id


def blob_path(store: Path, sha256: str) -> Path:
    """Where a blob lies, present or not. Raises `UserError` unless ``sha256`` has the form of a digest."""
    if not is_object_id(sha256):
        raise UserError(f"file digest {sha256!r} is not valid: it must be 64 lower-case hexadecimal digits")
    return store / "blobs" / sha256[:2] / sha256


def put_blob(store: Path, content: Path | bytes) -> str:
    """Keep a file, or bytes, for good and return their SHA-256; the same content is kept once.

    It appears whole or not at all. The store is made if need be, and a damaged copy replaced.
    """
    data = content.read_bytes() if isinstance(content, Path) else content
    sha256 = hashlib.sha256(data).hexdigest()
    create_store(store)
    path = blob_path(store, sha256)
    if not (is_intact(path, sha256) and touch(path)):
        replace_file(path, data)
    # Also where another process has put it there, and may not have come to this yet.
    sync_folders(path, store)
    return sha256


def get_blob(store: Path, sha256: str) -> bytes:
    """The bytes with this SHA-256.

    Raises `MissingObjectError` if the store or the blob is not there, and `CorruptObjectError` if the bytes
    are other than were put.
    """
    path = blob_path(store, sha256)
    if store.is_dir():
        check_store(store)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingObjectError(
            f"file {sha256} is missing from store {store} (looked for {path}); "
            "name the right store or rerun the stage that makes the file"
        ) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptObjectError(
            f"file {sha256} in {path} is damaged: it is not what was written; "
            "rerun the stage that makes it, which replaces the damaged copy"
        )
    return data


def is_intact(path: Path, sha256: str) -> bool:
    """Whether the file is there and has this digest."""
    return path.is_file() and file_digest(path) == sha256
