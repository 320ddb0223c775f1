"""What the comparison of optimisers comes to."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hyperforget.errors import UserError
from hyperforget.report.figures.optimizers import draw_optimizers
from hyperforget.report.figures.style import style
from hyperforget.report.optimizers import comparison_sentence, read_comparison
from tests.report.synthetic_results import SPEC, make_results

COLUMNS = ["optimizer", "learning_rate", "update", "network", "loss", "accuracy"]


def rows(optimizer: str, rate: float | None, losses: dict[int, float]) -> list[list[object]]:
    """Three networks around each median loss, whose mean is another."""
    return [
        [optimizer, rate, update, network, loss * factor, 1 / (1 + loss)]
        for update, loss in losses.items()
        for network, factor in enumerate((0.5, 1.0, 3.0))
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "optimizers.csv"
    table = [
        *rows("hypernetwork", None, {0: 2.0, 1: 0.4, 2: 0.2}),
        *rows("sgd", 0.1, {0: 2.0, 1: 1.9, 100: 0.4, 1500: 0.21}),
        *rows("adam", 0.001, {0: 2.0, 1: 0.39, 1500: 0.1}),
    ]
    pd.DataFrame(table, columns=COLUMNS).to_csv(written, index=False)
    return written


def test_the_sentence_counts_steps_to_the_models_median_loss(path: Path) -> None:
    assert comparison_sentence(read_comparison(path, "gpt")) == (
        "One update by G.pt reaches 0.4 nats, which takes SGD (learning rate 0.1) 100 steps, Adam (learning "
        "rate 0.001) 1 step; after 2 updates it is at 0.2 nats, which takes SGD (learning rate 0.1) more "
        "than 1,500 steps, Adam (learning rate 0.001) 1,500 steps."
    )


def test_a_single_update_is_told_once(path: Path) -> None:
    frame = pd.read_csv(path)
    frame[(frame["optimizer"] != "hypernetwork") | (frame["update"] < 2)].to_csv(path, index=False)
    sentence = comparison_sentence(read_comparison(path, "gpt"))
    assert sentence.startswith("One update by G.pt reaches 0.4 nats, ")
    assert "updates" not in sentence


def test_curves_are_quartiles_over_networks(path: Path) -> None:
    comparison = read_comparison(path, "gpt")
    assert [curve.last for curve in (comparison.model, *comparison.rivals)] == [2, 1500, 1500]
    quartiles = comparison.rivals[0].quartiles
    for index, share in enumerate((0.25, 0.5, 0.75)):
        np.testing.assert_allclose(quartiles["loss"][100][index], np.quantile([0.2, 0.4, 1.2], share), rtol=1e-12)
    assert comparison.model.median("accuracy", 1) == pytest.approx(1 / 1.4)


def test_the_figure_draws_every_median_and_its_band_after_the_start(path: Path) -> None:
    with style():
        drawing = draw_optimizers(path, "digits", "gpt")
    for axes in drawing.figure.axes:
        assert axes.get_xscale() == "log"
        assert [np.asarray(line.get_xdata()).tolist() for line in axes.lines[:-1]] == [
            [1, 2],
            [1, 100, 1500],
            [1, 1500],
        ]
        assert len(axes.collections) == 3
    loss, accuracy = drawing.figure.axes
    assert loss.get_yscale() == "log"
    np.testing.assert_allclose(np.asarray(loss.lines[1].get_ydata()), [1.9, 0.4, 0.21])
    # The start is a line of its own, since a logarithmic axis has no place for no update.
    assert np.asarray(loss.lines[-1].get_ydata()).tolist() == [2.0, 2.0]
    assert np.asarray(accuracy.lines[-1].get_ydata())[0] == pytest.approx(1 / 3)
    styles = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in loss.lines[:-1]}
    assert all(len(set(each)) == 3 for each in zip(*styles, strict=True))
    assert drawing.description == comparison_sentence(read_comparison(path, "gpt"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("learning_rate", "rate"), "lacks the column 'learning_rate'"),
        (lambda text: text.replace("adam", "adm"), "'adm' is none of hypernetwork, sgd, adam"),
        (lambda text: text.replace("hypernetwork,,1", "hypernetwork,,3"), "lacks the updates 0 and 1"),
    ],
)
def test_what_is_missing_or_wrong_is_named(path: Path, change: Callable[[str], str], message: str) -> None:
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=message):
        read_comparison(path, "gpt")


def test_synthetic_results_hold_one_for_each_learned_optimizer(tmp_path: Path) -> None:
    folder = make_results(tmp_path / "results", SPEC) / "digits"
    assert read_comparison(folder / "dihyfo-1" / "optimizers.csv", "dihyfo-1").model.title == "DiHyFo-1"
    assert not (folder / "dihyfo-2" / "optimizers.csv").exists()
