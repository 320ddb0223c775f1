"""What every command of the package shares: errors for users, and sparse progress for long
work.
"""

import difflib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn, TypeVar

Item = TypeVar("Item")

_LOG_INTERVAL_SECONDS = 20.0


class UserError(ValueError):
    """Wrong input, explained in one sentence; commands print it without a traceback and exit with status
    2.
    """


def nearest_choice(value: object, allowed: Iterable[object]) -> str:
    """The end of an error message: ``; did you mean 'x'?`` for the closest allowed value, else an empty
    string.
    """
    matches = difflib.get_close_matches(str(value), [str(choice) for choice in allowed], n=1, cutoff=0.4)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def run_command(main: Callable[[], None]) -> NoReturn:
    """Run ``main`` and leave the process: 0 on success, 2 with one line for a `UserError`, 130 on Ctrl-C."""
    try:
        main()
    except UserError as error:
        sys.exit(_fail(f"error: {error}", 2))
    except KeyboardInterrupt:
        sys.exit(_fail("interrupted", 130))
    sys.exit(0)


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status


def progress(
    items: Iterable[Item],
    total: int,
    description: str,
    unit: str = "step",
    initial: int = 0,
    inner: bool = False,
) -> Iterator[Item]:
    """Yield ``items``, showing a bar on a terminal and a line every 20 seconds in a log, with rate and time
    left.

    ``initial`` items of the ``total`` were done before, and are not among ``items``; the rate leaves them out.
    An ``inner`` loop, one of many in a row, leaves nothing behind when it ends.
    """
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from tqdm import tqdm

        yield from tqdm(items, total=total, desc=description, unit=unit, initial=initial, leave=not inner)
        return
    started = last = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= _LOG_INTERVAL_SECONDS:
            last = now
            rate = done / (now - started)
            left = (total - initial - done) / rate
            print(
                f"{description}: {initial + done}/{total} {unit}s, {rate:.1f} {unit}s/s, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )
    if inner:
        return
    elapsed = time.monotonic() - started
    print(f"{description}: {done} {unit}s in {elapsed:.1f} s", file=sys.stderr, flush=True)
