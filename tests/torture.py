"""How long tests try to break something: short as a rule, long with ``make torture``, which ends in a table."""

import functools
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import UnsatisfiedAssumption

from hyperforget import __version__

LONG = bool(os.environ.get("TORTURE"))
PAGE = os.environ.get("TORTURE_PAGE")  # the page that shows the table
# What stands in the page between these lines is replaced.
FIRST_LINE, LAST_LINE = "<!-- by make torture: -->", "<!-- end -->"

Test = TypeVar("Test", bound=Callable[..., None])


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
        phases=[Phase.explicit, Phase.generate],  # to make a failure smaller would take minutes
        suppress_health_check=list(HealthCheck),
    )


def hostile(what: str, short: int, long: int = 10_000) -> Callable[[Test], Test]:
    """Makes ``@given`` below it try so many examples, and a row of the table of them."""

    def decorate(test: Test) -> Test:
        property_test: Any = test
        body, told = property_test.hypothesis.inner_test, Row(f"hostile input: {what}")
        ROWS.append(told)

        @functools.wraps(body)
        def tried(*arguments: Any, **named: Any) -> None:
            started = time.perf_counter()
            try:
                body(*arguments, **named)
            except UnsatisfiedAssumption:
                raise
            except Exception:
                told.failures += 1
                raise
            finally:
                told.seconds += time.perf_counter() - started
            told.tried += 1

        property_test.hypothesis.inner_test = tried
        return examples(short, long)(test)

    return decorate


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


def table(rows: list[Row]) -> list[str]:
    """The lines of the table, in Markdown: one for all rows of one name, the sum at the end."""
    lines = ["| what | how many | failures | bytes lost | seconds |", "|---|--:|--:|--:|--:|"]
    names = dict.fromkeys(each.what for each in rows if each.tried or each.failures)
    sums = [_sum(name, [each for each in rows if each.what == name]) for name in names]
    for each in [*sums, _sum("all", sums)]:
        lost = "" if each.bytes_lost is None else f"{each.bytes_lost:,}"
        lines.append(f"| {each.what} | {each.tried:,} | {each.failures:,} | {lost} | {each.seconds:,.0f} |")
    return lines


def _sum(what: str, rows: list[Row]) -> Row:
    lost = [each.bytes_lost for each in rows if each.bytes_lost is not None]
    return Row(
        what,
        sum(each.tried for each in rows),
        sum(each.failures for each in rows),
        sum(lost) if lost else None,
        sum(each.seconds for each in rows),
    )


def write_table(page: Path, rows: list[Row]) -> None:
    """Put the table in the place of the one that a page has, with what it was made on.

    Rows that were not tried now stay as they are there, so that the whole may be tried in parts.
    """
    before, _, rest = page.read_text(encoding="utf-8").partition(FIRST_LINE)
    old, _, after = rest.partition(LAST_LINE)
    tried = {each.what for each in rows if each.tried or each.failures}
    rows = [*(each for each in _rows_of(old) if each.what not in tried), *rows]
    system = f"{platform.system()} {platform.machine()}"
    made = f"{date.today()}, hyperforget {__version__}, Python {platform.python_version()}, {system}:"
    text = "\n".join([FIRST_LINE, "", made, "", *table(rows), "", LAST_LINE])
    page.write_text(before + text + after, encoding="utf-8")


def _rows_of(text: str) -> Iterator[Row]:
    """The rows of a table, but for the sum."""
    for line in text.splitlines():
        what, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        numbers = [cell.replace(",", "") for cell in cells]
        if len(numbers) == 4 and numbers[0].isdigit() and what != "all":
            lost = int(numbers[2]) if numbers[2] else None
            yield Row(what, int(numbers[0]), int(numbers[1]), lost, float(numbers[3]))
