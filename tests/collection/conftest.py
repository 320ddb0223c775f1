"""One small corpus for all tests of how corpora are read."""

import shutil
from pathlib import Path

import pytest

from tests.collection.small_corpus import make_corpus


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a task with a corpus, which tests only read."""
    return make_corpus(tmp_path_factory.mktemp("run") / "results")


@pytest.fixture
def copied(task: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged."""
    shutil.copytree(task.parent, tmp_path / "results")
    return tmp_path / "results" / task.name
