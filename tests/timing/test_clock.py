"""Medians of trials, by a clock that work moves on."""

from collections.abc import Iterable

import pytest

from hyperforget.timing.clock import median_seconds, rounded


class Work:
    """Takes as long as it is told, and the last of these times ever after."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: Iterable[float]) -> None:
        self.now, self.left, self.calls = 0.0, list(seconds), 0
        monkeypatch.setattr("time.process_time", lambda: self.now)

    def __call__(self) -> None:
        self.now += self.left.pop(0) if len(self.left) > 1 else self.left[0]
        self.calls += 1


def test_the_first_trial_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch, [0.2, 0.01, 0.03, 0.001])
    assert median_seconds(work) == pytest.approx(0.001)
    assert work.calls == 21


def test_trials_end_with_a_quarter_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch, [0.1])
    assert median_seconds(work) == pytest.approx(0.1)
    assert work.calls == 4


def test_what_takes_long_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch, [3.0])
    assert median_seconds(work) == 3.0
    assert work.calls == 1


def test_four_digits_count() -> None:
    assert [rounded(seconds) for seconds in (0.000123456, 12.34567, 0.0)] == [0.0001235, 12.35, 0.0]
