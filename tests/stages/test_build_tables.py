import json
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import table_files
from hyperforget.stages.build_tables import main
from tests.report.synthetic_results import SPEC, make_results


def arguments(metrics, folder):
    tables = [str(folder / "tables" / name) for name in table_files(SPEC)]
    spec = ["--spec", json.dumps(SPEC), "--store", str(folder / "store")]
    return [*spec, "--metrics", str(metrics), "--tables", *tables]


def test_it_writes_the_declared_files(tmp_path: Path) -> None:
    results = make_results(tmp_path / "results")
    main(arguments(results / "metrics.csv", tmp_path))
    assert {path.name for path in (tmp_path / "tables").iterdir()} == set(table_files(SPEC))


def test_a_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"metrics\.csv is missing"):
        main(arguments(tmp_path / "metrics.csv", tmp_path))
