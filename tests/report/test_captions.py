"""Captions say in at most sixty words what is shown and what good is."""

from pathlib import Path

import pytest

from hyperforget.report.captions import (
    candidates_caption,
    comparison_caption,
    confusion_caption,
    figure_title,
    trade_off_caption,
    training_caption,
)
from hyperforget.report.results import Metrics
from hyperforget.report.spec import training_figures
from hyperforget.report.tables.comparison import comparison_table
from hyperforget.report.tables.recovery import recovery_table
from hyperforget.report.tables.strangers import strangers_table
from tests.report.synthetic_results import SPEC, as_spec, task_of

MOST_WORDS = 60
# Models that are told one number, several metrics, and losses of classes, drawn evenly.
PERFORMANCES = {
    "dihyfo-1": {"metric": "loss", "also": ["discriminability", "separability"]},
    "gpt": {"metric": "error", "classes": "mean"},
}
FULL = as_spec(
    {
        **SPEC,
        "models": ["dihyfo-1", "dihyfo-2", "gpt"],
        "learned_optimizers": [],
        "performances": PERFORMANCES,
        "rebalanced": ["dihyfo-2", "gpt"],
    }
)


def check(caption: str) -> None:
    assert len(caption.split()) <= MOST_WORDS, caption
    assert "Good:" in caption


@pytest.mark.parametrize("model", FULL.models)
def test_training(model: str, tmp_path: Path) -> None:
    kinds = training_figures(FULL, model)
    assert kinds
    for kind in kinds:
        check(training_caption(kind, FULL, "digits-4", model, tmp_path))
        assert figure_title(kind)


def test_figures_of_methods() -> None:
    for kind in ("alignment", "observed"):
        check(comparison_caption(kind, "digits-4"))
    check(trade_off_caption("digits-4"))
    for method in FULL.methods:
        check(candidates_caption(FULL, "digits-4", method))
        check(confusion_caption("digits-4", method))


def test_candidates_of_edits_say_among_which_the_chosen_one_is() -> None:
    assert "among the edits of the first trained network" in candidates_caption(FULL, "digits", "dihyfo-1-edit")
    assert "edits" not in candidates_caption(FULL, "digits", "dihyfo-1")


def test_tables(results: Path) -> None:
    metrics, task = Metrics(results / "metrics.csv"), task_of(FULL, "digits")
    for table in (comparison_table(FULL, task, metrics), recovery_table(FULL, task, metrics)):
        check(table.caption.plain)
    check(strangers_table(task, metrics).caption.plain)
