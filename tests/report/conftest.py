"""One synthetic results folder for all tests of the report, and the same with tables and figures built."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.data.splits import TaskData
from hyperforget.report.figures import write_figures
from hyperforget.report.pad import gather_pad
from hyperforget.report.page import render_report
from hyperforget.report.results import Metrics
from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER
from hyperforget.report.tables.thesis import write_tables
from hyperforget.store.store import Store
from tests.made_once import made_once
from tests.report.chromium import Tab, chromium, find_chromium
from tests.report.drawn import drawn_figures
from tests.report.synthetic_networks import LAYOUTS, make_networks
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


@pytest.fixture(scope="session")
def drawn_spec() -> FullSpec:
    """Of tasks with digits that can be drawn."""
    tasks = {name: {**task, "handwritten_digits": True} for name, task in BUILT_SPEC["tasks"].items()}
    return as_spec({**BUILT_SPEC, "tasks": tasks})


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, TaskData]]:
    """A results folder with networks of every method, and the images of each task; tests only read it."""
    folder = tmp_path_factory.mktemp("networks")
    made = {
        name: make_networks(folder, name, BUILT_SPEC["tasks"][name], layout, BUILT_SPEC["methods"])
        for name, layout in LAYOUTS.items()
    }
    return folder, made


@pytest.fixture(scope="session")
def drawn_page(
    built: Path, drawn_spec: FullSpec, networks: tuple[Path, object], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A report with a pad to draw on."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    pad = gather_pad(drawn_spec, networks[0], Store(networks[0] / "store"))
    path.write_text(render_report(drawn_spec, built, (), pad), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A tab of Chromium; without one a test is skipped, or fails where REQUIRE_CHROMIUM is set."""
    command = find_chromium()
    if command is None:
        reason = "no Chromium is installed here; 'apt-get install chromium' brings one"
        (pytest.fail if os.environ.get("REQUIRE_CHROMIUM") else pytest.skip)(reason)
    with chromium(command, tmp_path_factory.mktemp("chromium")) as found:
        yield found
