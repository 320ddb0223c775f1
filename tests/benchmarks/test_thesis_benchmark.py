"""The benchmark that holds results against the thesis, on made-up results."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from hyperforget.report.results import Metrics
from hyperforget.report.tables.published import PUBLISHED, Entry
from tests.report.synthetic_results import SPEC, TASKS, make_results

RENAMED = {"digits": "mnist", "digits-4": "mnist-4"}
STRANGERS = {key: TASKS["digits"][key] for key in ("stranger_methods", "stranger_training")}
TASK, METHOD, FORGET = "mnist", "dihyfo-2", "2"


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("thesis")


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on MNIST."""
    tasks = {name: task | STRANGERS for name, task in TASKS.items()}
    folder = make_results(tmp_path_factory.mktemp("made-up") / "results", {**SPEC, "tasks": tasks})
    for name, renamed in RENAMED.items():
        for path in (folder / name, *folder.glob(f"benchmarks/*/{name}")):
            path.rename(path.with_name(renamed))
    frame = pd.read_csv(folder / "metrics.csv", dtype=str)
    frame["task"] = frame["task"].map(RENAMED)
    frame.to_csv(folder / "metrics.csv", index=False)
    return folder


@pytest.fixture
def results(made_up: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(made_up, tmp_path / "results")
    return tmp_path / "results"


def set_value(results: Path, value: float, **where: str) -> None:
    """Change one value of the metrics file."""
    frame = pd.read_csv(results / "metrics.csv", dtype=str)
    row = pd.Series(True, index=frame.index)
    for column, wanted in where.items():
        row &= frame[column] == wanted
    assert row.sum() == 1
    frame.loc[row, "value"] = repr(value)
    frame.to_csv(results / "metrics.csv", index=False)


def bars(benchmark: ModuleType, results: Path, protocol: str = "validation") -> dict[tuple[str, str, str], Any]:
    found = benchmark.Results(results, Metrics(results / "metrics.csv"), TASK)
    made = {(bar.name, bar.method, bar.forget): bar for bar in benchmark.task_bars(found, protocol)}
    assert len(made) == len(list(benchmark.task_bars(found, protocol)))
    return made


def test_every_cell_has_its_bars(benchmark: ModuleType, results: Path) -> None:
    made = bars(benchmark, results)
    collected, held_out = {"2", "2-3-4", "0-1-2-3-4"}, {"0-4", "1-2-3"}
    for method in ("dihyfo-1", "dihyfo-1-edit", "dihyfo-2"):
        assert {forget for name, whose, forget in made if (name, whose) == ("usable share", method)} == collected
        for rival in ("nearest", "bias"):
            assert {forget for name, whose, forget in made if rival in name and whose == method} == held_out
    assert {name for name, whose, _ in made if whose == "dihyfo-2" and "R²" in name} == {
        f"R² of prompts, class {label}" for label in range(5)
    }
    assert made["minutes of two cores", "", ""].value > 0
    assert made["megabytes of the largest job", "", ""].value == 700.5


@pytest.mark.parametrize(("value", "protocol", "met"), [
    (0.0, "thesis", True), (0.001, "thesis", False), (0.002, "validation", True), (0.0021, "validation", False),
])  # fmt: skip
def test_the_protocol_decides_how_much_may_be_left(
    benchmark: ModuleType, results: Path, value: float, protocol: str, met: bool
) -> None:
    set_value(
        results, value, task=TASK, method=METHOD, forget=FORGET, selection="chosen", set="forget",
        metric="accuracy",
    )  # fmt: skip
    assert bars(benchmark, results, protocol)["accuracy on D_f", METHOD, FORGET].met is met


def test_edits_are_held_against_dihyfo_1(benchmark: ModuleType, results: Path) -> None:
    bar = bars(benchmark, results)["accuracy on D_r, published", "dihyfo-1-edit", FORGET]
    assert bar.limit == PUBLISHED[Entry(TASK, "dihyfo-1", FORGET, "accuracy", "retain")] == 0.9110


def test_a_published_value_beyond_the_floor_gives_way_to_it(benchmark: ModuleType) -> None:
    # Two retrained networks differ on a tenth of the images: the thesis' 0.95 is out of reach, its 0.85 is not.
    assert benchmark.paired_limit("overlap", 0.95, 0.9) == pytest.approx(1 - 1.25 * 0.1)
    assert benchmark.paired_limit("overlap", 0.85, 0.9) == 0.85
    assert benchmark.paired_limit("activation_distance", 0.1, 0.2) == pytest.approx(1.25 * 0.2)
    assert benchmark.paired_limit("activation_distance", 0.3, 0.2) == 0.3


def test_rivals_are_beaten_on_accuracy_or_where_level_on_distance(benchmark: ModuleType, results: Path) -> None:
    where = {"task": TASK, "forget": "0-4", "selection": "chosen"}
    for method, kept, distance in ((METHOD, 0.95, 0.1), ("nearest", 0.952, 0.2), ("bias", 0.96, 0.3)):
        set_value(results, kept, method=method, set="retain", metric="accuracy", **where)
        set_value(results, 0.0, method=method, set="forget", metric="accuracy", **where)
        to_all = {**where, "selection": "chosen-to-all"}
        set_value(results, distance, method=method, set="test", metric="activation_distance", **to_all)
    made = bars(benchmark, results)
    assert made["level with nearest, distance to retrained", METHOD, "0-4"].met
    assert not made["D_r + 1 - D_f against bias", METHOD, "0-4"].met


def test_a_missing_number_meets_no_bar(benchmark: ModuleType) -> None:
    for side in ("<=", ">="):
        assert not benchmark.Bar(TASK, "", "", "", float("nan"), side, 0.0).met


def test_the_command_counts_and_tells(
    benchmark: ModuleType, results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = results / "bars.csv"
    monkeypatch.setattr(sys, "argv", ["run.py", "--results", str(results), "--output", str(output)])
    with pytest.raises(SystemExit) as ended:
        benchmark.main()
    printed = capsys.readouterr().out.splitlines()
    missed = sum(line.startswith("MISSED") for line in printed)
    assert missed
    assert ended.value.code == 1
    assert printed[-1] == f"{len(printed) - 1 - missed} of {len(printed) - 1} bars met"
    written = pd.read_csv(output)
    assert (~written["met"]).sum() == missed
    assert set(written["task"]) == {"mnist-4", "mnist"}
