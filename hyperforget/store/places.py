"""Where things lie in a store, and which version of that layout this code speaks."""

import json
import re
import uuid
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.store.canonical import readable_json
from hyperforget.store.files import create_file

FORMAT_VERSION = 1
STORE_JSON = readable_json({"format": FORMAT_VERSION, "hash": "sha256"})

_OBJECT_ID = re.compile(r"[0-9a-f]{64}")


def is_object_id(text: object) -> bool:
    """Whether ``text`` has the form of an object id: 64 lower-case hexadecimal digits."""
    return isinstance(text, str) and _OBJECT_ID.fullmatch(text) is not None


def object_folder(store: Path, object_id: str) -> Path:
    """The folder of an object, present or not. Raises `UserError` unless the id has the form of one."""
    if not is_object_id(object_id):
        raise UserError(f"object id {object_id!r} is not valid: it must be 64 lower-case hexadecimal digits")
    return store / "objects" / object_id[:2] / object_id


def staging_folder(store: Path) -> Path:
    """A new name below ``tmp``, on the same file system as the objects, so that a rename publishes."""
    return store / "tmp" / uuid.uuid4().hex


def create_store(store: Path) -> None:
    """Make the store unless it is there. Raises `UserError` if it has a format that this code cannot read."""
    if store.exists() and not store.is_dir():
        raise UserError(f"store {store} is a file, but must be a folder or a new path")
    path = store / "store.json"
    if not path.exists():
        create_file(path, STORE_JSON)
    check_store(store)


def check_store(store: Path) -> None:
    """Raise `UserError` unless ``store`` holds a store in a format that this code can read."""
    path = store / "store.json"
    try:
        version = json.loads(path.read_bytes())["format"]
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{store} is not a store: it has no store.json; name the folder of a store") from None
    except (ValueError, KeyError, TypeError):
        version = None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        intact = " ".join(STORE_JSON.decode().split())
        raise UserError(f"{path} is damaged: it names no format version; replace its text by {intact}")
    if version > FORMAT_VERSION:
        raise UserError(
            f"store {store} has format {version}, but this version of hyperforget reads formats up to "
            f"{FORMAT_VERSION}; install a newer hyperforget or name another store"
        )
