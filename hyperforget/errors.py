"""What every command of the package shares: errors for users, and sparse progress for long work."""

import difflib
import errno
import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

_LONGEST_SHOWN = 80
_MENDABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


class UserError(ValueError):
    """Wrong input, explained in one sentence; commands print it, and no traceback, and exit with 2.

    What the sentence repeats of the input has no line breaks or other characters that control a terminal: they are
    escaped.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


def printable(text: str) -> str:
    """A text of whatever origin on one line, its control characters as escapes, which a terminal does not obey."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def excerpt(text: str, longest: int) -> str:
    """The beginning of a text of whatever origin and length, as `printable` gives it."""
    whole = printable(text[: 2 * longest])
    return whole if len(whole) <= longest else f"{whole[: longest - 3]}..."


def shown(value: object) -> str:
    """A value of the input as a message repeats it: as Python writes it, `null` for None, and shortened."""
    try:
        text = "null" if value is None else repr(value)
    except ValueError:  # Python writes no numbers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 20]} … {text[-15:]}"


def nearest_choice(value: object, allowed: Iterable[object]) -> str:
    """The end of an error message, ``; did you mean 'x'?``, for the closest allowed value; else empty."""
    matches = difflib.get_close_matches(str(value), [str(choice) for choice in allowed], n=1, cutoff=0.4)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def os_error_text(error: OSError) -> str:
    """What an error of the operating system says, with the file if it names one."""
    where = "" if error.filename is None else f"{printable(os.fsdecode(error.filename))}: "
    return f"{where}{error.strerror or error}"


def run_command(main: Callable[[], None]) -> NoReturn:
    """Run ``main`` and leave the process: 0 on success, 2 with one line for a `UserError`, or where a file
    cannot be written for want of room or of rights, 130 on Ctrl-C.
    """
    try:
        main()
    except UserError as error:
        sys.exit(_fail(f"error: {error}", 2))
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        sys.exit(_fail(f"error: {os_error_text(error)}; make room or give the right to write there", 2))
    except KeyboardInterrupt:
        sys.exit(_fail("interrupted", 130))
    sys.exit(0)


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status
