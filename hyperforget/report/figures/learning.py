"""Learning curves of a hypernetwork (thesis, figures 3.8, 3.11, 3.15 and 3.16)."""

from pathlib import Path

from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import HistoryPoint
from hyperforget.report.figures.style import BLUE, VERMILLION, Drawing, new_figure
from hyperforget.report.spec import method_title


def draw_learning(path: Path, task: str, model: str) -> Drawing:
    """Mean squared error on training runs and on runs kept out of training, from ``history.csv``."""
    history = read_rows(path, HistoryPoint)
    figure = new_figure(6.0, 3.0)
    axes = figure.add_subplot()
    train = [(point.step, point.train_mse) for point in history if point.train_mse > 0]
    test = [(point.step, point.test_mse) for point in history if point.test_mse > 0]
    axes.plot(*_columns(train), color=BLUE, linewidth=0.9, label="training runs")
    marker = "o" if len(test) <= 40 else ""
    axes.plot(
        *_columns(test),
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
        _course(name, [error for _, error in curve])
        for name, curve in (("training errors", train), ("errors on unseen runs", test))
        if curve
    ]
    last = max(point.step for point in history)
    description = f"Over {last:,} steps " + " and ".join(summary) + "."
    return Drawing(figure, f"Learning curves of {method_title(model)} on {task}", description)


def _course(name: str, errors: list[float]) -> str:
    return f"{name} {'fall' if errors[-1] < errors[0] else 'go'} from {errors[0]:.3g} to {errors[-1]:.3g}"


def _columns(curve: list[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [step for step, _ in curve], [error for _, error in curve]
