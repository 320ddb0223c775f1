"""Durable files: what is written here is complete or absent, and survives a crash of the machine."""

import errno
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from hyperforget.errors import UserError


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step; a reader sees the old bytes or the new ones, never a part."""
    partial = _write_beside(path, data)
    try:
        os.replace(partial, path)
    except IsADirectoryError:
        raise UserError(f"{path} is a folder, but a file is to be written there; move it away") from None
    finally:
        partial.unlink(missing_ok=True)
    sync(path.parent)


def create_file(path: Path, data: bytes) -> bool:
    """Put ``data`` at ``path`` unless something is there already; of many that try at once, one succeeds.

    Returns whether this call created the file. Uses a hard link, and on file systems without hard links an exclusive
    creation, which is just as safe against competitors but not against a crash half-way.
    """
    partial = _write_beside(path, data)
    try:
        os.link(partial, path)
    except FileExistsError:
        # A network file system may lose the answer to a link that it made, ask again and find it there.
        if partial.stat().st_nlink == 1:
            return False
    except OSError:
        return _create_exclusively(path, data)
    finally:
        partial.unlink(missing_ok=True)
    sync(path.parent)
    return True


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(path: Path, top: Path) -> None:
    """Wait until the entries of all folders from that of ``path`` up to ``top`` are on the disk."""
    for folder in path.parents:
        sync(folder)
        if folder == top:
            return


def touch(path: Path) -> bool:
    """Mark a file or folder as used now, which keeps it from the collection of garbage for a while.

    Returns whether it is there; on a store that may only be read, that is all.
    """
    try:
        os.utime(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        if error.errno not in (errno.EPERM, errno.EACCES, errno.EROFS):
            raise
    return True


def seal(folder: Path) -> None:
    """Make every file below ``folder`` read-only, against editing by accident, and sync files and folders."""
    for directory, _, names in os.walk(folder, topdown=False):
        for name in names:
            seal_file(Path(directory, name))
        sync(Path(directory))


def seal_file(path: Path) -> None:
    """Make a file read-only, against editing by accident, and sync it."""
    path.chmod(path.stat().st_mode & ~0o222)
    sync(path)


def size_of(path: Path) -> int | None:
    """Size of a file in bytes, or None if there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def bytes_at(path: Path) -> bytes | None:
    """The bytes of a file, or None if there is none.

    Raises ValueError with the reason, a sentence without its subject, for a folder or whatever else is there.
    """
    try:
        # Opening a pipe would wait for one who writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise ValueError(f"is {'a folder' if stat.S_ISDIR(mode) else 'a device or pipe'} instead of a file")
            with open(descriptor, "rb", buffering=0, closefd=False) as stream:
                return stream.readall()
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("is a symbolic link that leads in a circle") from None
        raise


def can_write(folder: Path) -> bool:
    """Whether this process may make files in a folder."""
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def is_folder(path: Path) -> bool:
    """Whether a folder is there, and not a link to one."""
    return path.is_dir() and not path.is_symlink()


def entries_below(folder: str) -> Iterator["os.DirEntry[str]"]:
    """All that lies in a folder and in those inside of it; nothing in one that is gone, as others may have moved it."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from entries_below(entry.path)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it; nothing happens if none is there."""
    if is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_beside(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{path.parent} is no folder, or lies in none; move away what is there") from None
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    with partial.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return partial


def _create_exclusively(path: Path, data: bytes) -> bool:
    try:
        stream = path.open("xb")
    except FileExistsError:
        return False
    try:
        with stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink()
        raise
    sync(path.parent)
    return True


def rename_if_absent(staging: Path, folder: Path) -> bool:
    """Rename a folder in one step; False, with nothing done, where something lies there already."""
    try:
        os.rename(staging, folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        return False
    return True
