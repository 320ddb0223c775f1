"""Tiny runs of the pipeline for all tests of its stages."""

import shutil
from pathlib import Path

import pytest
import torch

from tests.made_once import made_once
from tests.stages import streams
from tests.stages.reading import recorded, save
from tests.stages.streams import derived
from tests.stages.tiny_pipeline import jobs, run


def run_all(folder: Path) -> None:
    for each in jobs(folder).values():
        run(each)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the pipeline, which tests only read."""
    return made_once(tmp_path_factory, "tiny-pipeline", run_all)


@pytest.fixture(scope="session")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another run, elsewhere and later; its ``read.txt`` holds the fields of their specs that its stages read, and
    its ``streams.txt`` the random streams that its jobs derived.
    """

    def make(folder: Path) -> None:
        torch.manual_seed(123)
        with recorded() as reading, derived() as deriving:
            for deriving.job, each in jobs(folder).items():
                reading.run(each)
        save(reading.fields, folder / "read.txt")
        streams.save(deriving.streams, folder / "streams.txt")

    return made_once(tmp_path_factory, "tiny-pipeline-again", make)


@pytest.fixture
def copied(results: Path, tmp_path: Path) -> Path:
    """A copy of everything, to be damaged."""
    copy = tmp_path / "results"
    shutil.copytree(results, copy)
    return copy
