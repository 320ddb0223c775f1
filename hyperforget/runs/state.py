"""How far a run is: its jobs, what each took, and what is left; kept in a file for who asks from elsewhere."""

import json
import os
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.runs.times import Times
from hyperforget.store.files import replace_file

# Below the results, JSON; no result, by its suffix, and no job's log.
FILE = Path("logs") / "run.state"


@dataclass(frozen=True)
class Job:
    """A job that was begun: what it is ``doing`` and will have ``done``, in words, its kind and its name, as `Times`
    know them, and when it began, seconds since 1970.
    """

    doing: str
    done: str
    kind: str
    name: str
    began: float


@dataclass
class Run:
    """A run from its start on, seconds since 1970: the ``planned`` jobs by kind, those that are ``running``, by number,
    how many are ``done`` by kind, the seconds that were expected of these, what those that ``failed`` were doing, and
    whether all has ``ended``.
    """

    began: float
    planned: dict[str, int] = field(default_factory=dict)
    running: dict[str, Job] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    expected_done: float = 0.0
    failed: list[str] = field(default_factory=list)
    ended: bool = False
    process: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)

    @property
    def total(self) -> int:
        """All jobs."""
        return sum(self.planned.values())

    @property
    def finished(self) -> int:
        """Those that are done."""
        return sum(self.done.values())

    @property
    def waiting(self) -> dict[str, int]:
        """The jobs of each kind that are neither done nor running."""
        begun = Counter(self.done) + Counter(job.kind for job in self.running.values())
        return dict(Counter(self.planned) - begun)

    def begin(self, number: str, job: Job) -> None:
        """A job begins; one that was not planned is from now on."""
        self.running[number] = job
        begun = self.done.get(job.kind, 0) + sum(each.kind == job.kind for each in self.running.values())
        self.planned[job.kind] = max(self.planned.get(job.kind, 0), begun)

    def finish(self, number: str, now: float, times: Times) -> tuple[Job, float] | None:
        """A job ends well: it, and how many seconds it took, which ``times`` learn; None for one that never began."""
        job = self.running.pop(number, None)
        if job is None:
            return None
        seconds = now - job.began
        self.expected_done += times.of(job.name) or seconds
        times.seconds[job.name] = seconds
        self.done[job.kind] = self.done.get(job.kind, 0) + 1
        return job, seconds

    def fail(self, number: str) -> Job | None:
        """A job failed; it may be tried again."""
        job = self.running.pop(number, None)
        if job is not None:
            self.failed.append(job.doing)
        return job

    def seconds_left(self, now: float, times: Times) -> float | None:
        """How long the rest takes at the pace so far, seconds; None while a kind of job that is left was never timed.

        Pace is the time that passed for each second of work that was expected of what is done, so that jobs side by
        side, and a faster or slower machine, count.
        """
        later = times.of_jobs(self.waiting)
        running = [(times.of(job.name), now - job.began) for job in self.running.values()]
        if later is None or any(expected is None for expected, _ in running):
            return None
        work = later + sum(max(0.0, (expected or 0.0) - passed) for expected, passed in running)
        pace = (now - self.began) / self.expected_done if self.expected_done > 0 else 1.0
        return work * pace


def write(run: Run, results: Path) -> None:
    """Keep a run for who asks; what cannot be written is no reason to stop."""
    with suppress(OSError, UserError):
        replace_file(results / FILE, json.dumps(asdict(run)).encode())


def read(results: Path) -> Run | None:
    """The last run below ``results``; None where none was kept, or what is there cannot be read."""
    try:
        kept: Mapping[str, Any] = json.loads((results / FILE).read_text(encoding="utf-8"))
        jobs = {number: Job(**job) for number, job in kept["running"].items()}
        return Run(**{**kept, "running": jobs})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
