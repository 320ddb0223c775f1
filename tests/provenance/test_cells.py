import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.provenance.cells import MetricChange, compare_cells, read_cells
from hyperforget.records.methods import MetricRow
from tests.provenance.recorded_run import HEADER, metrics_table

KEY = ("toy", "model", "2", "population", "forget", "accuracy")


def metric(value: float, low: float | None = None, high: float | None = None) -> MetricRow:
    return MetricRow(*KEY, value, low, high, n=1)


NUMBERS = st.floats(-9, 9) | st.just(math.nan)
CELLS = st.dictionaries(
    st.tuples(*[st.sampled_from("ab")] * 6),
    st.builds(metric, NUMBERS, st.none() | st.floats(-9, 0), st.floats(0, 9)),
)


def change(old: MetricRow, new: MetricRow) -> list[MetricChange]:
    return list(compare_cells({KEY: old}, {KEY: new}))


def test_values_and_intervals_are_read_exactly() -> None:
    cells = read_cells(metrics_table({"population": (0.1 + 0.2, 0.25, 1 / 3), "chosen": (1.0, None, None)}))
    population, chosen = cells[KEY], cells[(*KEY[:3], "chosen", *KEY[4:])]
    assert (population.value, population.low, population.high) == (0.1 + 0.2, 0.25, 1 / 3)
    assert (chosen.value, chosen.low, chosen.high) == (1.0, None, None)


def test_an_empty_or_undefined_value_is_not_a_number() -> None:
    lines = [HEADER, "t,m,2,chosen,test,phi,,,,1", "t,m,3,chosen,test,phi,nan,nan,nan,1"]
    cells = read_cells("\n".join(lines).encode())
    assert all(math.isnan(cell.value) and cell.low is None and cell.high is None for cell in cells.values())
    assert len(cells) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n",
        f"{HEADER}\nt,m,2,chosen,test,phi,high,,,1\n".encode(),
        f"{HEADER}\nt,m\n".encode(),
        b"\xff",
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(UserError, match=r"metrics\.csv is not a table of metrics"):
        read_cells(data)


@pytest.mark.parametrize(
    ("new", "outside"),
    [(0.3, False), (0.2, False), (0.9, False), (0.1999, True), (0.9001, True), (math.inf, True)],
)
def test_the_old_interval_judges_the_new_value(new: float, outside: bool) -> None:
    (moved,) = change(metric(0.5, 0.2, 0.9), metric(new, 0.0, 1.0))
    assert (moved.old, moved.new, moved.low, moved.high) == (0.5, new, 0.2, 0.9)
    assert moved.outside is outside


def test_without_an_interval_there_is_no_judgement() -> None:
    (moved,) = change(metric(0.5), metric(0.6, 0.1, 0.2))
    assert moved.outside is None


def test_a_value_that_vanishes_is_a_change_without_judgement() -> None:
    (moved,) = change(metric(0.5, 0.2, 0.9), metric(math.nan))
    assert (moved.new, moved.outside) == (None, None)
    assert change(metric(math.nan), metric(math.nan)) == []


def test_new_and_lost_cells_are_told() -> None:
    other = (*KEY[:5], "phi")
    moved = list(compare_cells({KEY: metric(0.5)}, {other: metric(0.6)}))
    assert moved == [
        MetricChange(KEY, 0.5, None, None, None, None),
        MetricChange(other, None, 0.6, None, None, None),
    ]


@given(CELLS, CELLS)
def test_exactly_the_cells_that_differ_are_told(
    before: dict[tuple[str, ...], MetricRow], after: dict[tuple[str, ...], MetricRow]
) -> None:
    def value(cells: dict[tuple[str, ...], MetricRow], key: tuple[str, ...]) -> float | str:
        number = cells[key].value if key in cells else "absent"
        return "undefined" if number != number else number

    moved = {each.key for each in compare_cells(before, after)}
    assert moved == {key for key in before.keys() | after.keys() if value(before, key) != value(after, key)}
    assert list(compare_cells(before, before)) == []
