"""``hyperforget evaluate``: which classes it is asked about. What it judges is tested in tests/scores."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hyperforget.cli.main import app
from hyperforget.data.splits import SPLITS, publish_task_data
from hyperforget.store.store import Store

ARRAYS = {
    f"{split}_{kind}": array
    for split in SPLITS
    for kind, array in (("images", np.eye(6, 4, dtype=np.float32)), ("labels", np.arange(6) % 3))
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Those of a run that retrained no network yet."""
    about = {"labels": [2, 5, 11], "mean": 0.0, "std": 1.0}
    token = tmp_path / "results" / "toy" / "dataset.json"
    publish_task_data(Store(tmp_path / "results" / "store"), token, ARRAYS, about)
    return tmp_path / "results"


def evaluate(results: Path, classes: str) -> Result:
    arguments = ("mine.pt", "--task", "toy", "--classes", classes, "--results", str(results))
    return CliRunner().invoke(app, ["evaluate", *arguments])


@pytest.mark.parametrize("classes", ["5,11", "11,5", "5-11", "5 , 11"])
def test_labels_come_in_any_order(results: Path, classes: str) -> None:
    told = evaluate(results, classes)
    assert told.exit_code == 2
    assert "no networks of task 'toy' that were retrained without 5-11" in told.stderr


@pytest.mark.parametrize("classes", ["1_1", "05", "+5", "٥", "", "five", "5,", "9" * 5000])
def test_what_is_no_list_of_labels_is_one_short_sentence(results: Path, classes: str) -> None:
    told = evaluate(results, classes)
    assert told.exit_code == 2
    assert told.stderr.startswith("error: --classes is ")
    assert len(told.stderr) < 300


def test_a_label_of_no_class_is_told_with_the_nearest(results: Path) -> None:
    told = evaluate(results, "7")
    assert told.exit_code == 2
    assert "class 7 is not one of the task's classes 2, 5, 11" in told.stderr
    assert "the nearest is '5'" in told.stderr
