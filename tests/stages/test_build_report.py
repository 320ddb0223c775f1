"""Tables, figures and the page, by the three stages of the report."""

from pathlib import Path

import pytest

from hyperforget.errors import UserError
from tests.report.synthetic_results import SPEC, TASKS, make_results
from tests.stages.report_jobs import build_figures, build_report, build_tables
from tests.stages.tiny_pipeline import run

SMALL = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"]},
    "models": [],
    "methods": ["retrained", "nearest"],
}


@pytest.mark.pipeline
def test_the_three_stages_end_in_one_page(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    for job in (build_tables(results, SMALL), build_figures(results, SMALL, "digits-4")):
        run(job)
    run(build_report(results, SMALL))
    page = (results / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert 'id="table-digits-4-comparison"' in page
    assert 'id="figure-digits-4-nearest-confusion"' in page


@pytest.mark.pipeline
@pytest.mark.parametrize("edited", ["tables/digits-4-comparison.csv", "figures/digits-4-nearest-confusion.svg"])
def test_results_that_were_edited_by_hand_are_named(tmp_path: Path, edited: str) -> None:
    results = make_results(tmp_path / "results", SMALL)
    for job in (build_tables(results, SMALL), build_figures(results, SMALL, "digits-4")):
        run(job)

    def named() -> bool:
        run(build_report(results, SMALL))
        page = (results / "report.html").read_text(encoding="utf-8")
        return f"<code>{edited}</code>" in page.partition("not as a stage recorded them")[2].partition("</p>")[0]

    # What was made up for this test is not in the store; tables and figures are.
    assert not named()
    path = results / edited
    path.write_text(path.read_text() + " ")
    assert named()


def test_tables_that_were_not_built_are_a_user_error(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results", SMALL)
    with pytest.raises(UserError, match="is missing"):
        run(build_report(results, SMALL))
