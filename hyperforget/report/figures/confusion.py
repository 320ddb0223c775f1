"""Predictions of the chosen network against those of the retrained one (thesis, figures 3.23 and 3.24)."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from hyperforget.config.report_specs import FigureTask
from hyperforget.errors import UserError
from hyperforget.records.files import read_rows
from hyperforget.records.methods import ConfusionRow
from hyperforget.report.figures.style import BLUE, Drawing, new_figure
from hyperforget.report.results import rows_with
from hyperforget.report.spec import forget_title, method_title

_SETS = (("retain", "retained classes"), ("test", "all classes"))
# With so many classes both panels of a forget set fill a line.
_FEW_CLASSES = 5
# In points; where counts would be smaller, the shade alone tells them.
_SMALLEST_FONT = 6.0
# Full colour would hide the counts; this much keeps the text readable on light and dark pages.
_STRONGEST = 0.6


def draw_confusion(paths: Mapping[str, Path], task: FigureTask, method: str) -> Drawing:
    """Counts of images by the class that the retrained network (rows) and the chosen one (columns) predict.

    ``paths`` gives the confusion file of each forget set; retained classes and all images have a panel each.
    """
    is_small = len(task.classes) <= _FEW_CLASSES
    pairs = min(len(paths), 2) if is_small else 1
    lines = math.ceil(len(paths) / pairs)
    side = 2.1 if is_small else 3.4
    figure = new_figure(side * 2 * pairs, (side + 0.35) * lines)
    grid = figure.subplots(lines, 2 * pairs, squeeze=False)
    parts = []
    for position, (forget, path) in enumerate(paths.items()):
        rows = rows_with(read_rows(path, ConfusionRow), path, method=method)
        shares = []
        for offset, (set_, set_title) in enumerate(_SETS):
            counts = _matrix(rows_with(rows, path, set=set_), path, task.classes)
            axes = grid[position // pairs][2 * (position % pairs) + offset]
            _draw_panel(axes, counts, task.classes, side)
            axes.set_title(f"forget {forget_title(forget)}, {set_title}", fontsize=8)
            shares.append(f"{np.trace(counts) / max(counts.sum(), 1):.4f} on {set_title}")
        parts.append(f"Forget set {forget_title(forget)}: same prediction for a share of " + ", ".join(shares) + ".")
    for axes in grid.flat[2 * len(paths) :]:
        axes.set_axis_off()
    figure.supxlabel("class predicted by the chosen network", fontsize=9)
    figure.supylabel("class predicted by the retrained network", fontsize=9)
    title = f"Predictions of {method_title(method)} against the retrained network on {task.name}"
    return Drawing(figure, title, " ".join(parts))


def _matrix(rows: list[ConfusionRow], path: Path, labels: Sequence[str]) -> np.ndarray:
    """Counts (retrained, predicted) as float64, of the classes with these ``labels``."""
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)))
    for row in rows:
        for column, label in (("retrained", row.retrained), ("predicted", row.predicted)):
            if str(label) not in places:
                raise UserError(f"{path}, column {column!r}: '{label}' is none of {', '.join(labels)}")
        counts[places[str(row.retrained)], places[str(row.predicted)]] += row.count
    return counts


def _draw_panel(axes: Axes, counts: np.ndarray, labels: Sequence[str], side: float) -> None:
    """One matrix, in a panel of that many inches."""
    size = len(labels)
    rows, columns = np.nonzero(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    squares = [[(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)] for y, x in zip(rows, columns, strict=True)]
    colours = [(*to_rgb(BLUE), _STRONGEST * share) for share in shares[rows, columns]]
    axes.add_collection(PolyCollection(squares, facecolors=colours, edgecolors="none"))
    # As wide as fits into a square, whatever the count.
    digits = len(str(int(counts.max(initial=0))))
    font = min(8.0, 25 * side / size, 44 * side / (size * max(digits, 2)) + 1.5)
    if font >= _SMALLEST_FONT:
        for y, x in zip(rows, columns, strict=True):
            count = f"{counts[y, x]:.0f}"
            # Inside the square anyway, so the layout need not measure it.
            axes.text(x + 0.5, y + 0.5, count, ha="center", va="center", fontsize=font).set_in_layout(False)
    axes.set(xlim=(0, size), ylim=(size, 0), aspect="equal")
    axes.set_xticks(np.arange(size) + 0.5, labels)
    axes.set_yticks(np.arange(size) + 0.5, labels)
    axes.tick_params(length=0, labelsize=7)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
