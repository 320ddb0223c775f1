import json
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import figure_files
from hyperforget.stages.build_figures import main
from tests.report.synthetic_results import SPEC, TASKS, make_results

SMALL = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"]},
    "models": ["dihyfo-2"],
    "methods": ["retrained"],
}


def arguments(results, task, folder):
    figures = [str(folder / "figures" / name) for name in figure_files(SMALL, "digits-4")]
    spec = ["--spec", json.dumps(SMALL), "--store", str(folder / "store")]
    inputs = ["--results", str(results), "--inputs", str(results / "metrics.csv")]
    return [*spec, *inputs, "--task", task, "--figures", *figures]


def test_it_writes_the_declared_files_of_one_task(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    main(arguments(results, "digits-4", tmp_path))
    assert {path.name for path in (tmp_path / "figures").iterdir()} == set(figure_files(SMALL, "digits-4"))


def test_an_unknown_task_is_a_user_error(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    with pytest.raises(UserError, match="did you mean 'digits-4'"):
        main(arguments(results, "digits", tmp_path))
