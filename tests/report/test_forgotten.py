"""What accuracies on forget sets are held against: nothing of classes, of groups what retrained networks reach."""

from pathlib import Path

import pytest

from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.records.files import write_rows
from hyperforget.records.methods import MetricRow
from hyperforget.report.forgotten import about_groups, level_of
from hyperforget.report.recognised import Recognised
from hyperforget.report.results import Metrics
from hyperforget.report.spec import table_names

CLASSES = TableTask(name="t", forget=("2",), holdout=(), stranger_methods=(), stranger_training="")
GROUPS = CLASSES.model_copy(update={"groups": ("0", "1", "2")})


def metrics(folder: Path, low: float | None, high: float | None) -> Metrics:
    row = MetricRow("t", "retrained", "2", "population", "forget", "accuracy", 0.3, low, high, 4 if high else 1)
    write_rows(folder / "metrics.csv", [row])
    return Metrics(folder / "metrics.csv")


def test_of_classes_nothing_need_be_recognised_whatever_retrained_networks_do(tmp_path: Path) -> None:
    assert level_of(metrics(tmp_path, 0.2, 0.4), CLASSES, "2") == 0.0
    assert about_groups(CLASSES) == ""


def test_of_groups_it_is_what_retrained_networks_reach(tmp_path: Path) -> None:
    assert level_of(metrics(tmp_path, 0.2, 0.4), GROUPS, "2") == 0.4
    assert level_of(metrics(tmp_path, None, None), GROUPS, "2") == 0.3
    assert "0, 1, 2" in about_groups(GROUPS)


@pytest.mark.parametrize(
    ("accuracy", "state"), [(0.30, "forgets"), (0.41, "forgets"), (0.44, "unsure"), (0.60, "answers")]
)
def test_a_group_is_answered_where_more_is_recognised_than_by_retrained_networks(accuracy: float, state: str) -> None:
    assert Recognised(accuracy, 200, 0.4).state == state
    assert Recognised(accuracy, 200).state == "answers"


def test_of_groups_there_is_no_table_of_recovery() -> None:
    names = [table_names(TablesSpec(tasks=(task,), models=(), methods=())) for task in (CLASSES, GROUPS)]
    assert set(names[0]) - set(names[1]) == {"t-recovery"}
