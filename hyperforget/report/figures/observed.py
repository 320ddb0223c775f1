"""What networks reach against what was asked for (thesis, figures 2.5, 2.9, 3.10, 3.13, 3.18 and 3.20)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from hyperforget.config.performance import Performance
from hyperforget.config.report_specs import FigureTask
from hyperforget.records.corpora import ClassSummary
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import DistributionRow, PromptRow
from hyperforget.report.figures.style import (
    BLUE,
    INK,
    ROLE_TITLES,
    VERMILLION,
    Drawing,
    class_style,
    identity_line,
    new_figure,
)
from hyperforget.report.results import quantile, rows_by, rows_with
from hyperforget.report.spec import method_title, performance_title

_STARTS = (("seen", "runs seen in training"), ("unseen", "runs kept out of training"))
# The log axes end here; no loss of interest is smaller.
_SMALLEST = 1e-3
_MOST_POINTS = 250
_MOST_COLUMNS = 3
# Logarithmic axes shorter than this ratio are labelled within decades as well.
_FEW_DECADES = 100
_PLURALS = {
    "loss": "losses",
    "error": "errors",
    "accuracy": "accuracies",
    "discriminability": "discriminability",
    "separability": "separability",
}


@dataclass(frozen=True)
class _Frame:
    """Both axes of a panel: from where to where, and whether they are logarithmic."""

    low: float
    high: float
    is_logarithmic: bool


def draw_observed(
    path: Path, bounds: Mapping[str, float], task: FigureTask, model: str, performance: Performance
) -> Drawing:
    """Observed against target values of the one metric of ``performance``, from ``prompts.csv``; ``bounds`` are those
    of `class_medians` or `best_values`, or none.
    """
    prompts = rows_with(read_rows(path, PromptRow), path, metric=performance.metric)
    roles = [each for each in ROLE_TITLES.items() if any(row.role == each[0] for row in prompts)]
    starts = [each for each in _STARTS if any(row.starts == each[0] for row in prompts)]
    figure = new_figure(3.4 * len(starts) + 0.5, 3.3 * len(roles) + 0.3)
    grid = figure.subplots(len(roles), len(starts), squeeze=False, sharex=True, sharey=True)
    frame = _frame(prompts, performance, bounds if performance.is_scalar else None)
    for line, (role, role_title) in enumerate(roles):
        for column, (start, start_title) in enumerate(starts):
            axes = grid[line][column]
            rows = [row for row in prompts if (row.role, row.starts) == (role, start)]
            for index, (name, of_class) in enumerate(rows_by(rows, lambda row: row.class_).items()):
                colour, marker = class_style(index)
                _draw_points(axes, of_class, frame, colour, marker, name)
                if name in bounds:
                    axes.axhline(max(bounds[name], frame.low), color=colour, linewidth=1.0, linestyle=":")
            _finish_panel(axes, frame)
            if performance.is_scalar:
                axes.set_title(f"{performance_title(performance)},\n{start_title}")
            else:
                axes.set_title(f"{role_title}, {start_title}")
            if line == len(roles) - 1:
                axes.set_xlabel(f"target {performance.metric} ({performance.unit})")
            if column == 0:
                axes.set_ylabel(f"observed {performance.metric} ({performance.unit})")
            if column == len(starts) - 1 and not performance.is_scalar:
                _class_legend(axes)
    identity = identity_line(grid[0][0], frame.low, frame.high)
    handles, labels = [identity], ["observed = target"]
    if bounds:
        handles += grid[0][0].plot([], [], color=INK, linewidth=1.0, linestyle=":")
        labels.append("best in the corpus" if performance.is_scalar else "lower bound: class median in the corpus")
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    title = f"Observed against target {_PLURALS[performance.metric]} of {method_title(model)} on {task.name}"
    return Drawing(figure, title, _description(prompts, performance))


def draw_observed_comparison(
    paths: Mapping[str, Path], performances: Mapping[str, Performance], task: FigureTask
) -> Drawing:
    """Observed against target values of several models that are told one number, a panel for each.

    ``paths`` gives the ``prompts.csv`` of each model.
    """
    columns = min(len(paths), _MOST_COLUMNS)
    lines = math.ceil(len(paths) / columns)
    figure = new_figure(2.8 * columns, 3.0 * lines + 0.4)
    grid = figure.subplots(lines, columns, squeeze=False)
    parts = []
    for axes, (model, path) in zip(grid.flat, paths.items(), strict=False):
        prompts, performance = read_rows(path, PromptRow), performances[model]
        frame = _frame(prompts, performance)
        for (start, title), colour, marker in zip(_STARTS, (BLUE, VERMILLION), "os", strict=True):
            rows = [row for row in prompts if row.starts == start]
            _draw_points(axes, rows, frame, colour, marker, title)
        _finish_panel(axes, frame)
        axes.set_title(f"{method_title(model)}\n{performance_title(performance)}")
        axes.set(xlabel=f"target ({performance.unit})", ylabel=f"observed ({performance.unit})")
        parts.append(f"{method_title(model)}: {_description(prompts, performance)}")
    for axes in grid.flat[len(paths) :]:
        axes.set_axis_off()
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=1.5)
    return Drawing(
        figure, f"Observed against target values of models that are told one number on {task.name}", " ".join(parts)
    )


def class_medians(path: Path) -> dict[str, float]:
    """Median loss of each class, from ``corpus-classes.csv`` or its like."""
    return {str(row.class_): row.median for row in read_rows(path, ClassSummary)}


def best_values(path: Path, performance: Performance) -> dict[str, float]:
    """The lowest loss or error, or the highest accuracy, that training sees of each class, from
    ``distribution.csv``.
    """
    train = rows_with(read_rows(path, DistributionRow), path, values="train")
    by_class = rows_by(train, lambda row: row.class_)
    if performance.metric == "accuracy":
        return {name: max(row.high for row in rows) for name, rows in by_class.items()}
    return {name: min(row.low for row in rows) for name, rows in by_class.items()}


def _draw_points(axes: Axes, rows: Sequence[PromptRow], frame: _Frame, colour: str, marker: str, label: str) -> None:
    points = _thinned(rows)
    axes.plot(
        np.maximum(frame.low, [row.target for row in points]),
        np.maximum(frame.low, [row.observed for row in points]),
        linestyle="",
        marker=marker,
        markersize=3,
        color=colour,
        markeredgewidth=0,
        alpha=0.7,
        label=label,
    )


def _finish_panel(axes: Axes, frame: _Frame) -> None:
    identity_line(axes, frame.low, frame.high)
    scale = "log" if frame.is_logarithmic else "linear"
    limits = (frame.low, frame.high)
    axes.set(xscale=scale, yscale=scale, xlim=limits, ylim=limits, aspect="equal")
    if frame.is_logarithmic and frame.high < _FEW_DECADES * frame.low:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())


def _class_legend(axes: Axes) -> None:
    """Beside the panel, where it hides nothing."""
    legend = axes.legend(
        title="class",
        title_fontsize=8,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        handletextpad=0.1,
        borderaxespad=0.2,
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)


def _thinned(points: Sequence[PromptRow]) -> Sequence[PromptRow]:
    """At most `_MOST_POINTS` points, evenly along the sorted targets, so that none of the range is lost."""
    if len(points) <= _MOST_POINTS:
        return points
    picked = np.linspace(0, len(points) - 1, _MOST_POINTS).round().astype(int)
    ordered = sorted(points, key=lambda row: row.target)
    return [ordered[index] for index in picked]


def _frame(prompts: Sequence[PromptRow], performance: Performance, bounds: Mapping[str, float] | None = None) -> _Frame:
    """Room for all targets and observed values, and for the bounds."""
    values = np.array([(row.target, row.observed) for row in prompts]).ravel()
    values = values[np.isfinite(values)]
    if bounds is not None:
        values = np.append(values, list(bounds.values()))
    if performance.metric != "loss":
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        margin = max(0.02, 0.05 * (high - low))
        return _Frame(low - margin, high + margin, is_logarithmic=False)
    if not len(values):
        return _Frame(_SMALLEST, 10.0, is_logarithmic=True)
    low, high = max(_SMALLEST, float(values.min()) * 0.7), max(1.0, float(values.max()) * 1.4)
    return _Frame(low, high, is_logarithmic=True)


def _description(prompts: Sequence[PromptRow], performance: Performance) -> str:
    parts = []
    for (role, starts), rows in rows_by(prompts, lambda row: (row.role, row.starts)).items():
        if performance.metric == "loss":
            ratio = quantile((row.observed / max(row.target, _SMALLEST) for row in rows), 0.5)
            found = f"median ratio {ratio:.2f}"
        else:
            difference = quantile((row.observed - row.target for row in rows), 0.5)
            found = f"median difference {difference:+.3f}"
        parts.append(f"{len(rows):,} networks and classes, {role}, {starts} runs: {found}")
    relation = "over" if performance.metric == "loss" else "minus"
    return f"Observed {relation} target {performance.metric}. " + "; ".join(parts) + "."
