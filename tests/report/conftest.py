"""One synthetic results folder for all tests of the report, and the same with tables and figures built."""

import shutil
from pathlib import Path

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.figures import write_figures
from hyperforget.report.results import Metrics
from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER
from hyperforget.report.tables.thesis import write_tables
from tests.made_once import made_once
from tests.report.drawn import drawn_figures
from tests.report.synthetic_results import BUILT_SPEC, SPEC, as_spec, make_results


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tables and figures together take long to draw, so what reads them is no unit test."""
    for item in items:
        if "built" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.pipeline)


@pytest.fixture(scope="session")
def spec() -> FullSpec:
    return as_spec(SPEC)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a run writes before tables and figures are built; tests only read it."""
    return make_results(tmp_path_factory.mktemp("raw") / "results")


@pytest.fixture(scope="session")
def built_spec() -> FullSpec:
    return as_spec(BUILT_SPEC)


@pytest.fixture(scope="session")
def built(results: Path, built_spec: FullSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder with its tables and figures, those of ``digits`` drawn, but left without content; tests only
    read it.
    """

    def make(folder: Path) -> None:
        shutil.copytree(results, folder)
        write_tables(built_spec, Metrics(folder / "metrics.csv"), folder / TABLE_FOLDER)
        drawn_figures(BUILT_SPEC, "digits", folder, folder / FIGURE_FOLDER)
        write_figures(built_spec, "digits-4", folder, folder / FIGURE_FOLDER)

    return made_once(tmp_path_factory, "report", make)
