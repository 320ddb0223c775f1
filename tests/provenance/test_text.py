"""Text in columns."""

from hypothesis import given
from hypothesis import strategies as st

from hyperforget.provenance.text import aligned

CELL = st.text("ab²→", min_size=1, max_size=6)


def tables(width: int) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)


def test_columns_begin_below_each_other_and_lines_end_in_no_space() -> None:
    assert aligned([["name", "size", ""], ["a", "12", "x"]]) == ["name  size", "a     12    x"]


@given(st.integers(1, 4).flatmap(tables))
def test_cells_of_a_column_are_found_at_one_place(rows: list[list[str]]) -> None:
    lines = aligned(rows)
    start = 0
    for column in zip(*rows, strict=True):
        assert all(line[start:].startswith(cell) for line, cell in zip(lines, column, strict=True))
        start += max(map(len, column)) + 2
    assert max(map(len, lines)) == start - 2
