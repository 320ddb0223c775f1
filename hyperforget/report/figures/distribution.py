"""Which values training shows a hypernetwork and which prompts ask for (thesis, figures 2.7 and 2.8)."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from hyperforget.config.performance import Performance
from hyperforget.config.report_specs import FigureTask
from hyperforget.report.figures.style import BLUE, GREEN, VERMILLION, Drawing, new_figure
from hyperforget.report.results import check_values, read_csv, rows_of
from hyperforget.report.spec import method_title, performance_title

_COLUMNS = ("class", "role", "values", "low", "high", "share")
_ROLES = {"free": "free classes", "pivot": "pivot classes", "all": "mean over classes"}
_TRAIN, _PROMPTS, _REBALANCED = "train", "prompts", "rebalanced"
_LOOKS: dict[str, dict[str, Any]] = {
    _TRAIN: {"label": "training set", "color": BLUE, "linestyle": "-"},
    _PROMPTS: {"label": "asked for by prompts", "color": VERMILLION, "linestyle": (0, (4, 1.5))},
    _REBALANCED: {"label": "training set, rebalanced", "color": GREEN, "linestyle": (0, (6, 1, 1, 1))},
}


def draw_distribution(path: Path, task: FigureTask, model: str, performance: Performance) -> Drawing:
    """Shares of the training set against those of prompts and, where it is rebalanced, of what is drawn from it.

    From ``distribution.csv``; classes of one role are put together.
    """
    frame = read_csv(path, _COLUMNS)
    check_values(frame, path, "values", list(_LOOKS))
    check_values(frame, path, "role", list(_ROLES))
    pooled = frame.groupby(["role", "values", "low", "high"], sort=False)["share"].mean().reset_index()
    roles = [role for role in _ROLES if (pooled["role"] == role).any()]
    others = [of for of in (_PROMPTS, _REBALANCED) if (pooled["values"] == of).any()]
    figure = new_figure(max(3.8, 3.4 * len(others)), 2.6 * len(roles) + 0.4)
    grid = figure.subplots(len(roles), len(others), squeeze=False, sharex=True, sharey="row")
    for line, role in enumerate(roles):
        for column, other in enumerate(others):
            shares = {of: rows_of(pooled, path, role=role, values=of).reset_index() for of in (_TRAIN, other)}
            _draw_panel(grid[line][column], shares, performance)
            if column == 0:
                grid[line][column].set_ylabel(f"share, {_ROLES[role]}" if len(roles) > 1 else "share")
            if line == len(roles) - 1:
                grid[line][column].set_xlabel(f"{performance.metric} ({performance.unit})")
    for axes in grid[0]:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    title = f"{performance_title(performance).capitalize()} in the training set of {method_title(model)} on {task.name}"
    return Drawing(figure, title, _description(pooled))


def _description(pooled: pd.DataFrame) -> str:
    table = pooled.pivot(index=["role", "low"], columns="values", values="share")
    parts = [
        f"{_LOOKS[of]['label']} {distance:.2f} ({_ROLES[str(role)]})"
        for of in (_TRAIN, _REBALANCED)
        if of in table.columns
        for role, distance in ((table[of] - table[_PROMPTS]).abs().groupby("role").sum() / 2).items()
    ]
    return "Total variation distance from what prompts ask for: " + ", ".join(parts) + "."


def _draw_panel(axes: Axes, shares: dict[str, pd.DataFrame], performance: Performance) -> None:
    for of, rows in shares.items():
        edges = [*rows["low"], rows["high"].iloc[-1]]
        look = _LOOKS[of]
        axes.stairs(rows["share"], edges, linewidth=1.4, **look)
        axes.stairs(rows["share"], edges, fill=True, color=look["color"], alpha=0.15)
    if performance.metric == "loss":
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
