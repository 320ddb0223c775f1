"""The networks that selection chose from (thesis, figures 3.21 and 3.22)."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hyperforget.config.methods import RETRAINED, Method
from hyperforget.config.report_specs import FigureTask
from hyperforget.forget_set import FORGOTTEN_ACCURACY, PLURALS, noun_of
from hyperforget.records.files import read_rows
from hyperforget.records.methods import CandidateRow
from hyperforget.report.figures.style import BLUE, GREY, MOST_COLUMNS, VERMILLION, Drawing, label_grid, new_figure
from hyperforget.report.results import rows_with
from hyperforget.report.spec import forget_title, method_title

# Diameter of the mark of one network, in points, and the number of networks beyond which marks grow no more.
_SINGLE, _MOST = 2.4, 40
_RING: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 10,
    "markerfacecolor": "none",
    "markeredgecolor": VERMILLION,
    "markeredgewidth": 1.8,
}


def draw_candidates(paths: Mapping[str, Path], task: FigureTask, method: str, data: str) -> Drawing:
    """Forget against retain accuracy of every candidate, one panel a forget set, the chosen one ringed; of a method
    that edits, those that it was not chosen among, the edits of other networks, are grey.

    ``paths`` gives the candidates file of each forget set; ``data`` names the split they were evaluated on.
    """
    columns = min(len(paths), MOST_COLUMNS)
    lines = math.ceil(len(paths) / columns)
    figure = new_figure(max(3.8, 2.7 * columns), 2.8 * lines + 0.4)
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    edits = Method.parse(method).edits
    parts: list[str] = []
    every: list[CandidateRow] = []
    for axes, (forget, path) in zip(grid.flat, paths.items(), strict=False):
        rows = rows_with(read_rows(path, CandidateRow), path, method=method)
        _draw_panel(axes, rows, edits)
        held_out = "\nkept out of collection" if forget in task.holdout else ""
        axes.set_title(f"forget {forget_title(forget)}, {len(rows)} networks{held_out}")
        parts.append(_described(forget, rows, up_to=_forgotten_up_to(path, task)))
        every += rows
    # Tick labels of neighbours keep apart.
    figure.set_layout_engine("constrained", w_pad=0.14, h_pad=0.08)
    plural = PLURALS[noun_of(task.groups)]
    label_grid(grid, len(paths), f"accuracy on forgotten {plural}", f"accuracy on retained {plural}")
    _zoom(grid[0][0], every)
    figure.legend(
        handles=_handles(edits),
        loc="outside lower center",
        ncols=3 if edits else 4,
        columnspacing=1.2,
        # Between its title and the largest mark.
        labelspacing=0.9,
        title=f"accuracies on {data}",
        title_fontsize=9,
        handleheight=1.8,
    )
    title = f"Candidates of {method_title(method)} on {task.name}"
    return Drawing(figure, title, " ".join(parts))


def _draw_panel(axes: Axes, rows: list[CandidateRow], edits: bool) -> None:
    starts = {row.start for row in rows if row.chosen}
    others = [row for row in rows if edits and row.start not in starts]
    _draw_networks(axes, others, GREY)
    _draw_networks(axes, [row for row in rows if not edits or row.start in starts], BLUE)
    chosen = [row for row in rows if row.chosen]
    axes.plot(
        [row.forget_accuracy for row in chosen],
        [row.retain_accuracy for row in chosen],
        clip_on=False,
        zorder=3,
        **_RING,
    )


def _draw_networks(axes: Axes, rows: list[CandidateRow], colour: str) -> None:
    counts = Counter((row.forget_accuracy, row.retain_accuracy) for row in rows)
    spots = sorted(counts)
    for count in dict.fromkeys(counts[spot] for spot in spots):
        alike = [spot for spot in spots if counts[spot] == count]
        axes.plot(
            [forgotten for forgotten, _ in alike],
            [retained for _, retained in alike],
            linestyle="",
            marker="o" if colour == BLUE else "s",
            color=colour,
            alpha=0.6,
            markersize=_diameter(count),
            markeredgewidth=0,
            clip_on=False,
        )


def _diameter(count: int) -> float:
    """In points; the area, not the diameter, is in proportion to the number of networks."""
    return _SINGLE * math.sqrt(min(count, _MOST))


def _zoom(axes: Axes, every: list[CandidateRow]) -> None:
    """Limits that all panels share: all candidates, in tenths, and at least a fifth of the way."""
    right = max(0.2, math.ceil(max(row.forget_accuracy for row in every) * 10) / 10)
    bottom = min(0.8, math.floor(min(row.retain_accuracy for row in every) * 10) / 10)
    axes.set(xlim=(-0.03 * right, right), ylim=(bottom, 1 + 0.03 * (1 - bottom)))


def _handles(edits: bool) -> list[Line2D]:
    handles = [Line2D([], [], label="chosen", **_RING)]
    for count in (1, 10, _MOST):
        label = f"{count} network" + ("s" if count > 1 else "") + (" or more" if count == _MOST else "")
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker="o",
                markersize=_diameter(count),
                color=BLUE,
                alpha=0.6,
                markeredgewidth=0,
                label=label,
            )
        )
    if edits:
        style: dict[str, Any] = {"marker": "s", "markersize": _diameter(10), "alpha": 0.6, "markeredgewidth": 0}
        handles.append(Line2D([], [], linestyle="", color=GREY, label="edits of other networks", **style))
    return handles


def _forgotten_up_to(path: Path, task: FigureTask) -> float:
    """The accuracy up to which candidates forget, of groups above that of the best retrained network in the file."""
    if not task.groups:
        return FORGOTTEN_ACCURACY
    retrained = rows_with(read_rows(path, CandidateRow), path, method=RETRAINED)
    return max(row.forget_accuracy for row in retrained) + FORGOTTEN_ACCURACY


def _described(forget: str, rows: list[CandidateRow], up_to: float) -> str:
    forgotten = sum(row.forget_accuracy <= up_to for row in rows)
    chosen = next((row for row in rows if row.chosen), None)
    text = f"Forget set {forget_title(forget)}: {forgotten} of {len(rows)} candidates forget"
    if chosen is not None:
        text += f"; chosen: {chosen.forget_accuracy:.4f} on forgotten, "
        text += f"{chosen.retain_accuracy:.4f} on retained classes"
    return text + "."
