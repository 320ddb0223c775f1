"""The table of what was tried: it counts, it sums, and it takes the place of the one before."""

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.torture import FIRST_LINE, LAST_LINE, ROWS, Row, hostile, row, table, write_table

ROOT = Path(__file__).parents[1]


def test_rows_of_one_name_are_one_and_the_last_is_the_sum() -> None:
    rows = [Row("kills", 3, 0, 0, 1.4), Row("flips", 1200, 1, None, 2.0), Row("kills", 2, 0, 7, 1.2), Row("never")]
    assert table(rows)[2:] == [
        "| kills | 5 | 0 | 7 | 3 |",
        "| flips | 1,200 | 1 |  | 2 |",
        "| all | 1,205 | 1 | 7 | 5 |",
    ]


def test_a_row_that_ends_in_an_error_has_a_failure() -> None:
    with pytest.raises(KeyError), row("fails") as told:
        raise KeyError
    ROWS.remove(told)
    assert told.failures == 1


def test_inputs_are_counted_and_those_that_do_not_count_are_not() -> None:
    seen: list[int] = []

    @hostile("numbers", 20, 20)
    @example(1)
    @given(st.integers(0, 10**6))
    def check(number: int) -> None:
        assume(number % 2)
        seen.append(number)
        assert number != 1 or len(seen) == 1

    check()
    told = ROWS.pop()
    assert (told.what, told.tried, told.failures) == ("hostile input: numbers", len(seen), 0)
    assert len(seen) == 21
    with pytest.raises(AssertionError):
        check()
    assert told.failures == 1


def test_the_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{FIRST_LINE}\n\nold\n\n{LAST_LINE}\n\nAfter.\n")
    for tried in (5, 6):
        write_table(page, [Row("kills", tried)])
    text = page.read_text()
    assert text.startswith(f"# Before\n\n{FIRST_LINE}\n")
    assert text.endswith(f"{LAST_LINE}\n\nAfter.\n")
    assert "old" not in text
    assert text.count("| kills | 6 |") == text.count("kills") == 1


def test_what_was_not_tried_now_stays_in_the_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{FIRST_LINE}\n{LAST_LINE}\n")
    write_table(page, [Row("kills, all", 1500, 1, 0, 3.2), Row("flips", 7, 0, None, 2)])
    write_table(page, [Row("flips", 8, 0, None, 1), Row("never")])
    assert [line for line in page.read_text().splitlines() if line.startswith("| ")][1:] == [
        "| kills, all | 1,500 | 1 | 0 | 3 |",
        "| flips | 8 | 0 |  | 1 |",
        "| all | 1,508 | 1 | 0 | 4 |",
    ]


def test_the_page_of_promises_has_a_place_for_the_table() -> None:
    text = (ROOT / "docs/guarantees.md").read_text()
    assert text.count(FIRST_LINE) == text.count(LAST_LINE) == 1
