"""A disk that is full, read-only, another user's, or fails to sync: told, nothing lost, and the next run is right."""

import errno
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hyperforget.errors import UserError, run_command
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, read_tag
from hyperforget.store.verification import verify
from tests.faults.small_store import assert_whole, computation, recorded, work
from tests.torture import counted, row

pytestmark = pytest.mark.pipeline

CALLS = ("fsync", "rename", "replace", "link", "mkdir", "utime", "unlink", "chmod", "open")
ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.ENOMEM)


class Failing:
    """Calls of the operating system, of which some fail."""

    def __init__(self, patch: pytest.MonkeyPatch, names: tuple[str, ...], fails: Callable[[int], int | None]) -> None:
        self.calls, self.fails = 0, fails
        for name in names:
            patch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            number = self.fails(self.calls)
            if number is not None:
                raise OSError(number, os.strerror(number), str(arguments[0]))
            return function(*arguments, **options)

        return call


@pytest.fixture
def worked(tmp_path: Path) -> Path:
    """The store of an earlier run, in which there is something to lose."""
    work(tmp_path / "worked", 1)
    return tmp_path / "worked"


def failure(folder: Path) -> OSError | UserError | None:
    """The error that the work ended in, which a command tells in one line."""
    try:
        work(folder)
    except (UserError, OSError) as error:
        return error
    return None


@pytest.mark.parametrize(("names", "short", "long"), [(CALLS, 12, 150), (("fsync",), 6, 50)], ids=["any call", "fsync"])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "from then on"])
def test_a_call_that_fails_loses_nothing(
    worked: Path, tmp_path: Path, names: tuple[str, ...], short: int, long: int, for_good: bool
) -> None:
    before, version_id = recorded(Store(worked / "store")), work(tmp_path / "expected")
    with pytest.MonkeyPatch.context() as patch:
        counting = Failing(patch, names, lambda _: None)
        shutil.copytree(worked, tmp_path / "counted")
        work(tmp_path / "counted")
    draws, failures = random.Random(0), 0
    what = f"{'any call of the system' if names == CALLS else 'fsync'} fails {'from then on' if for_good else 'once'}"
    with row(what) as told:
        told.bytes_lost = 0
        for trial in range(counted(short, long)):
            folder, number, error = tmp_path / str(trial), draws.randint(1, counting.calls), draws.choice(ERRORS)
            shutil.copytree(worked, folder)
            with pytest.MonkeyPatch.context() as patch:
                Failing(patch, names, lambda call: error if call == number or (for_good and call > number) else None)  # noqa: B023
                ended = failure(folder)
            assert not isinstance(ended, OSError) or ended.errno == error
            failures += ended is not None
            told.bytes_lost += assert_whole(folder, before, version_id)
            told.tried += 1
            shutil.rmtree(folder)
        assert told.bytes_lost == 0
    assert failures > short // 2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def only_work(folder: Path) -> None:
    work(folder)


def test_a_full_disk_loses_nothing(disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version_id = work(tmp_path / "expected")
    folder, ballast, draws, failures = disk / "run", disk / "ballast", random.Random(0), 0
    with row("disk full in the midst of writing") as told:
        told.bytes_lost = 0
        for _ in range(counted(8, 100)):
            work(folder, 1)
            before = recorded(Store(folder / "store"))
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            ballast.write_bytes(bytes(max(0, free - 4096 * draws.randint(0, 25))))
            capsys.readouterr()
            with pytest.raises(SystemExit) as left:
                run_command(partial(only_work, folder))
            error = capsys.readouterr().err
            if left.value.code:
                failures += 1
                assert left.value.code == 2
                assert error.startswith("error: ")
                assert "No space left on device" in error
                assert error.count("\n") == 1
            assert verify(Store(folder / "store"), 2) == []
            ballast.unlink()
            told.bytes_lost += assert_whole(folder, before, version_id)
            told.tried += 1
            shutil.rmtree(folder)
        assert told.bytes_lost == 0
    assert failures > 3


def assert_readable(folder: Path, version_id: str) -> None:
    """All that only reads goes on."""
    store = Store(folder / "store")
    assert verify(store, 2) == []
    assert read_tag(store, "paper-1").version_id == version_id
    known = store.look_up(computation(0))
    assert known is not None
    with tempfile.TemporaryDirectory() as elsewhere:
        store.restore(known, {"token": Path(elsewhere) / "token"})
        checkout(store, version_id, Path(elsewhere) / "results")


def test_a_store_on_a_read_only_disk_is_read_and_not_written(disk: Path) -> None:
    version_id = work(disk / "run", 1)
    before = recorded(Store(disk / "run/store"))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert_readable(disk / "run", version_id)
    with pytest.raises(UserError, match=r"cannot be written .*Read-only file system"):
        work(disk / "run")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert recorded(Store(disk / "run/store")) == before


@contextmanager
def as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else, who has no rights here")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_store_of_somebody_else_is_read_and_not_written() -> None:
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        folder.chmod(0o755)
        version_id = work(folder, 1)
        before = recorded(Store(folder / "store"))
        with as_nobody():
            assert_readable(folder, version_id)
            with pytest.raises(UserError, match=r"cannot be written .*Permission denied"):
                work(folder)
        assert recorded(Store(folder / "store")) == before
