"""Whether a file system behaves as a store needs it: to be run on the mount that is to hold one."""

import errno
import mmap
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.store.files import create_file, replace_file, seal, sync

_COMPETITORS = 8
_LOOK = "import sys, pathlib; sys.exit(pathlib.Path(sys.argv[1]).read_bytes() != sys.argv[2].encode())"


@dataclass(frozen=True)
class Check:
    """One property of a file system, whether it holds, and what was seen or what to do."""

    name: str
    passed: bool
    detail: str


def selftest(path: Path) -> list[Check]:
    """Try what a store relies on in a new folder below ``path``, which is removed again.

    Raises `UserError` if ``path`` is no folder or nothing can be written there. What another machine sees is beyond
    this test; what another process sees is in it.
    """
    folder = path / f".selftest-{uuid.uuid4().hex}"
    try:
        folder.mkdir()
    except OSError as error:
        raise UserError(f"nothing can be written in {path}: {error.strerror}; name another folder") from error
    try:
        return [_run(name, test, folder / name.replace(" ", "-")) for name, test in _TESTS.items()]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(name: str, test: Callable[[Path], str], folder: Path) -> Check:
    folder.mkdir()
    try:
        return Check(name, True, test(folder))
    except (OSError, AssertionError, subprocess.SubprocessError) as error:
        return Check(name, False, str(error) or type(error).__name__)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def _sync(folder: Path) -> str:
    replace_file(folder / "file", b"data")
    sync(folder / "file")
    sync(folder)
    return "files and folders can be synced"


def _rename_file(folder: Path) -> str:
    replace_file(folder / "file", b"old")
    with (folder / "file").open("rb") as reader:
        replace_file(folder / "file", b"new")
        _expect(reader.read() == b"old", "a reader lost the file that it had open")
    _expect((folder / "file").read_bytes() == b"new", "the old bytes are still there")
    return "a new file takes the place of an old one, and readers of that keep it"


def _rename_folder(folder: Path) -> str:
    for name in ("first", "second"):
        (folder / name / "inner").mkdir(parents=True)
        (folder / name / "inner" / "file").write_bytes(name.encode())
        seal(folder / name)
    os.rename(folder / "first", folder / "object")
    _expect((folder / "object/inner/file").read_bytes() == b"first", "the folder came without its files")
    try:
        os.rename(folder / "second", folder / "object")
    except OSError as error:
        _expect(error.errno in (errno.EEXIST, errno.ENOTEMPTY), f"a lost race gives {error.strerror}")
    else:
        raise AssertionError("a folder that was there was replaced: two writers could mix their objects")
    return "a folder appears in one step, and never in the place of another"


def _link(folder: Path) -> str:
    replace_file(folder / "file", b"data")
    os.link(folder / "file", folder / "entry")
    _expect((folder / "file").stat().st_nlink == 2, "the number of links is not kept")
    try:
        os.link(folder / "file", folder / "entry")
    except FileExistsError:
        return "an entry is created once, whole"
    raise AssertionError("a link replaced a file that was there")


def _exclusive(folder: Path) -> str:
    (folder / "file").touch(exist_ok=False)
    try:
        (folder / "file").touch(exist_ok=False)
    except FileExistsError:
        return "a file is created once"
    raise AssertionError("an exclusive creation replaced a file that was there")


def _competition(folder: Path) -> str:
    for entry in range(10):
        path = folder / str(entry)
        with ThreadPoolExecutor(_COMPETITORS) as pool:
            created = list(pool.map(lambda index, path=path: create_file(path, b"%d" % index), range(8)))
        _expect(created.count(True) == 1, f"{created.count(True)} of {_COMPETITORS} writers created one file")
        _expect(path.read_bytes() == b"%d" % created.index(True), "the file is not the winner's")
    return f"of {_COMPETITORS} writers of one entry, one succeeds"


def _visibility(folder: Path) -> str:
    (folder / "staging").mkdir()
    (folder / "staging" / "file").write_bytes(b"first")
    os.rename(folder / "staging", folder / "object")
    for content in ("first", "second"):
        replace_file(folder / "object" / "file", content.encode())
        look = [sys.executable, "-c", _LOOK, str(folder / "object" / "file"), content]
        seen = subprocess.run(look, check=False, stderr=subprocess.DEVNULL).returncode == 0
        _expect(seen, "another process does not see what was renamed just now")
    return "another process sees at once what was renamed"


def _times(folder: Path) -> str:
    for path in (folder / "file", folder / "inner"):
        path.mkdir() if path.name == "inner" else path.touch()
        os.utime(path, (1, 1))
        _expect(path.stat().st_mtime == 1, "a time that was set is not kept")
        os.utime(path)
        _expect(path.stat().st_mtime > 1, "a file cannot be marked as used now")
    return "files and folders can be marked as used"


def _map(folder: Path) -> str:
    (folder / "file").write_bytes(b"data")
    with (folder / "file").open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as view:
        _expect(view[:] == b"data", "a mapped file has other bytes")
    return "files can be mapped into memory"


_TESTS = {
    "sync": _sync,
    "rename of a file": _rename_file,
    "rename of a folder": _rename_folder,
    "hard link": _link,
    "exclusive creation": _exclusive,
    "competition": _competition,
    "visibility": _visibility,
    "times": _times,
    "memory map": _map,
}
