"""How far the last run is, asked from elsewhere."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hyperforget.errors import UserError
from hyperforget.runs.state import Job, Run, write
from hyperforget.runs.status import lines, status

PLANNED = {"evaluate": 3, "train_hypernet": 1}


def run(**changes: Any) -> Run:
    job = Job("digits: training gpt", "digits: trained gpt", "train_hypernet", "train_hypernet/digits/gpt", time.time())
    return replace(Run(time.time(), PLANNED, {"1": job}, {"evaluate": 1}), **changes)


def told(results: Path, kept: Run) -> list[str]:
    write(kept, results)
    return list(lines(status(results)))


def test_a_run_that_goes_on(tmp_path: Path) -> None:
    assert told(tmp_path, run(failed=["digits: timing requests"])) == [
        "1 of 4 jobs are done",
        "running  digits: training gpt, for 0 s",
        "failed   digits: timing requests",
        "missing  measuring all networks, 2 jobs",
    ]


def test_one_that_was_killed_runs_nothing(tmp_path: Path) -> None:
    found = told(tmp_path, run(process=2**22 + 1))
    assert found[0].endswith("; the run has stopped, and goes on where it was with the command that began it")
    assert "missing  training" in found
    assert not any(line.startswith("running") for line in found)


def test_of_another_machine_nobody_knows_here(tmp_path: Path) -> None:
    assert "if the run goes on, on another machine" in told(tmp_path, run(host="elsewhere"))[0]


def test_one_that_has_ended(tmp_path: Path) -> None:
    done = run(running={}, done=dict(PLANNED), ended=True)
    assert told(tmp_path, done) == ["4 of 4 jobs are done: the run has ended"]


def test_without_a_run_it_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run\.state is not there, or is damaged; allowed is a folder of results"):
        status(tmp_path)
