"""How far a run is, and how long the rest takes."""

from pathlib import Path

import pytest

from hyperforget.runs.state import FILE, Job, Run, read, write
from hyperforget.runs.times import Times


def job(kind: str, name: str, began: float) -> Job:
    return Job(f"doing {name}", f"done {name}", kind, f"{kind}/{name}", began)


def test_time_left_follows_the_pace_of_what_is_done() -> None:
    times = Times({"evaluate/a": 10.0, "train_hypernet/x": 100.0})
    run = Run(1000.0, {"evaluate": 3, "train_hypernet": 1})
    assert run.seconds_left(1000.0, times) == pytest.approx(130.0)
    run.begin("1", job("evaluate", "a", 1000.0))
    # Twice as fast as before.
    assert run.finish("1", 1005.0, times) is not None
    run.begin("2", job("train_hypernet", "x", 1005.0))
    times.seconds["evaluate/a"] = 10.0
    assert run.seconds_left(1005.0, times) == pytest.approx((2 * 10.0 + 100.0) * 0.5)
    assert (run.finished, run.total) == (1, 4)


def test_nothing_is_guessed_of_a_kind_that_was_never_timed() -> None:
    run = Run(0.0, {"evaluate": 1, "probe_hypernet": 1})
    assert run.seconds_left(1.0, Times({"evaluate/a": 10.0})) is None


def test_jobs_that_were_not_planned_count_and_one_that_is_tried_again_once() -> None:
    run = Run(0.0, {"evaluate": 1})
    for number in ("1", "2"):
        run.begin(number, job("evaluate", number, 0.0))
    assert run.total == 2
    assert run.fail("2") is not None
    run.begin("2", job("evaluate", "2", 1.0))
    assert run.total == 2
    assert run.failed == ["doing 2"]
    assert run.finish("9", 1.0, Times()) is None


def test_it_is_kept_and_what_is_damaged_is_none(tmp_path: Path) -> None:
    run = Run(1.0, {"evaluate": 2}, {"1": job("evaluate", "a", 1.0)}, failed=["doing b"])
    write(run, tmp_path)
    assert read(tmp_path) == run
    for text in ("", "[]", '{"running": {"1": {}}}', '{"running": 3}'):
        (tmp_path / FILE).write_text(text)
        assert read(tmp_path) is None
    write(run, tmp_path / FILE)  # no folder: nothing is kept, and nothing fails
