"""What Snakemake shows of a run: a line a finished job, in plain words, with how far all is and how long it takes."""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyperforget.errors import nearest_choice
from hyperforget.runs import state
from hyperforget.runs.state import Job, Run
from hyperforget.runs.times import Times, job_of, measured, spelled
from hyperforget.runs.words import doing, done, kind_of

_BAR = 20
_HANDLER = "DefaultStreamHandler"
# Told by the lines of finished jobs, or by the file of Snakemake's own log, which has all of it.
_LEFT_OUT = {"job_info", "job_started", "progress", "resources_info", "shellcmd", "workflow_started"}
_CHATTER = (
    # Of a job that failed, which is told by itself.
    "RuleException:\nCalledProcessError",
    "Assuming unrestricted",
    "Building DAG",
    "Conda environments: ignored",
    "Provided cores",
    "Rules claiming more threads",
    "Select jobs",
    "Storing output",
    "Using shell",
)
_LINES_OF_A_LOG = 12
_UNKNOWN_FILE = re.compile(r"MissingRuleException:\s+No rule to produce (.+?) \(if you use input functions")


def follow(logger: logging.Logger, results: Path, files: Sequence[str], is_dry: Callable[[], bool]) -> None:
    """Show runs of Snakemake in plain words, where its own words would be shown; nothing else is changed.

    ``files`` are those that people ask for, of which the nearest is told where somebody asks for one that nothing
    makes. A run that ``is_dry``, which is known only once it begins, is shown as Snakemake does.
    """
    for handler in logger.handlers:
        if handler.name == _HANDLER and not any(isinstance(each, Screen) for each in handler.filters):
            screen = Screen(results, is_dry)
            # First, since it learns from records that others leave out.
            handler.filters.insert(0, screen)
            handler.setFormatter(Words(screen, files, handler.formatter or logging.Formatter()))


class Screen(logging.Filter):
    """Learns from the records of a run how far it is, and leaves out those that the screen does without."""

    def __init__(self, results: Path, is_dry: Callable[[], bool]) -> None:
        super().__init__()
        self.results, self.is_dry = results, is_dry
        self.run, self.times = Run(time.time()), Times()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown."""
        if self.is_dry():
            return True
        event, told = _event(record), record.__dict__
        if event == "run_info":
            self._plan(told["stats"])
        elif event == "job_info":
            self._begin(told)
        return event not in _LEFT_OUT and not str(record.msg).startswith(_CHATTER)

    def _plan(self, stats: Mapping[str, int]) -> None:
        self.times = measured(self.results)
        self.run = Run(time.time())
        for rule, count in stats.items():
            if rule != "total":
                kind = kind_of(rule)
                self.run.planned[kind] = self.run.planned.get(kind, 0) + count
        state.write(self.run, self.results)

    def _begin(self, told: Mapping[str, Any]) -> None:
        rule, names = told["rule_name"], dict(told["wildcards"] or {})
        kind = kind_of(rule)
        job = Job(
            doing(rule, names),
            done(rule, names),
            kind,
            job_of(str(told["benchmark"])) if told["benchmark"] else kind,
            time.time(),
        )
        self.run.begin(str(told["jobid"]), job)
        state.write(self.run, self.results)

    def finished(self, number: str) -> str:
        """The line of a job that ended well."""
        now = time.time()
        ended = self.run.finish(number, now, self.times)
        self.run.ended = self.run.finished >= self.run.total
        state.write(self.run, self.results)
        if ended is None:
            return f"job {number} finished"
        job, seconds = ended
        return f"{self._far(now)}  {job.done}, {spelled(seconds)}"

    def _far(self, now: float) -> str:
        left = self.run.seconds_left(now, self.times)
        passed = now - self.run.began
        count = f"{self.run.finished:{len(str(self.run.total))}} of {self.run.total}"
        share = self.run.finished / max(1, self.run.total) if left is None else passed / max(passed + left, 1e-9)
        bar = "#" * round(_BAR * share)
        until = "" if left is None or self.run.ended else f", {spelled(left)} left"
        return f"[{bar:-<{_BAR}}] {count}{until}"

    def failed(self, told: Mapping[str, Any]) -> str:
        """What is said of a job that failed: what it did, the sentence in its log, and where that lies."""
        job = self.run.fail(str(told["jobid"]))
        state.write(self.run, self.results)
        words = job.doing if job else told["rule_name"]
        logs = [Path(log) for log in told["log"] or []]
        said = [line for log in logs for line in _last_words(log)]
        where = f"all that it said: {', '.join(map(str, logs))}" if logs else "it has no log"
        return "\n".join([f"failed: {words}", *(f"  {line}" for line in said), f"  {where}"])


class Words(logging.Formatter):
    """Plain words for what a `Screen` knows, and what was said before for all else."""

    def __init__(self, screen: Screen, files: Sequence[str], others: logging.Formatter) -> None:
        super().__init__()
        self.screen, self.files, self.others = screen, files, others

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        event, told = _event(record), record.__dict__
        if unknown := _UNKNOWN_FILE.match(str(record.msg)):
            return f"error: nothing makes the file {unknown[1]}{nearest_choice(unknown[1], self.files)}"
        if self.screen.is_dry():
            return self.others.format(record)
        if event == "job_finished":
            return self.screen.finished(str(told["job_id"]))
        if event == "job_error":
            return self.screen.failed(told)
        if event == "run_info":
            run = self.screen.run
            expected = self.screen.times.of_jobs(run.planned)
            alone = "" if expected is None else f", {spelled(expected)} of work by what they took before"
            return f"{run.total} jobs{alone}"
        return self.others.format(record)


def _event(record: logging.LogRecord) -> str:
    """What a record tells of, empty for a mere message."""
    return str(getattr(record, "event", None) or "")


def _last_words(log: Path) -> list[str]:
    """The sentence of a log that ends with one, else its last lines."""
    try:
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        return []
    sentences = [line for line in lines if line.startswith("error:")]
    return sentences[-1:] or lines[-_LINES_OF_A_LOG:]
