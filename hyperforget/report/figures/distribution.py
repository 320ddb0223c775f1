"""Which values training shows a hypernetwork and which prompts ask for (thesis, figures 2.7 and 2.8)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from hyperforget.config.performance import Performance
from hyperforget.config.report_specs import FigureTask
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import DistributionRow, Values
from hyperforget.report.figures.style import BLUE, GREEN, ROLE_TITLES, VERMILLION, Drawing, new_figure
from hyperforget.report.results import mean, rows_by, rows_with
from hyperforget.report.spec import method_title, performance_title

_TRAIN: Values = "train"
_PROMPTS: Values = "prompts"
_REBALANCED: Values = "rebalanced"
_LOOKS: dict[Values, dict[str, Any]] = {
    _TRAIN: {"label": "training set", "color": BLUE, "linestyle": "-"},
    _PROMPTS: {"label": "asked for by prompts", "color": VERMILLION, "linestyle": (0, (4, 1.5))},
    _REBALANCED: {"label": "training set, rebalanced", "color": GREEN, "linestyle": (0, (6, 1, 1, 1))},
}


def draw_distribution(path: Path, task: FigureTask, model: str, performance: Performance) -> Drawing:
    """Shares of the training set against those of prompts and, if rebalanced, of what is drawn from it.

    From ``distribution.csv``; classes of one role are put together.
    """
    pooled = _pooled(rows_with(read_rows(path, DistributionRow), path, metric=performance.metric))
    roles = [role for role in ROLE_TITLES if any(row.role == role for row in pooled)]
    others = [of for of in (_PROMPTS, _REBALANCED) if any(row.values == of for row in pooled)]
    figure = new_figure(max(3.8, 3.4 * len(others)), 2.6 * len(roles) + 0.4)
    grid = figure.subplots(len(roles), len(others), squeeze=False, sharex=True, sharey="row")
    for line, role in enumerate(roles):
        for column, other in enumerate(others):
            shares = {of: rows_with(pooled, path, role=role, values=of) for of in (_TRAIN, other)}
            _draw_panel(grid[line][column], shares, performance)
            if column == 0:
                grid[line][column].set_ylabel(f"share, {ROLE_TITLES[role]}" if len(roles) > 1 else "share")
            if line == len(roles) - 1:
                grid[line][column].set_xlabel(f"{performance.metric} ({performance.unit})")
    for axes in grid[0]:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    told = performance_title(performance).capitalize()
    title = f"{told} in the training set of {method_title(model)} on {task.name}"
    return Drawing(figure, title, _description(pooled))


def _pooled(rows: Sequence[DistributionRow]) -> list[DistributionRow]:
    """Mean shares over the classes of each role, as rows of no class."""
    bins = rows_by(rows, lambda row: (row.role, row.values, row.low, row.high))
    return [replace(same[0], class_="", share=mean(row.share for row in same)) for same in bins.values()]


def _description(pooled: Sequence[DistributionRow]) -> str:
    asked = {(row.role, row.low): row.share for row in pooled if row.values == _PROMPTS}
    parts = []
    for of in (_TRAIN, _REBALANCED):
        by_role = rows_by((row for row in pooled if row.values == of), lambda row: row.role)
        for role in sorted(by_role):
            distance = sum(abs(row.share - asked[role, row.low]) for row in by_role[role]) / 2
            parts.append(f"{_LOOKS[of]['label']} {distance:.2f} ({ROLE_TITLES[role]})")
    return "Total variation distance from what prompts ask for: " + ", ".join(parts) + "."


def _draw_panel(axes: Axes, shares: Mapping[Values, Sequence[DistributionRow]], performance: Performance) -> None:
    for of, rows in shares.items():
        heights, edges = [row.share for row in rows], [*(row.low for row in rows), rows[-1].high]
        look = _LOOKS[of]
        axes.stairs(heights, edges, linewidth=1.4, **look)
        axes.stairs(heights, edges, fill=True, color=look["color"], alpha=0.15)
    if performance.metric == "loss":
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
