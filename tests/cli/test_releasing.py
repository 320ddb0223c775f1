"""``hyperforget release``: what it writes, prints and refuses."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hyperforget.cli.main import app
from tests.release.conftest import build, generator, layout, made, make_generator, results

# Fixtures.
__all__ = ["build", "generator", "layout", "made", "make_generator", "results"]


@pytest.fixture
def folder(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the results lie; the shell is there."""
    monkeypatch.chdir(results.parent)
    return results.parent


def release(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["release", *arguments])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def test_it_tells_in_one_line_what_it_wrote(folder: Path) -> None:
    printed = release("out").stdout
    assert re.fullmatch(
        r"wrote out: 1 generator, 2 corpora, and the results as release-[0-9a-f]{12}; \d+ files, 0\.\d MB\. "
        r"out/README\.md tells how to use them\n",
        printed,
    )
    assert (folder / "out" / "README.md").is_file()


def test_it_prints_json(folder: Path) -> None:
    told = json.loads(release("out", "--json").stdout)
    assert told["generators"] == ["shapes/mine"]
    assert told["files"] == sum(path.is_file() for path in (folder / "out").rglob("*"))


def test_errors_are_one_line_and_status_2(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("mine")
    for arguments in (("mine",), ("mine", "--overwrite"), ("results",), ("out", "--results", "nowhere")):
        refused = release(*arguments, status=2)
        assert refused.stdout == ""
        assert re.fullmatch(r"error: .+\n", refused.stderr)
    assert not (folder / "out").exists()
