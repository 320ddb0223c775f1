"""What a small run ends in that nothing happens to."""

from pathlib import Path

import pytest

from tests.faults.small_run import started
from tests.made_once import made_once
from tests.stages.tiny_pipeline import text_files


def run_alone(folder: Path) -> None:
    folder.mkdir()
    process = started(folder / "results", folder / "results" / "store", folder / "log")
    process.join()
    assert process.exitcode == 0, (folder / "log").read_text()


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Tokens and tables of a run that nothing happened to."""
    return text_files(made_once(tmp_path_factory, "small-run", run_alone) / "results")
