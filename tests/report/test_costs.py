"""What hypernetworks cost, as a table and in a sentence."""

import math
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.records.files import columns_of
from hyperforget.records.methods import CostRow
from hyperforget.report.costs import cost_findings, cost_listing, read_costs


def cost(model: str, training: float, request: float, break_even: float) -> CostRow:
    return CostRow("digits", model, model, 96.235, training, request, 0.31251, 0.0171, 32, break_even)


PAYS = cost("dihyfo-1", 1354.95, 0.25, 23215)
NEVER = cost("dihyfo-2", 277.297, 1.204, math.inf)
UNASKED = CostRow("digits", "gpt", "gpt", 96.235, 12.0, None, None, None, None, None)


def test_costs_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(
        f"{','.join(columns_of(CostRow))}\n"
        "digits,dihyfo-2,dihyfo-2,96.235,277.297,1.204,0.31251,0.0171,32,inf\n"
        "digits,gpt,gpt,96.235,12.0,,,,,\n"
    )
    assert read_costs(path) == [NEVER, UNASKED]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"costs\.csv is missing"):
        read_costs(tmp_path / "costs.csv")


def test_the_table_shows_three_digits_and_says_never() -> None:
    listing = cost_listing([PAYS, NEVER, UNASKED])
    assert listing is not None
    assert [row[1:] for row in listing.rows] == [
        ("DiHyFo-1", "96.2", "1,355", "0.250", "0.313", "0.017", "23,215"),
        ("DiHyFo-2", "96.2", "277", "1.20", "0.313", "0.017", "never"),
        ("G.pt", "96.2", "12.0", "–", "–", "–", "–"),
    ]
    assert all(len(row) == len(listing.headings) for row in listing.rows)
    assert cost_listing([]) is None


def test_the_summary_says_after_how_many_requests_a_generator_pays() -> None:
    (finding,) = cost_findings([PAYS, NEVER, UNASKED], "digits")
    assert finding.text == (
        "DiHyFo-1 pays for itself after 23,215 requests (0.250 s a request, 0.313 s a retrain); "
        "DiHyFo-2 never pays for itself (1.20 s a request, 0.313 s a retrain)."
    )
    rivals = [CostRow("digits", name, name, 0, 0, 0.5, 0.31, 0.02, 32, math.inf) for name in ("bias", "finetune")]
    (finding,) = cost_findings([NEVER, *rivals], "digits")
    assert finding.text.endswith(
        "; a request to rivals, for which nothing is trained: Lowered biases 0.500 s, Finetuned 0.500 s."
    )
    assert cost_findings([PAYS], "digits-4") == []
    assert cost_findings([UNASKED], "digits") == []
