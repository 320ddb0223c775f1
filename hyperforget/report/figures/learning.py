"""Learning curves of a hypernetwork (thesis, figures 3.8, 3.11, 3.15 and 3.16)."""

from pathlib import Path

import pandas as pd

from hyperforget.report.figures.style import BLUE, VERMILLION, Drawing, new_figure
from hyperforget.report.results import read_csv
from hyperforget.report.spec import method_title

_COLUMNS = ("step", "train_mse", "test_mse")


def draw_learning(path: Path, task: str, model: str) -> Drawing:
    """Mean squared error on training runs and on runs kept out of training, from ``history.csv``."""
    history = read_csv(path, _COLUMNS)
    figure = new_figure(6.0, 3.0)
    axes = figure.add_subplot()
    train = _curve(history, "train_mse")
    test = _curve(history, "test_mse")
    axes.plot(train.index, train, color=BLUE, linewidth=0.9, label="training runs")
    marker = "o" if len(test) <= 40 else ""
    axes.plot(
        test.index,
        test,
        color=VERMILLION,
        linewidth=1.4,
        linestyle="--",
        marker=marker,
        markersize=3.5,
        label="runs kept out of training",
    )
    axes.set_yscale("log")
    axes.set_xlabel("training step")
    axes.set_ylabel("mean squared error")
    axes.legend()
    summary = [
        f"{name} fall from {curve.iloc[0]:.3g} to {curve.iloc[-1]:.3g}"
        if curve.iloc[-1] < curve.iloc[0]
        else f"{name} go from {curve.iloc[0]:.3g} to {curve.iloc[-1]:.3g}"
        for name, curve in (("training errors", train), ("errors on unseen runs", test))
        if len(curve)
    ]
    last = int(history["step"].max())
    description = f"Over {last:,} steps " + " and ".join(summary) + "."
    return Drawing(figure, f"Learning curves of {method_title(model)} on {task}", description)


def _curve(history: pd.DataFrame, column: str) -> "pd.Series[float]":
    curve = history.set_index("step")[column].dropna()
    return curve[curve > 0]
