"""One synthetic results folder for all tests of the report, and the same with tables and figures built."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from synthetic_results import SPEC, make_results

from hyperforget.report.figures import write_figures
from hyperforget.report.names import FIGURE_FOLDER, TABLE_FOLDER, ReportSpec, as_spec
from hyperforget.report.results import Metrics
from hyperforget.report.tables import write_tables


@pytest.fixture(scope="session")
def spec() -> ReportSpec:
    return as_spec(SPEC)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a run writes before tables and figures are built; tests only read it."""
    return make_results(tmp_path_factory.mktemp("raw") / "results")


@pytest.fixture(scope="session")
def built(results: Path, spec: ReportSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder with its tables and figures; tests only read it."""
    folder = tmp_path_factory.mktemp("built") / "results"
    shutil.copytree(results, folder)
    write_tables(spec, Metrics(folder / "metrics.csv"), folder / TABLE_FOLDER)
    for task in spec.tasks:
        write_figures(spec, task.name, folder, folder / FIGURE_FOLDER)
    return folder
