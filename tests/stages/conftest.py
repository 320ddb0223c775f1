"""One tiny run of the pipeline for all tests of its stages."""

import shutil
from pathlib import Path

import pytest

from tests.stages.tiny_pipeline import jobs, run


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("results")
    for each in jobs(folder).values():
        run(each)
    return folder


@pytest.fixture
def copied(results: Path, tmp_path: Path) -> Path:
    """A copy of everything, to be damaged."""
    copy = tmp_path / "results"
    shutil.copytree(results, copy)
    return copy
