"""The matrix of the first screen: verdicts, counts, what decides, and what a request takes."""

from pathlib import Path

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.costs import read_costs
from hyperforget.report.matrix import WORDS, Matrix, Part, answer_matrix
from hyperforget.report.results import Metrics
from tests.report.synthetic_results import SPEC, as_spec, task_of


@pytest.fixture(scope="module")
def matrix(results: Path, spec: FullSpec) -> Matrix:
    metrics, costs = Metrics(results / "metrics.csv"), read_costs(results / "costs.csv")
    found = answer_matrix(spec, task_of(spec, "digits"), metrics, costs)
    assert found is not None
    return found


def test_there_is_a_row_a_method_and_a_column_a_forget_set(matrix: Matrix) -> None:
    assert [row.title for row in matrix.rows] == [
        "DiHyFo-1", "DiHyFo-1 (editing)", "DiHyFo-2", "Nearest checkpoint", "Lowered biases",
    ]  # fmt: skip
    assert [(column.title, column.kept_out, column.images) for column in matrix.columns] == [
        ("{2}", False, 45), ("{2,3,4}", False, 135), ("{0,1,2,3,4}", False, 225), ("{0,4}", True, 90),
        ("{1,2,3}", True, 135),
    ]  # fmt: skip
    assert all(len(row.cells) == 5 for row in matrix.rows)
    assert matrix.images == 450


def test_cells_count_images_and_say_what_decides(matrix: Matrix) -> None:
    nearest, bias = matrix.rows[-2:]
    assert nearest.cells[3].tone == "answers"
    assert nearest.cells[3].parts[0] == Part(
        "28\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}90", True, "22–42\N{NO-BREAK SPACE}%"
    )
    # A single image that is recognised decides nothing.
    assert bias.cells[3].parts[0] == Part("1\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}90", False, "0–6\N{NO-BREAK SPACE}%")
    assert bias.cells[3].tone == "hides"
    assert bias.cells[3].parts[1].decides


def test_a_row_says_on_how_many_sets_it_forgot_and_what_a_request_takes(matrix: Matrix) -> None:
    assert [row.request for row in matrix.rows] == ["800 ms"] * 3 + [""] * 2
    assert matrix.retraining == "310 ms"
    for row in matrix.rows:
        assert row.forgot == sum(WORDS[cell.tone].word == "forgot" for cell in row.cells)


def test_the_numbers_in_full_stand_in_a_table(matrix: Matrix) -> None:
    assert len(matrix.listing.rows) == 5 * 5
    row = next(row for row in matrix.listing.rows if row[:2] == ("Nearest checkpoint", "{0,4} (kept out)"))
    assert row[2:4] == ("✗ answers", "28 of 90 images [22–42\N{NO-BREAK SPACE}%]")


def test_without_methods_or_sets_there_is_no_matrix(results: Path) -> None:
    spec = as_spec({**SPEC, "models": [], "methods": ["retrained"]})
    assert answer_matrix(spec, task_of(spec, "digits"), Metrics(results / "metrics.csv"), []) is None
