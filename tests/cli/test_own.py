"""``hyperforget check-method`` tells authors whether their function does what it owes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hyperforget.cli.main import app

RUNNER = CliRunner()
METHOD = """
from hyperforget.networks.batch import Networks

def lower(assignment, by=50.0):
    layout = assignment.originals.layout
    parts = [part.clone() for part in layout.split(assignment.originals.params)]
    parts[-1] -= by * assignment.forget
    return Networks(layout.join(parts), layout)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lower.py"
    path.write_text(METHOD)
    return path


def test_a_method_that_keeps_the_contract(file: Path) -> None:
    found = RUNNER.invoke(app, ["check-method", str(file)])
    assert found.exit_code == 0, found.output
    assert "'lower'" in found.output
    assert "keeps the contract, in 9 cases" in found.output
    told = RUNNER.invoke(app, ["check-method", str(file), "--function", "lower", "--settings", '{"by": 60}', "--json"])
    assert json.loads(told.output)["cases"] == 9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--settings", '{"by": 0}'], "recognise"),
        (["--settings", '{"bye": 1}'], "failed with TypeError"),
        (["--settings", "[1]"], "--settings is '[1]'; allowed is a JSON object"),
        (["--settings", "{"], "which is no JSON"),
        (["--function", "loewr"], "did you mean 'lower'"),
    ],
)
def test_what_is_wrong_is_one_sentence(file: Path, arguments: list[str], words: str) -> None:
    found = RUNNER.invoke(app, ["check-method", str(file), *arguments])
    assert found.exit_code == 2
    [sentence] = [line for line in found.output.splitlines() if line.startswith("error: ")]
    assert words in sentence


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = RUNNER.invoke(app, ["check-method", str(tmp_path / "nowhere.py")])
    assert found.exit_code == 2
    assert "which is no file" in found.output
    assert "no installed package offers a method 'nowhere'" in RUNNER.invoke(app, ["check-method", "nowhere"]).output
