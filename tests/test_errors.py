"""What all commands share: exit status, one line, suggestions."""

import errno
import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.errors import UserError, nearest_choice, run_command, shown


def interrupt() -> None:
    raise KeyboardInterrupt


def refuse() -> None:
    raise UserError("seed is -1; allowed are whole numbers from 0")


@pytest.mark.parametrize(
    ("main", "status", "printed"),
    [
        (lambda: None, 0, ""),
        (refuse, 2, "error: seed is -1; allowed are whole numbers from 0\n"),
        (interrupt, 130, "interrupted\n"),
    ],
)
def test_commands_end_with_a_status_and_one_line(
    main: Callable[[], None], status: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        run_command(main)
    assert leaving.value.code == status
    assert capsys.readouterr() == ("", printed)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_cannot_be_written_is_one_line(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    def write() -> None:
        raise OSError(number, os.strerror(number), "store/a\x1b[2J")

    with pytest.raises(SystemExit) as leaving:
        run_command(write)
    assert leaving.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: store/a\\x1b[2J: {os.strerror(number)}; make room")
    assert told.count("\n") == 1


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: print(1 / 0))


def test_nearest_choice() -> None:
    assert nearest_choice("widht", ["layers", "width", "heads"]) == "; did you mean 'width'?"
    assert nearest_choice(8, [1, 80]) == "; did you mean '80'?"
    assert nearest_choice("zzz", ["layers", "width"]) == ""
    assert nearest_choice("x", []) == ""


@settings(max_examples=50)
@given(st.text())
def test_what_a_message_repeats_controls_no_terminal(text: str) -> None:
    assert str(UserError(text)).isprintable()


def test_control_characters_are_escaped() -> None:
    assert str(UserError("task 'a\x1b[31m\nb\u202e' of ä")) == r"task 'a\x1b[31m\nb\u202e' of ä"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), ("a", "'a'"), ([1, "b"], "[1, 'b']")],
)
def test_values_are_shown_as_python_writes_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_shortened() -> None:
    assert shown(10**5000) == "a number of thousands of digits"
    text = shown("a" * 1000 + "z")
    assert len(text) <= 80
    assert text.startswith("'aaa")
    assert text.endswith(" … aaaaaaaaaaaaaz'")
