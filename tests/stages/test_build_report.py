import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

import pytest
from synthetic_results import SPEC, TASKS, make_results

from hyperforget.command import UserError
from hyperforget.stages import build_figures, build_report, build_tables

SMALL = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"]},
    "models": [],
    "methods": ["retrained", "nearest"],
}


def test_the_three_stages_end_in_one_page(tmp_path):
    results = make_results(tmp_path / "results", SMALL)
    spec = json.dumps(SMALL)
    tables, figures = str(results / "tables"), str(results / "figures")
    build_tables.main(["--metrics", str(results / "metrics.csv"), "--spec", spec, "--output-dir", tables])
    build_figures.main(
        ["--task", "digits-4", "--results", str(results), "--spec", spec, "--output-dir", figures]
    )
    build_report.main(["--results", str(results), "--spec", spec, "--output", str(results / "report.html")])
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert 'id="table-digits-4-comparison"' in page
    assert 'id="figure-digits-4-nearest-confusion"' in page


def test_tables_that_were_not_built_are_a_user_error(tmp_path):
    results = make_results(tmp_path / "results", SMALL)
    with pytest.raises(UserError, match="is missing"):
        build_report.main(
            ["--results", str(results), "--spec", json.dumps(SMALL), "--output", str(tmp_path / "x")]
        )
