import json
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import figure_files, table_files
from hyperforget.stages import build_figures, build_report, build_tables
from tests.report.synthetic_results import SPEC, TASKS, make_results

SMALL = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"]},
    "models": [],
    "methods": ["retrained", "nearest"],
}


def given(results):
    spec = ["--spec", json.dumps(SMALL), "--store", str(results / "store")]
    return [*spec, "--results", str(results), "--inputs", str(results / "metrics.csv")]


def test_the_three_stages_end_in_one_page(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    spec = given(results)[:4]
    tables = [str(results / "tables" / name) for name in table_files(SMALL)]
    figures = [str(results / "figures" / name) for name in figure_files(SMALL, "digits-4")]
    build_tables.main([*spec, "--metrics", str(results / "metrics.csv"), "--tables", *tables])
    build_figures.main([*given(results), "--task", "digits-4", "--figures", *figures])
    build_report.main([*given(results), "--page", str(results / "report.html")])
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert 'id="table-digits-4-comparison"' in page
    assert 'id="figure-digits-4-nearest-confusion"' in page


def test_tables_that_were_not_built_are_a_user_error(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    with pytest.raises(UserError, match="is missing"):
        build_report.main([*given(results), "--page", str(tmp_path / "x")])
