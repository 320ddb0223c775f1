import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

import pytest
from synthetic_results import SPEC, make_results

from hyperforget.command import UserError
from hyperforget.report.names import table_files
from hyperforget.stages.build_tables import main


def test_it_writes_the_declared_files(tmp_path):
    results = make_results(tmp_path / "results")
    arguments = ["--metrics", str(results / "metrics.csv"), "--spec", json.dumps(SPEC)]
    main([*arguments, "--output-dir", str(tmp_path / "tables")])
    assert {path.name for path in (tmp_path / "tables").iterdir()} == set(table_files(SPEC))


def test_a_missing_file_is_a_user_error(tmp_path):
    arguments = ["--metrics", str(tmp_path / "metrics.csv"), "--spec", json.dumps(SPEC)]
    with pytest.raises(UserError, match=r"metrics\.csv is missing"):
        main([*arguments, "--output-dir", str(tmp_path)])
