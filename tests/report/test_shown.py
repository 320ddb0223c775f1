"""What one forget set came to: as the report says it, from the file of that set alone."""

from pathlib import Path

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.errors import UserError
from hyperforget.report.matrix import IN_FULL, answer_matrix
from hyperforget.report.results import Metrics
from hyperforget.report.shown import HEADINGS, show
from tests.report.synthetic_results import task_of


@pytest.fixture(scope="module")
def folder(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with a file of one forget set, as a run leaves it before all are gathered."""
    made = tmp_path_factory.mktemp("shown") / "results"
    task = made / "digits"
    task.mkdir(parents=True)
    heading, *rows = (results / "metrics.csv").read_text().splitlines()
    of_set = [row for row in rows if row.split(",")[0] == "digits" and row.split(",")[2] == "0-4"]
    (task / "forget-0-4.csv").write_text("\n".join([heading, *of_set]) + "\n")
    (task / "forget-0-4-confusion.csv").write_bytes((results / "digits" / "forget-0-4-confusion.csv").read_bytes())
    (made / "costs.csv").write_bytes((results / "costs.csv").read_bytes())
    return made


def test_it_says_what_the_report_says(folder: Path, results: Path, spec: FullSpec) -> None:
    found = show(spec, folder / "digits" / "forget-0-4.csv")
    matrix = answer_matrix(spec, task_of(spec, "digits"), Metrics(results / "metrics.csv"), [])
    assert matrix is not None
    listed = [(row[0], *row[2:]) for row in matrix.listing.rows if row[1].startswith("{0,4}")]
    assert [row[:-1] for row in found.rows[:-1]] == listed
    assert found.title == "digits, asked to forget {0,4}, 90 of 450 test images; no run was collected for it"
    assert found.networks == (folder / "digits" / "METHOD" / "forget-0-4.safetensors").as_posix()


def test_requests_and_what_retrained_networks_come_to_stand_beside_it(folder: Path, spec: FullSpec) -> None:
    *methods, retrained = show(spec, folder / "digits" / "forget-0-4.csv").rows
    assert len(HEADINGS) == len(IN_FULL) + 2
    assert all(len(row) == len(HEADINGS) for row in (*methods, retrained))
    assert {row[0]: row[-1] for row in methods}["DiHyFo-1"] == "800 ms"
    assert (retrained[0], retrained[-1]) == ("Retrained", "310 ms")
    assert retrained[3].startswith("≤ ")


def test_without_costs_and_counts_it_still_answers(folder: Path, spec: FullSpec, tmp_path: Path) -> None:
    task = tmp_path / "results" / "digits"
    task.mkdir(parents=True)
    (task / "forget-0-4.csv").write_bytes((folder / "digits" / "forget-0-4.csv").read_bytes())
    found = show(spec, task / "forget-0-4.csv")
    assert found.title == "digits, asked to forget {0,4}; no run was collected for it"
    assert {row[-1] for row in found.rows} == {""}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("digits/forget-0-5.csv", "is not there; 'hyperforget run -- .*0-5.csv' makes it; .*did you mean '.*0-4.csv'"),
        ("digit/forget-0-4.csv", "is not there; .*did you mean '.*digits/forget-0-4.csv'"),
        ("costs.csv", "is not the file of a forget set; allowed is RESULTS/TASK/forget-SET.csv, of which there are "),
        ("digits/forget-0-4-confusion.csv", "is not the file of a forget set; .*did you mean '.*0-4.csv'"),
        ("digits", "is not the file of a forget set"),
    ],
)
def test_other_paths_are_told_with_the_nearest_that_is_there(
    folder: Path, spec: FullSpec, path: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        show(spec, folder / path)


def test_a_task_of_another_configuration_is_told(folder: Path, spec: FullSpec) -> None:
    other = folder / "letters"
    other.mkdir()
    (other / "forget-0-4.csv").write_bytes((folder / "digits" / "forget-0-4.csv").read_bytes())
    with pytest.raises(UserError, match="unknown task 'letters': allowed are "):
        show(spec, other / "forget-0-4.csv")
