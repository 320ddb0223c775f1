"""What hypernetworks cost, as a table and in a sentence."""

import math
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.records.costs import CostRow
from hyperforget.records.files import columns_of
from hyperforget.report.costs import cost_findings, cost_listing, read_costs

RETRAINED = CostRow("digits", "retrained", "retrained", "retained", 0, 0, 0.31251, None, 1.7, 0.009, None, None)
PAYS = CostRow(
    "digits", "dihyfo-1", "dihyfo-1-edit", "none", 96.235, 1354.95, 0.00625, 0.048, 0.14, None, 4738, math.inf
)
NEVER = CostRow("digits", "dihyfo-2", "dihyfo-2", "none", 96.235, 277.297, 1.204, None, None, None, math.inf, None)
UNASKED = CostRow("digits", "gpt", "gpt", "", 96.235, 12.0, None, None, None, None, None, None)


def test_costs_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(
        f"{','.join(columns_of(CostRow))}\n"
        "digits,dihyfo-2,dihyfo-2,none,96.235,277.297,1.204,,,,inf,\n"
        "digits,gpt,gpt,,96.235,12.0,,,,,,\n"
    )
    assert read_costs(path) == [NEVER, UNASKED]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"costs\.csv is missing"):
        read_costs(tmp_path / "costs.csv")


def test_the_table_shows_three_digits_with_units_and_says_never() -> None:
    listing = cost_listing([RETRAINED, PAYS, NEVER, UNASKED])
    assert listing is not None
    assert [row[1:] for row in listing.rows] == [
        ("Retrained", "retained", "0 s", "0 s", "313 ms", "–", "1.70 s", "9.00 ms", "–", "–"),
        ("DiHyFo-1 (editing)", "none", "96.2 s", "1,355 s", "6.25 ms", "48.0 ms", "140 ms", "–", "4,738", "never"),
        ("DiHyFo-2", "none", "96.2 s", "277 s", "1.20 s", "–", "–", "–", "never", "–"),
        ("G.pt", "–", "96.2 s", "12.0 s", "–", "–", "–", "–", "–", "–"),
    ]
    assert all(len(row) == len(listing.headings) for row in listing.rows)
    assert cost_listing([]) is None


def test_the_summary_says_what_a_request_takes_and_after_how_many_a_generator_pays() -> None:
    rival = CostRow("digits", "bias", "bias", "training", 0, 0, 0.000134, None, None, None, 0, None)
    (finding,) = cost_findings([RETRAINED, PAYS, NEVER, UNASKED, rival], "digits")
    assert finding.text == (
        "to retrain one network takes 313 ms, a hundred together 1.70 s; "
        "DiHyFo-1 (editing) answers a request in 6.25 ms (48.0 ms to choose by data, 140 ms a hundred together) and "
        "pays for itself after 4,738, never where they come by the hundred; "
        "DiHyFo-2 answers a request in 1.20 s and never pays for itself; "
        "a request to rivals, for which nothing is trained: Lowered biases 0.134 ms."
    )
    assert cost_findings([RETRAINED, PAYS], "digits-4") == []
    assert cost_findings([RETRAINED], "digits") == []
    assert cost_findings([PAYS, UNASKED], "digits") == []
