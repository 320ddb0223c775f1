"""How far the last run below a folder of results is, in words: for who did not stay, or sits elsewhere."""

import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.runs.state import FILE, Run, read
from hyperforget.runs.times import measured, spelled
from hyperforget.runs.words import WORDS


@dataclass(frozen=True)
class Status:
    """How many jobs are ``done`` of ``total``, what is ``running`` and for how many seconds, how many jobs of each kind
    are ``missing``, what ``failed``, whether the run is still ``alive`` (None where that cannot be told from here), and
    the seconds that are ``left`` (None where that is not known).
    """

    done: int
    total: int
    running: dict[str, float]
    missing: dict[str, int]
    failed: list[str]
    alive: bool | None
    left: float | None


def status(results: Path) -> Status:
    """Of the last run below ``results``. Raises `UserError` where there was none."""
    run = read(results)
    if run is None:
        raise UserError(
            f"{results / FILE} is not there, or is damaged; allowed is a folder of results in which a run was begun, "
            "such as results"
        )
    now = time.time()
    alive = not run.ended and _is_alive(run)
    if alive is False:
        run = replace(run, running={})
    left = None if alive is False else run.seconds_left(now, measured(results))
    running = {job.doing: now - job.began for job in run.running.values()}
    return Status(run.finished, run.total, running, run.waiting, run.failed, alive, left)


def _is_alive(run: Run) -> bool | None:
    """Whether the process of a run is there, as far as it can be seen from this machine."""
    if run.host != socket.gethostname():
        return None
    try:
        os.kill(run.process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # of another user
    return True


def lines(found: Status) -> Iterator[str]:
    """A status in words, a line each."""
    of = f"{found.done} of {found.total} jobs are done"
    until = f", about {spelled(found.left)} left" if found.left is not None else ""
    if found.done >= found.total:
        yield f"{of}: the run has ended"
    elif found.alive is False:
        yield f"{of}; the run has stopped, and goes on where it was with the command that began it"
    elif found.alive is None:
        yield f"{of}{until}, if the run goes on, on another machine"
    else:
        yield f"{of}{until}"
    for doing, seconds in found.running.items():
        yield f"running  {doing}, for {spelled(seconds)}"
    for doing in found.failed:
        yield f"failed   {doing}"
    for kind, count in found.missing.items():
        yield f"missing  {_kind(kind)}{f', {count} jobs' if count > 1 else ''}"


def _kind(kind: str) -> str:
    words = WORDS.get(kind)
    if words is None:
        return kind
    # What it is of, up to what tells one from another.
    what = re.split(r",| without| to forget|\{", words.what)[0].strip()
    return f"{words.doing} {what}".strip()
