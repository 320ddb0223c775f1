"""Figures about a model that is told losses and discriminability: one of each kind for each of them."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hyperforget.config.performance import Performance
from hyperforget.report.figures.style import Drawing
from hyperforget.report.results import final_alignment
from hyperforget.report.spec import FIGURE_FOLDER, figure_names, performance_title
from tests.report.drawn import contents, drawn_figures, words
from tests.report.synthetic_results import SPEC, TASKS, as_spec, make_results

pytestmark = pytest.mark.pipeline

BOTH: dict[str, Any] = {"metric": "loss", "classes": "each", "also": ("discriminability",)}
TOLD: dict[str, Any] = {
    **SPEC,
    "tasks": {"digits-4": {**TASKS["digits-4"], "forget": ["2"], "holdout": [], "corpora": {"corpus": ["dihyfo-1"]}}},
    "models": ["dihyfo-1"],
    "methods": ["retrained"],
    "learned_optimizers": [],
    "performances": {"dihyfo-1": BOTH},
    "rebalanced": ["dihyfo-1"],
}
NAMES = [
    "digits-4-dihyfo-1-learning",
    "digits-4-dihyfo-1-alignment",
    "digits-4-dihyfo-1-observed",
    "digits-4-dihyfo-1-alignment-discriminability",
    "digits-4-dihyfo-1-observed-discriminability",
    "digits-4-dihyfo-1-distribution",
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("told") / "results", TOLD)


@pytest.fixture(scope="module")
def drawings(results: Path) -> dict[str, Drawing]:
    return drawn_figures(TOLD, "digits-4", results, results / FIGURE_FOLDER)


def test_there_is_a_figure_for_each_metric_that_a_model_is_told(drawings: dict[str, Drawing]) -> None:
    assert figure_names(as_spec(TOLD), "digits-4") == NAMES
    assert set(drawings) == set(NAMES)
    losses = as_spec({**TOLD, "performances": {"dihyfo-1": {**BOTH, "also": ()}}})
    assert figure_names(losses, "digits-4") == [name for name in NAMES if "discriminability" not in name]


def test_axes_and_titles_name_the_metric(drawings: dict[str, Drawing]) -> None:
    discriminability = words(drawings["digits-4-dihyfo-1-observed-discriminability"])
    losses = words(drawings["digits-4-dihyfo-1-observed"])
    assert "target loss (nats)" in losses
    assert "target discriminability (standard deviations)" in discriminability
    assert "observed discriminability (standard deviations)" in discriminability
    for metric, suffix in (("loss", ""), ("discriminability", "-discriminability")):
        assert f"Prompt alignment of the {metric} of" in drawings[f"digits-4-dihyfo-1-alignment{suffix}"].title
    # Of the corpus only medians of losses are known.
    assert "lower bound: class median in the corpus" in losses
    assert "lower bound: class median in the corpus" not in discriminability
    assert "observed = target" in discriminability


def test_each_figure_is_of_the_rows_of_its_metric(drawings: dict[str, Drawing], tmp_path: Path) -> None:
    """With other values for discriminability, only figures of it change."""
    changed = make_results(tmp_path / "results", TOLD)
    for name, column in (("alignment", "r_squared"), ("prompts", "observed")):
        path = changed / "digits-4" / "dihyfo-1" / f"{name}.csv"
        frame = pd.read_csv(path)
        frame.loc[frame["metric"] == "discriminability", column] *= 0.5
        frame.to_csv(path, index=False)
    redrawn = drawn_figures(TOLD, "digits-4", changed, tmp_path / "figures")
    for name in NAMES:
        alike = contents(redrawn[name]) == contents(drawings[name])
        assert alike == ("discriminability" not in name), name


def test_the_final_alignment_is_that_of_the_losses(results: Path) -> None:
    rows = final_alignment(results / "digits-4" / "dihyfo-1" / "alignment.csv")
    assert [(row.metric, row.class_) for row in rows] == [("loss", "2"), ("loss", "3")]


def test_what_a_model_is_told_has_a_title() -> None:
    assert performance_title(Performance(**BOTH)) == "loss and discriminability of each class"
