"""How all figures look: one palette, one set of sizes, readable on light and dark pages."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hyperforget.records.hypernets import Role

# Text and frames are drawn in this colour, which `svg.to_svg` turns into the text colour of the page.
INK = "#1b1f24"
# Contrast of 3:1 or more with white and with near-black, and apart from each other for colour-blind readers
# (after Okabe and Ito, 2008, brightness evened out). Colour is never alone: markers or dashes differ too.
BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY = ("#0f7ac0", "#d55e00", "#009e73", "#b95d9c", "#a67c00", "#7f858c")
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY)
MARKERS = ("o", "s", "^", "D", "v", "P")

# Of figures with a panel for each forget set.
MOST_COLUMNS = 3

# In the order of panels.
ROLE_TITLES: dict[Role, str] = {"free": "free classes", "pivot": "pivot classes", "all": "mean over classes"}

_PARAMETERS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hyperforget",
    # Comes with matplotlib, so sizes do not depend on the fonts of the machine.
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.14,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@dataclass(frozen=True)
class Drawing:
    """A figure and what it says to somebody who does not see it."""

    figure: Figure
    title: str
    description: str


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, laid out without overlaps."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The context in which figures are made and written; a user's own matplotlibrc does not reach into it."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_PARAMETERS)
        yield


def label_grid(grid: np.ndarray, panels: int, across: str, up: str) -> None:
    """Say what the axes of a grid are whose first ``panels`` are used: ``across`` below the lowest of every column,
    ``up`` beside the first column; the others vanish.
    """
    columns = grid.shape[1]
    for axes in grid.flat[panels:]:
        axes.set_axis_off()
    for column in range(columns):
        lowest = grid.flat[max(range(column, panels, columns))]
        lowest.set_xlabel(across)
        lowest.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel(up)


def identity_line(axes: Axes, low: float, high: float) -> Line2D:
    """The line on which two quantities are equal, in the colour of the text."""
    return axes.plot([low, high], [low, high], color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=2)[0]


def class_style(index: int) -> tuple[str, str]:
    """Colour and marker of the class at this position; each round of colours shifts the markers."""
    return PALETTE[index % len(PALETTE)], MARKERS[(index + index // len(PALETTE)) % len(MARKERS)]
