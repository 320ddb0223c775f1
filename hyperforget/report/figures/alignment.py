"""Prompt alignment over training (thesis, figures 2.5, 2.6, 3.9, 3.12, 3.17 and 3.19)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hyperforget.config.performance import Metric
from hyperforget.config.report_specs import FigureTask
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import AlignmentRow
from hyperforget.report.figures.style import INK, ROLE_TITLES, Drawing, class_style, new_figure
from hyperforget.report.results import mean, rows_by, rows_with
from hyperforget.report.spec import method_title

_MEASURES = (("r_squared", "prompt alignment R²"), ("correlation", "correlation"))
_DASHES: dict[str, Any] = {"seen": "-", "unseen": (0, (3, 1.5))}
# R² has no lower bound, and early in training it is far below what the eye can use.
_LOWEST = -1.0


def draw_alignment(path: Path, task: FigureTask, model: str, metric: Metric) -> Drawing:
    """R² and correlation of target and observed values of a metric over training, by class, from ``alignment.csv``."""
    alignment = rows_with(read_rows(path, AlignmentRow), path, metric=metric)
    by_role = rows_by(alignment, lambda row: row.role)
    roles = [(role, title) for role, title in ROLE_TITLES.items() if role in by_role]
    figure = new_figure(3.6 * len(roles), 5.4)
    grid = figure.subplots(2, len(roles), squeeze=False, sharex=True, sharey="row")
    clipped = 0
    for column, (role, role_title) in enumerate(roles):
        rows = by_role[role]
        for line, (measure, measure_title) in enumerate(_MEASURES):
            axes = grid[line][column]
            clipped += _draw_panel(axes, rows, measure)
            if line == 0:
                _class_legend(axes, rows, role_title)
            else:
                axes.set_xlabel("training step")
            if column == 0:
                axes.set_ylabel(measure_title)
    starts = rows_by(alignment, lambda row: row.starts)
    handles = [
        Line2D([], [], color=INK, linestyle=dashes, label=f"runs {start} in training")
        for start, dashes in _DASHES.items()
        if start in starts
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    title = f"Prompt alignment of the {metric} of {method_title(model)} on {task.name}"
    return Drawing(figure, title, _description(alignment, clipped))


def draw_alignment_comparison(paths: Mapping[str, Path], task: FigureTask) -> Drawing:
    """R² and correlation over training of several models that are told one number, a line for each.

    ``paths`` gives the ``alignment.csv`` of each model.
    """
    by_model = {method_title(model): read_rows(path, AlignmentRow) for model, path in paths.items()}
    alignment = [replace(row, class_=title) for title, rows in by_model.items() for row in rows]
    by_starts = rows_by(alignment, lambda row: row.starts)
    starts = [start for start in _DASHES if start in by_starts]
    figure = new_figure(3.6 * len(starts), 5.4)
    grid = figure.subplots(2, len(starts), squeeze=False, sharex=True, sharey="row")
    clipped = 0
    for column, start in enumerate(starts):
        grid[0][column].set_title(f"runs {start} in training")
        grid[1][column].set_xlabel("training step")
        for line, (measure, measure_title) in enumerate(_MEASURES):
            clipped += _draw_panel(grid[line][column], by_starts[start], measure)
            grid[line][0].set_ylabel(measure_title)
    handles = _handles(list(by_model))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)))
    parts = [
        f"{title} {row.r_squared:.2f} on {row.starts} runs" for title, rows in by_model.items() for row in _last(rows)
    ]
    description = "At the last step, R² is " + ", ".join(parts) + "." + _clipped_sentence(clipped)
    return Drawing(figure, f"Prompt alignment of models that are told one number on {task.name}", description)


def _draw_panel(axes: Axes, rows: Sequence[AlignmentRow], measure: str) -> int:
    """Draw one measure; values below the axis become triangles on its edge. Returns how many there are."""
    clipped = 0
    for index, of_class in enumerate(rows_by(rows, lambda row: row.class_).values()):
        colour, marker = class_style(index)
        for starts, curve in rows_by(of_class, lambda row: row.starts).items():
            curve.sort(key=lambda row: row.step)
            axes.plot(
                [row.step for row in curve],
                [getattr(row, measure) for row in curve],
                color=colour,
                linestyle=_DASHES[starts],
                linewidth=1.2,
                marker=marker,
                markersize=3,
                markevery=max(1, len(curve) // 10),
                alpha=0.9,
            )
            below = [row.step for row in curve if getattr(row, measure) < _LOWEST]
            clipped += len(below)
            if below:
                axes.plot(
                    below,
                    [_LOWEST] * len(below),
                    linestyle="",
                    marker="v",
                    markersize=4,
                    clip_on=False,
                    color=colour,
                )
    lowest = np.nanmin([getattr(row, measure) for row in rows])
    axes.set_ylim(max(_LOWEST, min(-0.05, lowest - 0.05)), 1.05)
    axes.axhline(1.0, color=INK, linewidth=0.8, alpha=0.5)
    return clipped


def _class_legend(axes: Axes, rows: Sequence[AlignmentRow], title: str) -> None:
    """Above the panel, where it hides nothing."""
    names = list(dict.fromkeys(row.class_ for row in rows))
    handles = _handles(names)
    columns = 5 if max((len(name) for name in names), default=0) <= 2 else 2
    axes.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=columns,
        handlelength=1.5,
        columnspacing=0.9,
        title=title,
        title_fontsize=9,
    )


def _handles(names: list[str]) -> list[Line2D]:
    handles = []
    for index, name in enumerate(names):
        colour, marker = class_style(index)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=4, label=name))
    return handles


def _last(rows: Sequence[AlignmentRow]) -> list[AlignmentRow]:
    step = max(row.step for row in rows)
    return [row for row in rows if row.step == step]


def _description(alignment: Sequence[AlignmentRow], clipped: int) -> str:
    parts = [
        f"{mean(row.r_squared for row in rows):.2f} for {role} classes on {starts} runs"
        for (role, starts), rows in rows_by(_last(alignment), lambda row: (row.role, row.starts)).items()
    ]
    return "At the last step, mean R² is " + ", ".join(parts) + "." + _clipped_sentence(clipped)


def _clipped_sentence(clipped: int) -> str:
    return f" Values below −1, drawn as triangles on the lower edge: {clipped}." if clipped else ""
