"""``hyperforget seal``: what it writes and tells, and what it refuses before the long work."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hyperforget.cli.main import app
from hyperforget.generator import sealing
from hyperforget.generator.folder import read_generator, write_generator
from hyperforget.generator.generator import Generator
from tests.generator.conftest import build, data, generator, layout, make_generator

# Fixtures.
__all__ = ["build", "data", "generator", "layout", "make_generator"]


@pytest.fixture
def folder(
    tmp_path: Path, generator: Generator, data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with a generator and data; the shell is in it."""
    monkeypatch.chdir(tmp_path)
    write_generator(tmp_path / "mine", generator)
    np.savez(tmp_path / "data.npz", images=data[0], labels=data[1])
    first = [int(np.flatnonzero(data[1] == label)[0]) for label in np.unique(data[1])]
    np.savez(tmp_path / "single.npz", images=data[0][first], labels=data[1][first])
    return tmp_path


def seal(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["seal", "mine", "-o", "sealed", *arguments])


@pytest.mark.pipeline
def test_it_writes_a_generator_that_refuses_and_tells_what_comes_back(folder: Path) -> None:
    done = seal("--forget", "5", "--data", "data.npz", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["sealed"] == read_generator(folder / "sealed").description.sealed == [5]
    assert [row["asked"] for row in told["before"]] == [row["asked"] for row in told["after"]]
    assert told["before"][0]["asked"] == "to forget"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--forget", "two"], "--forget is 'two'; allowed are labels in plain digits"),
        (["--forget", "2"], "class 2 is a pivot"),
        (["--forget", "5", "-o", "mine"], "mine is there already; name a new folder, or an empty one"),
        (["--forget", "5", "--data", "single.npz"], "data has a single image of a class"),
    ],
)
def test_what_cannot_be_is_told_before_the_long_work(
    folder: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "progress", lambda *_: pytest.fail("it began"))
    done = seal(*arguments)
    assert done.exit_code != 0
    assert message in done.output
    assert not (folder / "sealed").exists()
