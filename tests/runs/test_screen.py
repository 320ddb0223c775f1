"""What is shown of a run of Snakemake: a line a job, the sentence of one that failed, and nothing of the rest."""

import io
import logging
from pathlib import Path
from typing import Any

import pytest

from hyperforget.runs.screen import follow
from hyperforget.runs.state import read

FILES = ["results/report.html", "results/digits/forget-2.csv"]


class Terminal:
    """A logger like Snakemake's, and what it has shown."""

    def __init__(self, results: Path) -> None:
        self.stream, self.is_dry = io.StringIO(), False
        handler = logging.StreamHandler(self.stream)
        handler.name = "DefaultStreamHandler"
        handler.setFormatter(logging.Formatter("SNAKEMAKE %(message)s"))
        self.logger = logging.Logger("snakemake")
        self.logger.addHandler(handler)
        follow(self.logger, results, FILES, lambda: self.is_dry)
        follow(self.logger, results, FILES, lambda: self.is_dry)

    def say(self, message: str | None, level: int = logging.INFO, **told: Any) -> list[str]:
        before = len(self.stream.getvalue())
        self.logger.log(level, message, extra=told)
        return self.stream.getvalue()[before:].splitlines()

    def begin(self, number: int, rule: str, **names: str) -> list[str]:
        name = "/".join([rule, *names.values()])
        told: dict[str, Any] = {"rule_name": rule, "wildcards": names, "jobid": number, "log": [], "benchmark": None}
        return self.say("Rule", event="job_info", **{**told, "benchmark": f"results/benchmarks/{name}.jsonl"})


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_a_line_a_finished_job_with_how_far_all_is(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.say("stats", event="run_info", stats={"evaluate": 1, "train_hypernet": 1, "total": 2}) == ["2 jobs"]
    assert terminal.say("Select jobs to execute...") == []
    assert terminal.begin(3, "train_hypernet", task="digits", model="gpt") == []
    kept = read(tmp_path)
    assert kept is not None
    assert [job.doing for job in kept.running.values()] == ["digits: training gpt"]
    assert terminal.say("Finished jobid: 3", event="job_finished", job_id=3) == [
        "[##########----------] 1 of 2  digits: trained gpt, 0 s"
    ]
    assert terminal.say(None, event="progress", done=1, total=2) == []
    terminal.begin(4, "evaluate", task="digits", forget="2")
    (line,) = terminal.say("Finished jobid: 4", event="job_finished", job_id=4)
    assert line == "[####################] 2 of 2  digits: measured all networks without {2}, 0 s"
    kept = read(tmp_path)
    assert kept is not None
    assert kept.ended


def test_a_job_that_failed_says_its_sentence_and_where_the_rest_lies(terminal: Terminal, tmp_path: Path) -> None:
    terminal.say("stats", event="run_info", stats={"evaluate": 1, "total": 1})
    terminal.begin(1, "evaluate", task="digits", forget="2")
    log = tmp_path / "evaluate.log"
    log.write_text("progress\nerror: the store is full; make room\n")
    told: dict[str, Any] = {"rule_name": "evaluate", "jobid": 1, "log": [str(log)]}
    assert terminal.say("Error in rule", logging.ERROR, event="job_error", **told) == [
        "failed: digits: measuring all networks without {2}",
        "  error: the store is full; make room",
        f"  all that it said: {log}",
    ]
    assert terminal.say("RuleException:\nCalledProcessError in file", logging.ERROR) == []


@pytest.mark.parametrize("log", [None, "nowhere.log"])
def test_a_job_without_a_log_fails_all_the_same(terminal: Terminal, log: str | None) -> None:
    told: dict[str, Any] = {"rule_name": "mine", "jobid": 7, "log": [log] * bool(log)}
    lines = terminal.say("Error in rule", logging.ERROR, event="job_error", **told)
    assert lines == ["failed: mine", "  all that it said: nowhere.log" if log else "  it has no log"]


def test_all_else_is_said_as_before(terminal: Terminal) -> None:
    assert terminal.say("Nothing to be done.") == ["SNAKEMAKE Nothing to be done."]
    assert terminal.say("It is late", logging.WARNING) == ["SNAKEMAKE It is late"]


@pytest.mark.parametrize("is_dry", [False, True])
@pytest.mark.parametrize(("asked", "meant"), [("report.htm", FILES[0]), ("results/digits/forget_2.csv", FILES[1])])
def test_a_file_that_nothing_makes_is_one_sentence_with_the_nearest(
    terminal: Terminal, is_dry: bool, asked: str, meant: str
) -> None:
    terminal.is_dry = is_dry
    message = f"MissingRuleException:\nNo rule to produce {asked} (if you use input functions make sure that they do)."
    assert terminal.say(message, logging.ERROR) == [f"error: nothing makes the file {asked}; did you mean {meant!r}?"]


def test_a_dry_run_is_shown_as_before(terminal: Terminal, tmp_path: Path) -> None:
    terminal.is_dry = True
    assert terminal.say("Job stats", event="run_info", stats={"evaluate": 1, "total": 1}) == ["SNAKEMAKE Job stats"]
    assert terminal.begin(1, "evaluate") == ["SNAKEMAKE Rule"]
    assert read(tmp_path) is None


def test_handlers_of_others_are_left_alone(tmp_path: Path) -> None:
    logger, handler = logging.Logger("snakemake"), logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    follow(logger, tmp_path, FILES, lambda: False)
    assert (handler.filters, handler.formatter) == ([], None)
