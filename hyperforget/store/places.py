"""Where things lie in a store, and which version of these places this code speaks."""

import errno
import json
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hyperforget.errors import UserError, os_error_text, shown
from hyperforget.store.canonical import readable_json
from hyperforget.store.files import bytes_at, can_write, create_file, is_folder

FORMAT_VERSION = 1
STORE_JSON = readable_json({"format": FORMAT_VERSION, "hash": "sha256"})
DESCRIPTION = "store.json"
# As sentences tell it, for whoever writes it anew.
IN_ONE_LINE = " ".join(STORE_JSON.decode().split())
_OF_THE_DISK = "lost+found"  # at the top of a file system

_DIGEST = re.compile(r"[0-9a-f]{64}")


def is_object_id(text: object) -> bool:
    """Whether ``text`` has the form of an object id: 64 lower-case hexadecimal digits."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


_FOLDERS = ("tmp", "objects", "blobs", "recipes", "log", "tags", "packs", "copies", "copies/recipes", "unfinished")


def _folders_in(root: Path) -> Iterator[Path]:
    """Those of a store that take what is new: of blobs and the like one for each beginning of an id."""
    for name in _FOLDERS:
        try:
            entries = list(os.scandir(root / name))
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield root / name
        yield from (Path(entry.path) for entry in entries if len(entry.name) == 2)


@dataclass(frozen=True)
class Places:
    """The folder of a store, there or not, and what lies where in it; as text it is that folder's path."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    def object_folder(self, object_id: str) -> Path:
        """The folder of an object, present or not. Raises `UserError` unless the id has the form of one."""
        if not is_object_id(object_id):
            raise UserError(f"object id {object_id!r} is not valid: it must be 64 lower-case hexadecimal digits")
        return self.root / "objects" / object_id[:2] / object_id

    def blob_path(self, sha256: str) -> Path:
        """Where a blob lies, present or not; raises `UserError` unless ``sha256`` has the form of one."""
        if not is_object_id(sha256):
            raise UserError(f"file digest {sha256!r} is not valid: it must be 64 lower-case hexadecimal digits")
        return self.root / "blobs" / sha256[:2] / sha256

    def pack_folder(self, corpus_id: str) -> Path:
        """Where the pack of a corpus lies, present or not."""
        return self.root / "packs" / self.object_folder(corpus_id).name

    def staging_folder(self) -> Path:
        """A new name below ``tmp``, on the same file system as the objects, so that a rename publishes."""
        return self.root / "tmp" / uuid.uuid4().hex

    def clear_place(self, path: Path) -> None:
        """Move a folder that lies where a file of the store belongs to ``tmp``, from where it is collected later."""
        if is_folder(path):
            aside = self.staging_folder()
            aside.parent.mkdir(exist_ok=True)
            os.rename(path, aside)

    def create(self) -> None:
        """Make the store unless it is there; raises `UserError` as `expect_own`, or for a format of a later version."""
        self.expect_own()
        path = self.root / DESCRIPTION
        if not path.exists():
            create_file(path, STORE_JSON)
        self.check()

    def expect_own(self) -> None:
        """Raise `UserError` where a new store would lie among other files, some of which it would take for its own, or
        where there is a file.
        """
        described = self.root / DESCRIPTION
        if os.path.lexists(described) or not os.path.exists(self.root):
            return
        if not self.root.is_dir():
            raise UserError(f"store {self} is a file, but must be a folder or a new path")
        others = [name for name in os.listdir(self.root) if not name.startswith(".") and name != _OF_THE_DISK]
        # Whoever makes the store at the same time makes its store.json before all else.
        if others and not os.path.lexists(described):
            raise UserError(
                f"store {self} has other files, such as {shown(min(others))}, but no {DESCRIPTION}; allowed is a new "
                f"or empty folder, or for a store that lost that file to write {IN_ONE_LINE} there"
            )

    def expect_writable(self) -> None:
        """Make the store if need be, and raise `UserError` unless it can be written: to be asked before long work."""
        trial = self.staging_folder()
        try:
            self.create()
            trial.mkdir(parents=True)
            trial.rmdir()
            for folder in (self.root, *_folders_in(self.root)):
                if not can_write(folder):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        except OSError as error:
            raise UserError(
                f"store {self} cannot be written ({os_error_text(error)}); make room or give the right to write there, "
                "or name another store"
            ) from None

    def check(self) -> None:
        """Raise `UserError` unless there is a store here, in a format that this code can read."""
        path = self.root / DESCRIPTION
        try:
            data = bytes_at(path)
            if data is None:
                raise UserError(f"{self} is not a store: it has no {DESCRIPTION}; name the folder of a store")
            version = json.loads(data)["format"]
        except UserError:
            raise
        except (ValueError, KeyError, TypeError, RecursionError):
            version = None
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise UserError(f"{path} is damaged: it names no format version; replace its text by {IN_ONE_LINE}")
        if version > FORMAT_VERSION:
            raise UserError(
                f"store {self} has format {shown(version)}, but this version of hyperforget reads formats up to "
                f"{FORMAT_VERSION}; install a newer hyperforget or name another store"
            )
