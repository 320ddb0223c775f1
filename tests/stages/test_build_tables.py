"""The stage that builds tables writes what the workflow declares."""

from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import table_files
from tests.report.synthetic_results import SPEC, as_spec, make_results
from tests.stages.report_jobs import build_tables
from tests.stages.tiny_pipeline import run

pytestmark = pytest.mark.pipeline


def test_it_writes_the_declared_files(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results")
    run(build_tables(results, SPEC))
    assert {path.name for path in (results / "tables").iterdir()} == set(table_files(as_spec(SPEC)))


def test_a_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"metrics\.csv is missing"):
        run(build_tables(tmp_path, SPEC))
