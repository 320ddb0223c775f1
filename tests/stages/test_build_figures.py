"""The stage that builds the figures of a task writes what the workflow declares."""

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


def test_it_writes_the_declared_files_of_one_task(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    run(build_figures(results, SMALL, "digits-4"))
    names = {path.name for path in (results / "figures").iterdir()}
    assert names == set(figure_files(as_spec(SMALL), "digits-4"))


def test_an_unknown_task_is_a_user_error(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    stage, arguments = build_figures(results, SMALL, "digits-4")
    arguments[arguments.index("--task") + 1] = "digits"
    with pytest.raises(UserError, match="did you mean 'digits-4'"):
        run((stage, arguments))
