import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

import pytest
from synthetic_results import SPEC, TASKS, make_results

from hyperforget.command import UserError
from hyperforget.report.names import figure_files
from hyperforget.stages.build_figures import main

SMALL = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"]},
    "models": ["dihyfo-2"],
    "methods": ["retrained"],
}


def test_it_writes_the_declared_files_of_one_task(tmp_path):
    results = make_results(tmp_path / "results", SMALL)
    arguments = [
        "--results",
        str(results),
        "--spec",
        json.dumps(SMALL),
        "--output-dir",
        str(tmp_path / "figures"),
    ]
    main(["--task", "digits-4", *arguments])
    assert {path.name for path in (tmp_path / "figures").iterdir()} == set(figure_files(SMALL, "digits-4"))


def test_an_unknown_task_is_a_user_error(tmp_path):
    arguments = ["--results", str(tmp_path), "--spec", json.dumps(SMALL), "--output-dir", str(tmp_path)]
    with pytest.raises(UserError, match="did you mean 'digits-4'"):
        main(["--task", "digits", *arguments])
