"""What networks keep against what they hide, as the prompt asks for more or less of the forgotten classes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from hyperforget.config.methods import RETRAINED, RIVALS
from hyperforget.config.report_specs import FiguresSpec, FigureTask
from hyperforget.errors import UserError
from hyperforget.records.files import read_rows
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.report.figures.style import (
    GREY,
    INK,
    MOST_COLUMNS,
    Drawing,
    class_style,
    label_grid,
    new_figure,
)
from hyperforget.report.results import Metrics, Value
from hyperforget.report.spec import forget_title, method_title

# Rivals are hollow, in the colour of the text and in shapes that no line has: those of the default run, then letters,
# and shapes again for the user's own.
_RIVAL_MARKERS = ("<", "X", "*", ">", *(f"${letter}$" for letter in ascii_letters))
_OWN_MARKERS = ("p", "h", "8", "P")
_RIVAL: dict[str, Any] = {
    "linestyle": "",
    "markersize": 7,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "markeredgewidth": 0.9,
}
_BOX: dict[str, Any] = {"facecolor": GREY, "alpha": 0.35, "linewidth": 0}
# Diameter in points of the marks of the quantiles 0 and 1.
_SMALLEST, _LARGEST = 2.5, 6.5
# What keeps by so much less than all lines and the median of retrained networks is off the panel, which would
# otherwise show little else.
_FAR = 0.05

# What a method's networks do for each forget set, by rising quantile.
_Sweep = Mapping[str, Sequence[TradeOffRow]]


@dataclass(frozen=True)
class _Spot:
    """Accuracy on forgotten classes after a shift of biases, and on retained classes, of a method's networks."""

    hidden: Value
    kept: Value

    @classmethod
    def of(cls, metrics: Metrics, task: str, method: str, forget: str) -> "_Spot":
        """The medians over the networks that stand for the method."""
        return cls(
            metrics.need(task, method, forget, "population", "shift", "forget"),
            metrics.need(task, method, forget, "population", "accuracy", "retain"),
        )


@dataclass(frozen=True)
class _Panel:
    """What is drawn of a forget set: the networks to come to, those of each method by quantile, and rivals."""

    retrained: _Spot
    lines: Mapping[str, Sequence[TradeOffRow]]
    rivals: Mapping[str, _Spot]


def draw_trade_off(folder: Path, task: FigureTask, spec: FiguresSpec) -> Drawing:
    """Accuracy on retained classes against that on forgotten ones after a shift of biases, one panel a forget set, from
    the metrics and sweeps in the ``folder`` of the task.
    """
    sweeps = {method: _read_sweep(folder / method / "trade-off.csv", task) for method in spec.generators}
    panels = {forget: _read_panel(folder, task.name, forget, sweeps, spec) for forget in task.forget_sets}
    columns = min(len(panels), MOST_COLUMNS)
    lines = math.ceil(len(panels) / columns)
    figure = new_figure(max(4.6, 2.7 * columns), 2.5 * lines + 0.9)
    grid = figure.subplots(lines, columns, squeeze=False, sharex=True)
    for axes, (forget, panel) in zip(grid.flat, panels.items(), strict=False):
        _draw_panel(axes, panel)
        axes.set_title(f"forget {forget_title(forget)}" + "\nkept out of collection" * (forget in task.holdout))
    label_grid(grid, len(panels), "forgotten classes after a shift", "retained classes")
    figure.legend(
        handles=_handles(spec),
        loc="outside lower center",
        ncols=min(columns + 1, 3),
        columnspacing=1.2,
        title="accuracy on test images",
        title_fontsize=9,
    )
    title = f"What is kept against what is hidden on {task.name}"
    return Drawing(figure, title, " ".join(_described(forget, panel) for forget, panel in panels.items()))


def _read_sweep(path: Path, task: FigureTask) -> _Sweep:
    rows = sorted(read_rows(path, TradeOffRow), key=lambda row: row.quantile)
    sweep = {forget: [row for row in rows if row.forget == forget] for forget in task.forget_sets}
    lacking = [forget for forget, found in sweep.items() if not found]
    if lacking:
        raise UserError(f"{path} has no row with forget {lacking[0]!r}")
    return sweep


def _read_panel(folder: Path, task: str, forget: str, sweeps: Mapping[str, _Sweep], spec: FiguresSpec) -> _Panel:
    metrics = Metrics(folder / f"forget-{forget}.csv")
    return _Panel(
        _Spot.of(metrics, task, RETRAINED, forget),
        {method: rows[forget] for method, rows in sweeps.items()},
        {rival: _Spot.of(metrics, task, rival, forget) for rival in spec.rivals},
    )


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    hidden, kept = panel.retrained.hidden, panel.retrained.kept
    # A single network has no interval.
    if not math.isnan(hidden.low) and not math.isnan(kept.low):
        axes.add_patch(Rectangle((hidden.low, kept.low), hidden.high - hidden.low, kept.high - kept.low, **_BOX))
    axes.plot([hidden.value], [kept.value], linestyle="", marker="+", markersize=9, color=INK)
    for index, rows in enumerate(panel.lines.values()):
        colour, marker = class_style(index)
        line = [row.shift for row in rows], [row.retain_accuracy for row in rows]
        axes.plot(*line, color=colour, linewidth=1.0)
        areas = [(_SMALLEST + (_LARGEST - _SMALLEST) * row.quantile) ** 2 for row in rows]
        axes.scatter(*line, s=areas, color=colour, marker=marker, linewidths=0, zorder=3, clip_on=False)
    low, high = _limits(panel)
    margin = max(0.005, 0.06 * (high - low))
    axes.set_ylim(low - margin, high + margin)
    for rival, spot in panel.rivals.items():
        height = spot.kept.value if spot.kept.value >= low else low - margin
        axes.plot(
            [spot.hidden.value], [height], marker=_marker(rival, panel.rivals), clip_on=False, zorder=2.5, **_RIVAL
        )


def _limits(panel: _Panel) -> tuple[float, float]:
    """The lowest and the highest accuracy on retained classes for which there must be room."""
    kept = panel.retrained.kept
    inside = [kept.value, *(row.retain_accuracy for rows in panel.lines.values() for row in rows)]
    others = [kept.low, kept.high, *(spot.kept.value for spot in panel.rivals.values())]
    floor = min(inside) - _FAR
    inside += [value for value in others if value >= floor]
    return min(inside), max(inside)


def _handles(spec: FiguresSpec) -> list[Line2D | Patch]:
    styles = [class_style(index) for index in range(len(spec.generators))]
    lines = [
        Line2D([], [], color=colour, linewidth=1.0, marker=marker, markersize=5, label=method_title(method))
        for method, (colour, marker) in zip(spec.generators, styles, strict=True)
    ]
    rivals = [
        Line2D([], [], marker=_marker(rival, spec.rivals), label=method_title(rival), **_RIVAL) for rival in spec.rivals
    ]
    retrained: list[Line2D | Patch] = [
        Patch(label=f"{method_title(RETRAINED)}: central 95 %", **_BOX),
        Line2D([], [], linestyle="", marker="+", markersize=9, color=INK, label=f"{method_title(RETRAINED)}: median"),
    ]
    return [*retrained, *lines, *rivals]


def _marker(rival: str, rivals: Iterable[str]) -> str:
    """Of a built-in rival always the same; of the user's own, by their order, one of the others."""
    built_in: tuple[str, ...] = RIVALS
    if rival in built_in:
        return _RIVAL_MARKERS[built_in.index(rival)]
    own = [each for each in rivals if each not in built_in]
    return _OWN_MARKERS[own.index(rival) % len(_OWN_MARKERS)]


def _described(forget: str, panel: _Panel) -> str:
    found = [f"retrained {_in_words(panel.retrained.hidden.value, panel.retrained.kept.value)}"]
    for method, rows in panel.lines.items():
        ends = [
            f"{_in_words(row.shift, row.retain_accuracy)} at the quantile {row.quantile:g}"
            for row in (rows[0], rows[-1])
        ]
        found.append(f"{method_title(method)} from {ends[0]} to {ends[1]}")
    found += [
        f"{method_title(rival)} {_in_words(spot.hidden.value, spot.kept.value)}" for rival, spot in panel.rivals.items()
    ]
    return (
        f"Forget set {forget_title(forget)}, forgotten classes after a shift and retained ones: "
        + "; ".join(found)
        + "."
    )


def _in_words(hidden: float, kept: float) -> str:
    return f"{hidden:.3f} and {kept:.3f}"
