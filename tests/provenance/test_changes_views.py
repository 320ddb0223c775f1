from dataclasses import replace
from pathlib import Path

import pytest

from hyperforget.provenance.cells import MetricChange
from hyperforget.provenance.changes import Cause, Changes, diff
from hyperforget.provenance.changes_views import as_text
from hyperforget.store.tags import tag
from hyperforget.store.versions import snapshot
from tests.provenance.recorded_run import make_run

NOTHING = Changes("a", "b", (), (), (), (), (), (), 0)
KEY = ("toy", "model", "2", "chosen", "forget", "accuracy")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("run")
    run = make_run(folder)
    tag(run.store, "old", snapshot(run.store, run.results).id)
    make_run(folder, steps=7, begin=5_000)
    return as_text(diff(run.store, run.results, "old"))


def test_the_text_tells_files_settings_causes_and_cells(text: str) -> None:
    assert text.startswith("old → the present results: 7 files changed, 0 added, 0 removed\n")
    assert "Configuration\n  models.model.sampling.steps: 10 → 7\n" in text
    assert "First causes\n  config: sample_unlearned sampling.steps: 10 → 7; 7 files follow\n" in text
    assert "Cells of metrics.csv: 1 of 2 moved; of 1 with an old interval 1 left it\n" in text
    assert text.endswith("  0.9  0.6  0.8 to 0.95 left  toy model 2 population forget accuracy")


def test_equal_versions_need_one_line() -> None:
    assert as_text(NOTHING) == "a and b have the same files"


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        (
            Cause("code", "evaluate", "evaluate", "aaa", "bbb", ("x",)),
            "code: evaluate: aaa → bbb; 1 file follows",
        ),
        (
            Cause("config", "draw", "key", None, [1], ("x", "y")),
            "config: draw key: absent → [1]; 2 files follow",
        ),
        (
            Cause("data", "label", "labels.txt", "0123456789abcdef" * 4, "f" * 64, ("x",)),
            "data: labels.txt, read by label: 0123456789abcd → ffffffffffffff; 1 file follows",
        ),
        (Cause("inputs", "draw", "a.csv", False, True, ("x",)), "inputs: draw reads a.csv; 1 file follows"),
        (
            Cause("inputs", "draw", "a.csv", True, False, ("x",)),
            "inputs: draw no longer reads a.csv; 1 file follows",
        ),
        (
            Cause("unknown", "", "x", "0", "1", ("x",)),
            "unknown: no computations of one stage made both contents of x; 1 file follows",
        ),
    ],
)
def test_every_kind_of_cause_is_a_sentence(cause: Cause, line: str) -> None:
    assert f"First causes\n  {line}" in as_text(replace(NOTHING, changed=("x", "y"), causes=(cause,)))


def test_files_without_a_cause_were_made_again() -> None:
    assert as_text(replace(NOTHING, changed=("report.html",))).endswith("another result\n  report.html")


def test_cells_that_left_their_interval_come_first_and_the_list_is_short() -> None:
    cells = [MetricChange(KEY, 0.0, float(size), -100.0, 100.0, False) for size in range(1, 60)]
    cells.append(MetricChange(KEY, 0.0, 0.5, -0.1, 0.1, True))
    cells.append(MetricChange(KEY, None, 0.5, None, None, None))
    lines = as_text(replace(NOTHING, changed=("metrics.csv",), cells=tuple(cells), compared_cells=99)).splitlines()
    assert "Cells of metrics.csv: 61 of 99 moved; of 60 with an old interval 1 left it" in lines
    table = lines[lines.index("Cells of metrics.csv: 61 of 99 moved; of 60 with an old interval 1 left it") + 1 :]
    assert table[1].split()[:6] == ["0", "0.5", "-0.1", "to", "0.1", "left"]
    assert table[2].split()[:2] == ["0", "59"]
    assert table[-1] == "  … and 21 more, see --json"


def test_no_line_is_wider_than_a_hundred_columns() -> None:
    long = "a-very-long-name/" * 12
    cause = Cause("config", "stage", long, "old" * 50, "new" * 50, (long,))
    text = as_text(replace(NOTHING, added=(long,), removed=(long,) * 20, changed=(long,), causes=(cause,)))
    assert max(map(len, text.splitlines())) <= 100
    assert "… and 10 more, see --json" in text
