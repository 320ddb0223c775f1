"""Figures and page of models that are told one number (G.pt), and of those whose training is rebalanced."""

import html
import re
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import StepPatch

from hyperforget.config.performance import Performance
from hyperforget.errors import UserError
from hyperforget.report.figures.alignment import draw_alignment_comparison
from hyperforget.report.figures.distribution import draw_distribution
from hyperforget.report.figures.observed import best_values, draw_observed, draw_observed_comparison
from hyperforget.report.figures.style import Drawing, style
from hyperforget.report.figures.svg import to_svg
from hyperforget.report.page import render_report
from hyperforget.report.results import Metrics
from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER, figure_names, performance_title
from hyperforget.report.tables.thesis import write_tables
from tests.report.drawn import drawn_figures, words
from tests.report.synthetic_results import SPEC, TASKS, as_spec, make_results
from tests.report.test_figures import texts

pytestmark = pytest.mark.pipeline

MODELS = ["gpt", "gpt-error", "gpt-class-2", "dihyfo-2"]
TOLD: dict[str, dict[str, Any]] = {
    "gpt": {"metric": "loss", "classes": "mean"},
    "gpt-error": {"metric": "error", "classes": "mean"},
    "gpt-class-2": {"metric": "loss", "classes": 2},
    "dihyfo-2": {"metric": "loss", "classes": "each"},
}
SCALAR: dict[str, Any] = {
    **SPEC,
    "tasks": {"digits-4": {**TASKS["digits-4"], "forget": ["2"], "holdout": [], "corpora": {"corpus": MODELS}}},
    "models": MODELS,
    "methods": ["retrained"],
    "learned_optimizers": [],
    "performances": TOLD,
    "rebalanced": ["gpt-error", "dihyfo-2"],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("scalar") / "results", SCALAR)


@pytest.fixture(scope="module")
def drawings(results: Path) -> dict[str, Drawing]:
    return drawn_figures(SCALAR, "digits-4", results, results / FIGURE_FOLDER)


def test_figures_of_each_model_and_of_all_together() -> None:
    assert figure_names(as_spec(SCALAR), "digits-4") == [
        "digits-4-gpt-learning",
        "digits-4-gpt-alignment",
        "digits-4-gpt-observed",
        "digits-4-gpt-distribution",
        "digits-4-gpt-error-learning",
        "digits-4-gpt-error-alignment",
        "digits-4-gpt-error-observed",
        "digits-4-gpt-error-distribution",
        "digits-4-gpt-class-2-learning",
        "digits-4-gpt-class-2-alignment",
        "digits-4-gpt-class-2-observed",
        "digits-4-gpt-class-2-distribution",
        "digits-4-dihyfo-2-learning",
        "digits-4-dihyfo-2-alignment",
        "digits-4-dihyfo-2-observed",
        "digits-4-dihyfo-2-distribution",
        "digits-4-alignment-comparison",
        "digits-4-observed-comparison",
    ]


def test_one_model_alone_is_compared_with_none_and_others_have_no_distribution() -> None:
    spec = as_spec({**SCALAR, "models": ["gpt", "dihyfo-2"], "rebalanced": []})
    assert figure_names(spec, "digits-4") == [
        "digits-4-gpt-learning",
        "digits-4-gpt-alignment",
        "digits-4-gpt-observed",
        "digits-4-gpt-distribution",
        "digits-4-dihyfo-2-learning",
        "digits-4-dihyfo-2-alignment",
        "digits-4-dihyfo-2-observed",
    ]


def test_all_declared_figures_are_written(drawings: dict[str, Drawing]) -> None:
    assert set(drawings) == set(figure_names(as_spec(SCALAR), "digits-4"))


@pytest.mark.parametrize(
    ("model", "unit", "subject"),
    [
        ("gpt", "loss (nats)", "mean loss over classes"),
        ("gpt-error", "error (share of images)", "mean error over classes"),
        ("gpt-class-2", "loss (nats)", "loss of class 2"),
    ],
)
def test_axes_have_the_unit_of_the_metric(drawings: dict[str, Drawing], model: str, unit: str, subject: str) -> None:
    observed = words(drawings[f"digits-4-{model}-observed"])
    assert f"target {unit}" in observed
    assert f"observed {unit}" in observed
    assert observed.count(f"{subject},") == 2
    assert "runs kept out of training" in observed
    assert "best in the corpus" in observed
    assert unit in words(drawings[f"digits-4-{model}-distribution"])


@pytest.mark.parametrize("figure", ["gpt-error-distribution", "observed-comparison"])
def test_as_svg_they_keep_title_axes_and_description(drawings: dict[str, Drawing], figure: str) -> None:
    drawing = drawings[f"digits-4-{figure}"]
    with style():
        svg = to_svg(drawing, figure)
    written = set(texts(svg))
    labels = {label for axes in drawing.figure.axes for label in (axes.get_xlabel(), axes.get_title().split("\n")[0])}
    assert labels - {""}
    assert labels - {""} <= written
    assert drawing.description in html.unescape(svg)


def test_what_a_model_is_told_has_a_title() -> None:
    titles = [performance_title(Performance(**told)) for told in TOLD.values()]
    expected = ["mean loss over classes", "mean error over classes", "loss of class 2", "loss of each class"]
    assert titles == expected


@pytest.mark.parametrize(("metric", "best"), [("loss", 0.03), ("error", 0.1), ("accuracy", 0.9)])
def test_the_bound_is_the_best_value_of_the_training_set(
    tmp_path: Path, metric: Literal["loss", "error", "accuracy"], best: float
) -> None:
    spec = {**SCALAR, "performances": {**TOLD, "gpt": {"metric": metric, "classes": "mean"}}}
    folder = make_results(tmp_path / "results", spec) / "digits-4" / "gpt"
    performance = Performance(metric, "mean")
    bounds = best_values(folder / "distribution.csv", performance)
    assert bounds == {"all": pytest.approx(best)}
    with style():
        drawing = draw_observed(folder / "prompts.csv", bounds, as_spec(spec).task("digits-4"), "gpt", performance)
    panel = drawing.figure.axes[0]
    assert panel.get_xscale() == ("log" if metric == "loss" else "linear")
    assert [best, best] in [
        pytest.approx(np.asarray(line.get_ydata()).tolist()) for line in panel.lines if np.size(line.get_ydata()) == 2
    ]


def test_a_rebalanced_training_set_has_a_panel_of_its_own(results: Path) -> None:
    task = as_spec(SCALAR).task("digits-4")
    for model, panels in (("gpt", 1), ("gpt-error", 2), ("dihyfo-2", 4)):
        performance = as_spec(SCALAR).performance(model)
        with style():
            drawing = draw_distribution(results / "digits-4" / model / "distribution.csv", task, model, performance)
        assert len(drawing.figure.axes) == panels
        assert ("rebalanced" in drawing.description) == (panels > 1)
        for axes in drawing.figure.axes:
            assert axes.get_xscale() == ("linear" if model == "gpt-error" else "log")
            for patch in axes.patches:
                assert isinstance(patch, StepPatch)
                assert np.sum(patch.get_data()[0]) == pytest.approx(1)
    # Shares of 24, 23, … 1 in 300 against 24 equal ones.
    assert "training set 0.24 (free classes), training set 0.24 (pivot classes)" in drawing.description
    assert "rebalanced 0.0" in drawing.description


def test_models_are_compared_in_the_same_panels_of_alignment(results: Path) -> None:
    paths = {model: results / "digits-4" / model / "alignment.csv" for model in MODELS[:3]}
    with style():
        drawing = draw_alignment_comparison(paths, as_spec(SCALAR).task("digits-4"))
    assert len(drawing.figure.axes) == 4
    panels = [(measure, starts) for measure in ("r_squared", "correlation") for starts in ("seen", "unseen")]
    for axes, (measure, start) in zip(drawing.figure.axes, panels, strict=True):
        for path, line in zip(
            paths.values(), [line for line in axes.lines if np.size(line.get_xdata()) > 2], strict=False
        ):
            rows = pd.read_csv(path).query(f"starts == '{start}'")
            np.testing.assert_allclose(np.asarray(line.get_ydata()), rows[measure])
    assert "G.pt" in drawing.description


def test_models_are_compared_in_panels_with_units_of_their_own(results: Path) -> None:
    spec = as_spec(SCALAR)
    paths = {model: results / "digits-4" / model / "prompts.csv" for model in MODELS[:3]}
    with style():
        drawing = draw_observed_comparison(paths, spec.performances, spec.task("digits-4"))
    units = [axes.get_xlabel() for axes in drawing.figure.axes]
    assert units == ["target (nats)", "target (share of images)", "target (nats)"]
    assert [axes.get_xscale() for axes in drawing.figure.axes] == ["log", "linear", "log"]
    for axes, path in zip(drawing.figure.axes, paths.values(), strict=True):
        drawn = sum(np.size(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None")
        assert drawn == len(pd.read_csv(path))


def test_the_page_shows_them_all_with_captions(results: Path, drawings: dict[str, Drawing], tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    spec = as_spec(SCALAR)
    write_tables(spec, Metrics(folder / "metrics.csv"), folder / TABLE_FOLDER)
    page = render_report(spec, folder)
    captions = dict(re.findall(r'<figcaption id="figure-([^"]+)-caption">(.*?)</figcaption>', page, re.DOTALL))
    for name in figure_names(as_spec(SCALAR), "digits-4"):
        assert "Good:" in captions[name]
        assert len(captions[name].split()) <= 62  # its number among them
    assert "mean error over classes" in captions["digits-4-gpt-error-observed"]
    assert "once rebalanced" in captions["digits-4-gpt-error-distribution"]
    assert "once rebalanced" not in captions["digits-4-gpt-distribution"]
    assert "digits-4: all models that are told one number" in page


def test_a_file_without_the_training_set_is_named(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "distribution.csv"
    frame = pd.read_csv(results / "digits-4" / "gpt" / "distribution.csv")
    frame[frame["values"] == "prompts"].to_csv(path, index=False)
    with pytest.raises(UserError, match=r"distribution\.csv has no row with values 'train'"):
        best_values(path, Performance("loss", "mean"))
