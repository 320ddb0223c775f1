"""Prompt alignment over training (thesis, figures 2.5, 2.6, 3.9, 3.12, 3.17 and 3.19)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hyperforget.config.report_specs import FigureTask
from hyperforget.report.figures.style import INK, Drawing, class_style, new_figure
from hyperforget.report.results import check_values, read_csv
from hyperforget.report.spec import method_title

_COLUMNS = ("step", "starts", "class", "role", "r_squared", "correlation")
_MEASURES = (("r_squared", "prompt alignment R²"), ("correlation", "correlation"))
_ROLES = (("free", "free classes"), ("pivot", "pivot classes"), ("all", "mean over classes"))
_DASHES: dict[str, Any] = {"seen": "-", "unseen": (0, (3, 1.5))}
# R² has no lower bound, and early in training it is far below what the eye can use.
_LOWEST = -1.0


def draw_alignment(path: Path, task: FigureTask, model: str) -> Drawing:
    """R² and correlation of target and observed values over training, by class, from ``alignment.csv``."""
    alignment = _read(path)
    roles = [role for role in _ROLES if (alignment["role"] == role[0]).any()]
    figure = new_figure(3.6 * len(roles), 5.4)
    grid = figure.subplots(2, len(roles), squeeze=False, sharex=True, sharey="row")
    clipped = 0
    for column, (role, role_title) in enumerate(roles):
        rows = alignment[alignment["role"] == role]
        for line, (measure, measure_title) in enumerate(_MEASURES):
            axes = grid[line][column]
            clipped += _draw_panel(axes, rows, measure)
            if line == 0:
                _class_legend(axes, rows, role_title)
            else:
                axes.set_xlabel("training step")
            if column == 0:
                axes.set_ylabel(measure_title)
    starts = [start for start in _DASHES if (alignment["starts"] == start).any()]
    handles = [
        Line2D([], [], color=INK, linestyle=_DASHES[start], label=f"runs {start} in training")
        for start in starts
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    title = f"Prompt alignment of {method_title(model)} on {task.name}"
    return Drawing(figure, title, _description(alignment, clipped))


def draw_alignment_comparison(paths: Mapping[str, Path], task: FigureTask) -> Drawing:
    """R² and correlation over training of several models that are told one number, a line for each.

    ``paths`` gives the ``alignment.csv`` of each model.
    """
    alignment = pd.concat(
        [_read(path).assign(**{"class": method_title(model)}) for model, path in paths.items()]
    )
    starts = [start for start in _DASHES if (alignment["starts"] == start).any()]
    figure = new_figure(3.6 * len(starts), 5.4)
    grid = figure.subplots(2, len(starts), squeeze=False, sharex=True, sharey="row")
    clipped = 0
    for column, start in enumerate(starts):
        rows = alignment[alignment["starts"] == start]
        grid[0][column].set_title(f"runs {start} in training")
        grid[1][column].set_xlabel("training step")
        for line, (measure, measure_title) in enumerate(_MEASURES):
            clipped += _draw_panel(grid[line][column], rows, measure)
            grid[line][0].set_ylabel(measure_title)
    handles = _handles(list(alignment["class"].unique()))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)))
    last = alignment[alignment["step"] == alignment.groupby("class")["step"].transform("max")]
    parts = [f"{row['class']} {row['r_squared']:.2f} on {row['starts']} runs" for _, row in last.iterrows()]
    description = "At the last step, R² is " + ", ".join(parts) + "." + _clipped_sentence(clipped)
    return Drawing(figure, f"Prompt alignment of models that are told one number on {task.name}", description)


def _read(path: Path) -> pd.DataFrame:
    alignment = read_csv(path, _COLUMNS)
    check_values(alignment, path, "role", [role for role, _ in _ROLES])
    check_values(alignment, path, "starts", list(_DASHES))
    return alignment


def _draw_panel(axes: Axes, rows: pd.DataFrame, measure: str) -> int:
    """Draw one measure; values below the axis become triangles on its edge. Returns how many there are."""
    clipped = 0
    for index, (_, of_class) in enumerate(rows.groupby("class", sort=False)):
        colour, marker = class_style(index)
        for starts, curve in of_class.groupby("starts", sort=False):
            curve = curve.sort_values("step")
            values = curve[measure]
            axes.plot(
                curve["step"],
                values,
                color=colour,
                linestyle=_DASHES[str(starts)],
                linewidth=1.2,
                marker=marker,
                markersize=3,
                markevery=max(1, len(curve) // 10),
                alpha=0.9,
            )
            below = curve[values < _LOWEST]
            clipped += len(below)
            if len(below):
                axes.plot(
                    below["step"],
                    [_LOWEST] * len(below),
                    linestyle="",
                    marker="v",
                    markersize=4,
                    clip_on=False,
                    color=colour,
                )
    axes.set_ylim(max(_LOWEST, min(-0.05, rows[measure].min() - 0.05)), 1.05)
    axes.axhline(1.0, color=INK, linewidth=0.8, alpha=0.5)
    return clipped


def _class_legend(axes: Axes, rows: pd.DataFrame, title: str) -> None:
    """Above the panel, where it hides nothing."""
    names = list(rows["class"].unique())
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


def _description(alignment: pd.DataFrame, clipped: int) -> str:
    last = alignment[alignment["step"] == alignment["step"].max()]
    means = last.groupby(["role", "starts"], sort=False)["r_squared"].mean()
    parts = [f"{value:.2f} for {role} classes on {starts} runs" for (role, starts), value in means.items()]
    return "At the last step, mean R² is " + ", ".join(parts) + "." + _clipped_sentence(clipped)


def _clipped_sentence(clipped: int) -> str:
    return f" Values below −1, drawn as triangles on the lower edge: {clipped}." if clipped else ""
