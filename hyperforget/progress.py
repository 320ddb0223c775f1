"""Progress of long work: a bar on a terminal, a line now and then in a log."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


_LOG_INTERVAL_SECONDS = 20.0


def progress(
    items: Iterable[Item],
    total: int,
    description: str,
    unit: str = "step",
    initial: int = 0,
    inner: bool = False,
) -> Iterator[Item]:
    """Yield ``items``, showing a bar on a terminal, or a line every 20 seconds in a log.

    ``initial`` items of the ``total`` were done before, and are not among ``items``; the rate leaves them out. An
    ``inner`` loop, one of many in a row, leaves nothing behind when it ends.
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
