"""How long tests try to break something: short as a rule, long with ``make torture``, which ends in a table."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, settings

LONG = bool(os.environ.get("TORTURE"))


@dataclass
class Row:
    """What was tried, how often, how often it failed, how many recorded bytes were lost, and the seconds it took;
    without ``bytes_lost`` where nothing was recorded before.
    """

    what: str
    tried: int = 0
    failures: int = 0
    bytes_lost: int | None = None
    seconds: float = 0.0


ROWS: list[Row] = []


def counted(short: int, long: int) -> int:
    """How often to try something."""
    return long if LONG else short


def examples(short: int, long: int = 10_000) -> settings:
    """The settings of a property test over hostile input; the same examples each time."""
    return settings(
        max_examples=counted(short, long),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],  # to make a failure smaller would take minutes
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def row(what: str) -> Iterator[Row]:
    """A row of the table, to be filled in by the test; one that ends in an error has a failure."""
    new, started = Row(what), time.perf_counter()
    ROWS.append(new)
    try:
        yield new
    except BaseException:
        new.failures += 1
        raise
    finally:
        new.seconds = time.perf_counter() - started


def table() -> list[str]:
    """The lines of the table, in Markdown."""
    lines = ["| what | how many | failures | bytes lost | seconds |", "|---|--:|--:|--:|--:|"]
    for each in ROWS:
        lost = "" if each.bytes_lost is None else str(each.bytes_lost)
        lines.append(f"| {each.what} | {each.tried:,} | {each.failures} | {lost} | {each.seconds:.0f} |")
    return lines
