"""What takes long to make is made once for all processes that run the tests side by side."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(
    temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], object], *, writable: bool = False
) -> Path:
    """The folder of that name, filled by ``make`` for the first process that asks; others wait for it.

    All processes are given the same folder, which tests only read; one that is ``writable`` is a copy for the asking
    process alone.
    """
    base = temporary.getbasetemp()
    # pytest-xdist gives each of its processes a folder in that of the whole run.
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, complete = run / "made-once" / name, run / "made-once" / f"{name}.complete"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            # What another process began and could not end.
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            complete.touch()
    if not writable:
        return folder
    copy: Path = temporary.mktemp(name) / name
    shutil.copytree(folder, copy)
    return copy
