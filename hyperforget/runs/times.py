"""How long jobs take, by what they took before.

A job goes by the path of its benchmark without suffix, such as ``train_hypernet/digits/dihyfo-1``, whose first folder
is the kind of job.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from hyperforget.runtime.restored import RESTORED

_SUFFIX = ".jsonl"


@dataclass
class Times:
    """The ``seconds`` that jobs took."""

    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, job: str) -> float | None:
        """The seconds expected of a job: its own, else those of its kind, on average; None where neither is known."""
        return self.seconds.get(job) or self.of_kind(job.partition("/")[0])

    def of_kind(self, kind: str) -> float | None:
        """The seconds of a kind of job, on average; None where none of it is known."""
        known = [seconds for job, seconds in self.seconds.items() if job.partition("/")[0] == kind]
        return fmean(known) if known else None

    def of_jobs(self, counts: Mapping[str, int]) -> float | None:
        """The seconds of so many jobs of each kind; None where one of these kinds is not known."""
        expected = [(self.of_kind(kind), count) for kind, count in counts.items() if count > 0]
        known = [seconds * count for seconds, count in expected if seconds is not None]
        return sum(known) if len(known) == len(expected) else None


def job_of(benchmark: str) -> str:
    """The job that a benchmark is of, by its path such as ``results/benchmarks/evaluate/digits/2.jsonl``."""
    return benchmark.partition("benchmarks/")[2].removesuffix(_SUFFIX)


def measured(results: Path) -> Times:
    """What jobs took in the last run of each; not where that restored a known result, which takes a second."""
    found = {}
    for path in sorted((results / "benchmarks").rglob(f"*{_SUFFIX}")):
        job = job_of(path.relative_to(results).as_posix())
        seconds = _seconds(path)
        if seconds is not None and not _was_restored(results, job):
            found[job] = seconds
    return Times(found)


def _was_restored(results: Path, job: str) -> bool:
    for name in (job, job.removesuffix("/all")):
        try:
            return RESTORED in (results / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return False


def _seconds(path: Path) -> float | None:
    try:
        return float(json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["s"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        # Written halfway, or by something else: the mean of its kind does as well.
        return None


def spelled(seconds: float) -> str:
    """Seconds in the unit that people count in, such as ``41 s``, ``6 min`` or ``2.5 h``."""
    for limit, size, unit in ((100, 1, "s"), (100 * 60, 60, "min"), (100 * 3600, 3600, "h")):
        if seconds < limit:
            value = seconds / size
            return f"{value:.1f} {unit}" if unit == "h" and value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / 86400:.1f} days"
