"""Tables in a real LaTeX: all of the default configuration and of MNIST fit an article and a page of two columns."""

from pathlib import Path
from typing import Any

import pytest

from hyperforget.config import load_config
from hyperforget.config.reading import read_config
from hyperforget.config.report_specs import TablesSpec
from hyperforget.config.slices import spec_of
from hyperforget.report.results import Metrics
from hyperforget.report.tables.formats import to_latex, to_latex_float
from hyperforget.report.tables.model import Table
from hyperforget.report.tables.paper import parts
from hyperforget.report.tables.thesis import build_tables
from tests.checkouts import ROOT
from tests.report import synthetic_results
from tests.report.latex import NO_LATEX, faults, find_latex, measured
from tests.report.synthetic_results import SPEC, TASKS, make_results

LATEX = find_latex()
pytestmark = [pytest.mark.processes, pytest.mark.skipif(not LATEX, reason=NO_LATEX)]
CLASSES = {
    "one-column": r"\documentclass{article}",
    "two-columns": r"\documentclass[twocolumn]{article}",
    "larger": r"\documentclass[12pt]{article}",
}
# Test images of a class, as its name in `synthetic_results`.
CONFIGURATIONS = {"config": 45, "mnist": 1000}


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    """Those of a configuration of the repository, with numbers that are made up."""
    settings = load_config(read_config(ROOT / "config" / f"{request.param}.yaml"))
    spec = spec_of(TablesSpec, settings, {})
    tasks: dict[str, Any] = {
        task.name: {
            **TASKS["digits-4" if task.name.endswith("-4") else "digits"],
            "forget": list(task.forget),
            "holdout": list(task.holdout),
            "stranger_methods": list(task.stranger_methods),
        }
        for task in spec.tasks
    }
    values = {**SPEC, "tasks": tasks, "methods": list(spec.methods)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic_results, "IMAGES", CONFIGURATIONS[request.param])
        folder = make_results(tmp_path_factory.mktemp("latex") / "results", values)
    return build_tables(spec, Metrics(folder / "metrics.csv"))


@pytest.mark.parametrize("kind", CLASSES)
def test_no_line_is_too_wide_and_no_float_too_tall(tables: list[Table], kind: str, tmp_path: Path) -> None:
    assert LATEX
    # Some floats and a page are more than LaTeX keeps waiting.
    body = [f"{to_latex_float(table)}\\clearpage" for table in tables]
    # In the running text what is wider than a column has no place.
    body += [to_latex(table) for table in tables if kind != "two-columns" or _fit_a_column(table)]
    assert faults(LATEX, tmp_path, "\n\n".join(body), CLASSES[kind]) == []


def test_widths_are_known_beforehand(tables: list[Table], tmp_path: Path) -> None:
    assert LATEX
    told = [part.width for table in tables for part in parts(table)]
    tabulars = [code for table in tables for code in to_latex(table).split("\\par\\medskip\n")]
    found = measured(LATEX, tmp_path, tabulars)
    assert len(found) == len(told)
    for width, about in zip(found, told, strict=True):
        assert 0.85 * about <= width <= 1.08 * about


def test_what_is_too_wide_or_too_tall_is_noticed(tmp_path: Path) -> None:
    assert LATEX
    assert faults(LATEX, tmp_path, r"\begin{tabular}{l}\rule{346pt}{1pt}\end{tabular}")[0].startswith("Overfull")
    tall = r"\begin{table}\rule{1pt}{700pt}\end{table}"
    assert "Float too large" in faults(LATEX, tmp_path, tall)[0]
    assert faults(LATEX, tmp_path, r"\nothing")[0].startswith("! Undefined control sequence")
    assert faults(LATEX, tmp_path, r"\begin{tabular}{@{}l@{}}\rule{300pt}{1pt}\end{tabular}") == []


def _fit_a_column(table: Table) -> bool:
    return all(part.fits_a_column for part in parts(table))
