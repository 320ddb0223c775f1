"""The stage that builds the figures of a task writes what the workflow declares."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import figure_files
from tests.report.synthetic_results import SPEC, TASKS, as_spec, make_results
from tests.stages.report_jobs import build_figures
from tests.stages.tiny_pipeline import run

SMALL = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"]},
    "models": ["dihyfo-2"],
    "methods": ["retrained"],
}
ONE = {
    **SMALL,
    "tasks": {"digits-4": {**TASKS["digits-4"], "forget": ["2"], "holdout": []}},
    "models": [],
    "methods": ["retrained", "bias"],
}


@pytest.mark.pipeline
def test_it_writes_the_declared_files_of_one_task(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    run(build_figures(results, SMALL, "digits-4"))
    names = {path.name for path in (results / "figures").iterdir()}
    assert names == set(figure_files(as_spec(SMALL), "digits-4"))


@pytest.mark.processes
@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "wrong"])
def test_it_needs_no_screen(tmp_path: Path, backend: str) -> None:
    results = make_results(tmp_path / "results", ONE)
    stage, arguments = build_figures(results, ONE, "digits-4")
    # In a process of its own, since matplotlib looks at the variable as it is imported.
    command = [sys.executable, "-m", "hyperforget.stages", stage, *arguments]
    printed = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"MPLBACKEND": backend}
    )
    assert printed.returncode == 0, printed.stderr
    assert [path.name for path in (results / "figures").iterdir()] == ["digits-4-bias-confusion.svg"]


def test_an_unknown_task_is_a_user_error(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    stage, arguments = build_figures(results, SMALL, "digits-4")
    arguments[arguments.index("--task") + 1] = "digits"
    with pytest.raises(UserError, match="did you mean 'digits-4'"):
        run((stage, arguments))
