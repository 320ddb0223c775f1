import math

import pytest

from hyperforget.errors import UserError
from hyperforget.report.costs import Cost, cost_findings, cost_listing, read_costs
from tests.report.synthetic_results import COST_COLUMNS

PAYS = Cost("digits", "dihyfo-1", 96.235, 1354.95, 0.25, 0.31251, 0.0171, 23215)
NEVER = Cost("digits", "dihyfo-2", 96.235, 277.297, 1.204, 0.31251, 0.0171, math.inf)
UNASKED = Cost("digits", "gpt", 96.235, 12.0, math.nan, math.nan, math.nan, math.nan)


def test_costs_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text(
        f"{','.join(COST_COLUMNS)}\n"
        "digits,dihyfo-2,dihyfo-2,96.235,277.297,1.204,0.31251,0.0171,32,inf\n"
        "digits,gpt,gpt,96.235,12.0,,,,,\n"
    )
    never, unasked = read_costs(path)
    assert never == NEVER
    assert (unasked.method, unasked.training) == ("gpt", 12)
    assert math.isnan(unasked.request)
    assert math.isnan(unasked.break_even)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"costs\.csv is missing"):
        read_costs(tmp_path / "costs.csv")


def test_the_table_shows_three_digits_and_says_never():
    listing = cost_listing([PAYS, NEVER, UNASKED])
    assert [row[1:] for row in listing.rows] == [
        ("DiHyFo-1", "96.2", "1,355", "0.250", "0.313", "0.017", "23,215"),
        ("DiHyFo-2", "96.2", "277", "1.20", "0.313", "0.017", "never"),
        ("G.pt", "96.2", "12.0", "–", "–", "–", "–"),
    ]
    assert all(len(row) == len(listing.headings) for row in listing.rows)
    assert cost_listing([]) is None


def test_the_summary_says_after_how_many_requests_a_generator_pays():
    (finding,) = cost_findings([PAYS, NEVER, UNASKED], "digits")
    assert finding.text == (
        "DiHyFo-1 pays for itself after 23,215 requests (0.250 s a request, 0.313 s a retrain); "
        "DiHyFo-2 never pays for itself (1.20 s a request, 0.313 s a retrain)."
    )
    assert cost_findings([PAYS], "digits-4") == []
    assert cost_findings([UNASKED], "digits") == []
