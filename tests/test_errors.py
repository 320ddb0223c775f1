"""What all commands share: exit status, one line, suggestions."""

import errno
import os
from collections.abc import Callable

import pytest

from hyperforget.errors import UserError, nearest_choice, run_command


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
