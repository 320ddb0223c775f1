"""``hyperforget show``: words on a terminal, and the same as JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hyperforget.cli.main import app
from tests.report.synthetic_results import make_results


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = make_results(tmp_path_factory.mktemp("shown") / "results")
    heading, *rows = (results / "metrics.csv").read_text().splitlines()
    path = results / "digits" / "forget-2.csv"
    path.write_text("\n".join([heading, *(row for row in rows if row.startswith("digits,") and ",2," in row)]) + "\n")
    return path


def test_every_method_has_a_line_with_its_verdict(file: Path) -> None:
    printed = CliRunner().invoke(app, ["show", str(file)])
    assert printed.exit_code == 0, printed.output
    title, headings, *methods, retrained, networks = printed.output.splitlines()
    assert title == "digits, asked to forget {2}, 45 of 450 test images."
    assert headings.split()[:3] == ["Method", "Verdict", "Recognised"]
    assert [line.split("  ")[0] for line in methods][:3] == ["DiHyFo-1", "DiHyFo-1 (editing)", "DiHyFo-2"]
    assert retrained.startswith("Retrained ")
    assert networks == f"Networks: {file.parent.as_posix()}/METHOD/forget-2.safetensors"
    assert "\\x" not in printed.output


def test_json_says_the_same(file: Path) -> None:
    printed = CliRunner().invoke(app, ["show", str(file), "--json"])
    told = json.loads(printed.output)
    assert told["title"].startswith("digits, asked to forget {2}")
    assert [row["Method"] for row in told["methods"]][-1] == "Retrained"


def test_a_file_that_is_not_there_is_one_sentence(file: Path) -> None:
    printed = CliRunner().invoke(app, ["show", str(file.with_name("forget-9.csv"))])
    assert printed.exit_code == 2
    assert printed.output.startswith("error: ")
    assert len(printed.output.splitlines()) == 1
