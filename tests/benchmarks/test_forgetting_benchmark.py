"""The benchmark of forgetting counts what lies beyond its limits."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hyperforget.records.files import write_rows
from hyperforget.records.hypernets import AlignmentRow
from hyperforget.records.methods import MetricRow

GOOD = {"accuracy/forget": 0.0, "accuracy/retain": 0.95, "shift": 0.1, "auc": 0.7, "probe": 0.6}


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("forgetting")


def rows(method: str, values: dict[str, float], forget: str = "2", task: str = "digits") -> list[MetricRow]:
    found = []
    for name, value in (GOOD | values).items():
        metric, _, set_ = name.partition("/")
        found.append(MetricRow(task, method, forget, "population", set_ or "forget", metric, value, 0.0, 1.0, 16))
    return found


def printed(
    benchmark: ModuleType,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, float],
    method: str = "dihyfo-2",
) -> tuple[int, str]:
    values = dict(values)
    aligned = values.pop("aligned", 0.9)
    model = folder / "digits" / "dihyfo-2"
    model.mkdir(parents=True)
    write_rows(folder / "metrics.csv", [*rows("retrained", {}), *rows(method, values), *rows("bias", {"shift": 0.9})])
    told = [
        AlignmentRow(step, "unseen", metric, "2", "free", r_squared, 1.0)
        for step, metric, r_squared in (
            (5, "discriminability", -1.0),
            (9, "loss", 0.1),
            (9, "discriminability", aligned),
        )
    ]
    write_rows(model / "alignment.csv", told)
    monkeypatch.setattr("sys.argv", ["run.py", "--results", str(folder)])
    with pytest.raises(SystemExit) as leaving:
        benchmark.main()
    assert isinstance(leaving.value.code, int)
    return leaving.value.code, capsys.readouterr().out


def test_a_run_that_forgets_is_within_all_limits(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = printed(benchmark, tmp_path, capsys, monkeypatch, {})
    assert code == 0
    assert "6 of 6 within their limits" in text
    # A rival is shown and marked, but does not count.
    assert [line.split()[1] for line in text.splitlines() if "!" in line] == ["bias"]


@pytest.mark.parametrize(
    "values",
    [
        {"accuracy/forget": 0.02},
        {"accuracy/retain": 0.929},
        {"shift": 0.21},
        {"auc": 0.78},
        {"auc": 0.59},
        {"probe": 0.71},
        {"aligned": 0.79},
    ],
    ids=str,
)
def test_each_value_beyond_its_limit_is_marked_and_counted(
    benchmark: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, float],
) -> None:
    code, text = printed(benchmark, tmp_path, capsys, monkeypatch, values)
    assert code == 1
    assert "5 of 6 within their limits" in text
    assert sum(line.count("!") for line in text.splitlines() if " bias " not in line) == 1


def test_edits_may_keep_a_little_less(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _ = printed(benchmark, tmp_path, capsys, monkeypatch, {"accuracy/retain": 0.927}, method="dihyfo-2-edit")
    assert code == 0


def lines(
    benchmark: ModuleType,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    written: list[MetricRow],
    task: str,
) -> list[str]:
    """What is printed of the rows of a metrics file."""
    write_rows(folder / "metrics.csv", written)
    monkeypatch.setattr("sys.argv", ["run.py", "--results", str(folder), "--tasks", task])
    with pytest.raises(SystemExit):
        benchmark.main()
    return capsys.readouterr().out.splitlines()


def test_a_line_a_method_has_the_means_of_what_lies_above_the_retrained(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [
        *(row for forget in ("2", "3") for row in rows("retrained", {}, forget)),
        *rows("dihyfo-2", {"shift": 0.14, "auc": 0.74, "accuracy/retain": 0.94}, "2"),
        *rows("dihyfo-2", {"shift": 0.08, "auc": 0.70, "accuracy/forget": 0.004}, "3"),
    ]
    first = lines(benchmark, tmp_path, capsys, monkeypatch, written, "digits")[0]
    expected = "digits dihyfo-2 2 sets D_f +0.002 D_r−retrained -0.005 shift +0.010 auc +0.020 probe +0.000"
    assert first.split() == expected.split()


@pytest.mark.parametrize(
    ("task", "method", "least"),
    [
        ("digits", "dihyfo-1", 0.93),
        ("digits", "dihyfo-1-edit", 0.925),
        ("mnist", "dihyfo-1", 0.93),
        ("mnist", "dihyfo-1-edit", 0.92),
    ],
)
def test_how_much_may_be_lost_of_retained_classes(
    benchmark: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    method: str,
    least: float,
) -> None:
    for kept, met in ((least, "5 of 5"), (least - 0.001, "4 of 5")):
        written = [*rows("retrained", {}, task=task), *rows(method, {"accuracy/retain": kept}, task=task)]
        assert lines(benchmark, tmp_path, capsys, monkeypatch, written, task)[-1] == f"{met} within their limits"


@pytest.mark.parametrize(
    ("task", "margin"),
    [("digits-deep", 0.025), ("mnist-4", 0.03), ("fashion-cnn", 0.015), ("fashion-cnn-seed-1", 0.015)],
)
def test_edits_of_some_tasks_have_a_margin_of_their_own(benchmark: ModuleType, task: str, margin: float) -> None:
    assert benchmark.edits_margin(task) == margin


def test_of_groups_accuracies_alone_are_held_against_retrained_networks(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 0.01 above the central 95 % of retrained networks a group counts as forgotten."""

    def of_groups(method: str, forgotten: float, high: float) -> list[MetricRow]:
        names = ("digits", method, "2", "population")
        return [
            MetricRow(*names, "forget", "accuracy", forgotten, 0.0, high, 16),
            MetricRow(*names, "retain", "accuracy", 0.9, 0.8, 1.0, 16),
        ]

    monkeypatch.setattr("sys.argv", ["run.py", "--results", str(tmp_path)])
    for forgotten, missed in ((0.45, 0), (0.47, 1)):
        rows_of_both = [*of_groups("retrained", 0.4, 0.45), *of_groups("dihyfo-2", forgotten, 0.6)]
        write_rows(tmp_path / "metrics.csv", rows_of_both)
        with pytest.raises(SystemExit) as leaving:
            benchmark.main()
        assert leaving.value.code == missed
        assert f"D_f {forgotten:.3f} (0.400)" in capsys.readouterr().out
