"""Files that are downloaded where they are not there, by one process at a time."""

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hyperforget.config.raw_files import downloads_mark, files_digest
from hyperforget.data.raw_images import in_one_line
from hyperforget.errors import UserError


@dataclass(frozen=True)
class WantedFiles:
    """The ``files`` of a set by their paths in the folder ``root``, and whether they may be downloaded.

    Messages begin with ``where``.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    download: bool
    where: str

    @property
    def absent(self) -> list[str]:
        """Those that are not there."""
        return [file for file in self.files if not (self.root / file).is_file()]


def provide(wanted: WantedFiles, download: Callable[[], None]) -> None:
    """Have files downloaded that are not there; a process that finds another one downloading waits for it.

    Raises `UserError` if they must not be downloaded, and for whatever a download leads to.
    """
    mark = downloads_mark(wanted.root, wanted.name)
    try:
        with mark.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH)
    except OSError:
        # No download was ever begun here, or the file system has no locks.
        pass
    if not (absent := wanted.absent):
        return
    if not wanted.download:
        raise UserError(f"{wanted.where}: the file {absent[0]!r} is not there; put it there, or allow dataset.download")
    try:
        wanted.root.mkdir(parents=True, exist_ok=True)
        with mark.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if wanted.absent:
                whole = files_digest(wanted.root, wanted.files) is None
                download()
                if whole:
                    stream.truncate(0)
                    stream.write((files_digest(wanted.root, wanted.files) or "").encode())
                    stream.flush()
                    os.fsync(stream.fileno())
    except Exception as error:  # Whatever a network, a mirror or a disk lead to.
        raise UserError(f"{wanted.where}: {in_one_line(error)}") from None
    if absent := wanted.absent:
        raise UserError(f"{wanted.where}: after a download the file {absent[0]!r} is not there")
