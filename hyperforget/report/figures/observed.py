"""Losses of generated networks against those asked for (thesis, figures 3.10, 3.13, 3.18 and 3.20)."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hyperforget.report.figures.style import INK, Drawing, class_style, identity_line, new_figure
from hyperforget.report.names import TaskSpec, method_title
from hyperforget.report.results import check_values, read_csv

_COLUMNS = ("starts", "class", "role", "network", "target", "observed")
_ROLES = (("free", "free classes"), ("pivot", "pivot classes"))
_STARTS = (("seen", "runs seen in training"), ("unseen", "runs kept out of training"))
# The log axes end here; no loss of interest is smaller.
_SMALLEST = 1e-3
_MOST_POINTS = 250


def draw_observed(path: Path, classes_path: Path, task: TaskSpec, model: str) -> Drawing:
    """Observed against target loss, from ``prompts.csv``; the lower bound is the median loss of each class
    in the corpus, from ``corpus-classes.csv``.
    """
    prompts = read_csv(path, _COLUMNS)
    medians = read_csv(classes_path, ("class", "median")).set_index("class")["median"]
    check_values(prompts, path, "role", [role for role, _ in _ROLES])
    check_values(prompts, path, "starts", [start for start, _ in _STARTS])
    roles = [role for role in _ROLES if (prompts["role"] == role[0]).any()]
    starts = [start for start in _STARTS if (prompts["starts"] == start[0]).any()]
    figure = new_figure(3.4 * len(starts) + 0.5, 3.3 * len(roles) + 0.3)
    grid = figure.subplots(len(roles), len(starts), squeeze=False, sharex=True, sharey=True)
    low, high = _limits(prompts)
    for line, (role, role_title) in enumerate(roles):
        for column, (start, start_title) in enumerate(starts):
            axes = grid[line][column]
            rows = prompts[(prompts["role"] == role) & (prompts["starts"] == start)]
            _draw_panel(axes, rows, medians, low, high)
            axes.set_title(f"{role_title}, {start_title}")
            if line == len(roles) - 1:
                axes.set_xlabel("target loss (nats)")
            if column == 0:
                axes.set_ylabel("observed loss (nats)")
            if column == len(starts) - 1:
                _class_legend(axes)
    identity = identity_line(grid[0][0], low, high)
    bound = grid[0][0].plot([], [], color=INK, linewidth=1.0, linestyle=":")[0]
    figure.legend(
        [identity, bound],
        ["observed = target", "lower bound: class median in the corpus"],
        loc="outside lower center",
        ncols=2,
    )
    title = f"Observed against target losses of {method_title(model)} on {task.name}"
    return Drawing(figure, title, _description(prompts))


def _draw_panel(axes: Axes, rows: pd.DataFrame, medians: "pd.Series[float]", low: float, high: float) -> None:
    for index, (name, of_class) in enumerate(rows.groupby("class", sort=False)):
        colour, marker = class_style(index)
        points = _thinned(of_class)
        axes.plot(
            points["target"].clip(low),
            points["observed"].clip(low),
            linestyle="",
            marker=marker,
            markersize=3,
            color=colour,
            markeredgewidth=0,
            alpha=0.7,
            label=name,
        )
        if name in medians.index:
            axes.axhline(max(medians[name], low), color=colour, linewidth=1.0, linestyle=":")
    identity_line(axes, low, high)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")


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


def _thinned(points: pd.DataFrame) -> pd.DataFrame:
    """At most `_MOST_POINTS` points, evenly along the sorted targets, so that none of the range is lost."""
    if len(points) <= _MOST_POINTS:
        return points
    picked = np.linspace(0, len(points) - 1, _MOST_POINTS).round().astype(int)
    return points.sort_values("target", kind="stable").iloc[picked]


def _limits(prompts: pd.DataFrame) -> tuple[float, float]:
    values = prompts[["target", "observed"]].to_numpy().ravel()
    values = values[np.isfinite(values)]
    if not len(values):
        return _SMALLEST, 10.0
    return max(_SMALLEST, float(values.min()) * 0.7), max(1.0, float(values.max()) * 1.4)


def _description(prompts: pd.DataFrame) -> str:
    parts = []
    for (role, starts), rows in prompts.groupby(["role", "starts"], sort=False):
        ratio = float((rows["observed"] / rows["target"].clip(_SMALLEST)).median())
        parts.append(f"{len(rows):,} networks and classes, {role}, {starts} runs: median ratio {ratio:.2f}")
    return "Observed over target loss. " + "; ".join(parts) + "."
