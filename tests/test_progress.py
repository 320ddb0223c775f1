"""Progress of long work, on a terminal and in a log."""

import sys

import pytest

from hyperforget.progress import progress


def test_progress_in_a_log_is_sparse_and_tells_the_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    seen = []
    for item in progress("abcdef", 6, "training"):
        seen.append(item)
        now[0] += 8.0
    assert seen == list("abcdef")
    assert capsys.readouterr().err.splitlines() == [
        "training: 3/6 steps, 0.1 steps/s, 24 s left",
        "training: 6/6 steps, 0.1 steps/s, 0 s left",
        "training: 6 steps in 48.0 s",
    ]


def test_progress_counts_what_was_done_before_but_not_in_the_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for _ in progress("abcd", 104, "training", initial=100):
        now[0] += 20.0
    assert capsys.readouterr().err.splitlines() == [
        "training: 101/104 steps, 0.1 steps/s, 60 s left",
        "training: 102/104 steps, 0.1 steps/s, 40 s left",
        "training: 103/104 steps, 0.1 steps/s, 20 s left",
        "training: 104/104 steps, 0.1 steps/s, 0 s left",
        "training: 4 steps in 80.0 s",
    ]


def test_inner_loops_speak_only_while_they_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for _ in progress("ab", 2, "sampling", inner=True):
        now[0] += 15.0
    assert capsys.readouterr().err.splitlines() == ["sampling: 2/2 steps, 0.1 steps/s, 0 s left"]
    assert list(progress("ab", 2, "sampling", inner=True)) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_progress_over_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress([], 0, "reading", unit="object")) == []
    assert capsys.readouterr().err.startswith("reading: 0 objects in ")


def test_progress_is_a_bar_on_a_terminal_and_lines_on_a_dumb_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress(range(3), 3, "training")) == [0, 1, 2]
    assert "100%" in capsys.readouterr().err
    monkeypatch.setenv("TERM", "dumb")
    assert list(progress(range(3), 3, "training")) == [0, 1, 2]
    assert capsys.readouterr().err.startswith("training: 3 steps in ")
