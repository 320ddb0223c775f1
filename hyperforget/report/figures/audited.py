"""Forgetting against retention against cost: all methods of an audit in one figure, and who is beaten in all three."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import FiguresSpec, FigureTask
from hyperforget.records.audits import CriterionRow
from hyperforget.records.costs import CostRow
from hyperforget.records.files import read_rows
from hyperforget.report.costs import duration
from hyperforget.report.figures.style import BLUE, GREY, INK, VERMILLION, Drawing, new_figure
from hyperforget.report.results import mean
from hyperforget.report.spec import method_title

_FORGETTING, _RETENTION = ("shift", "forget"), ("accuracy", "retain")
_EQUAL = 1e-9


@dataclass(frozen=True)
class _Range:
    """A mean over forget sets, and the means of the ends of its intervals, which rather is too wide."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Spot:
    """What a method knows more, and keeps more, than retrained networks, and the seconds of a request, NaN where these
    are not known.
    """

    method: str
    known: _Range
    kept: _Range
    seconds: float

    def beats(self, other: "_Spot") -> bool:
        """No worse in what is known, kept and paid, and better in one."""
        own, others = ((abs(of.known.value), -of.kept.value, of.seconds) for of in (self, other))
        pairs = [pair for pair in zip(own, others, strict=True) if not any(map(math.isnan, pair))]
        return all(a <= b + _EQUAL for a, b in pairs) and any(a < b - _EQUAL for a, b in pairs)


def draw_audit(folder: Path, task: FigureTask, spec: FiguresSpec) -> Drawing:
    """A row a method, from the audits in the ``folder`` of the task and from the costs beside it."""
    rows = [
        row
        for forget in task.forget_sets
        for row in read_rows(folder / f"audit-{forget}-criteria.csv", CriterionRow)
        if row.criterion in (_FORGETTING, _RETENTION)
    ]
    costs = {row.method: row for row in read_rows(folder.parent / "costs.csv", CostRow, True) if row.task == task.name}
    spots = [_spot(method, rows, costs.get(method)) for method in spec.methods if method != RETRAINED]
    spots.sort(key=lambda spot: abs(spot.known.value))
    front = {spot.method for spot in spots if not any(other.beats(spot) for other in spots)}
    figure = new_figure(8.2, 0.21 * len(spots) + 1.3)
    panels = figure.subplots(1, 3, sharey=True, width_ratios=(3, 3, 2))
    for place, spot in enumerate(spots):
        _draw(panels, place, spot, spot.method in spec.generators, spot.method in front)
    for axes in panels[:2]:
        axes.axvline(0, color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
    panels[0].set_xlabel("known: back by a shift,\nless that of retrained")
    panels[1].set_xlabel("kept: accuracy on the rest,\nless that of retrained")
    panels[2].set_xlabel("paid: a request")
    _seconds(panels[2], [spot.seconds for spot in spots if not math.isnan(spot.seconds)], costs.get(RETRAINED))
    panels[0].set_yticks(range(len(spots)), [method_title(spot.method) for spot in spots])
    for label, spot in zip(panels[0].get_yticklabels(), spots, strict=True):
        label.set_fontweight("bold" if spot.method in front else "normal")
    panels[0].set_ylim(len(spots) - 0.4, -0.6)
    title = f"Forgetting, retention and cost on {task.name}"
    return Drawing(figure, title, " ".join(_described(spot, spot.method in front) for spot in spots))


def _spot(method: str, rows: Sequence[CriterionRow], cost: CostRow | None) -> _Spot:
    of = [row for row in rows if row.method == method]
    known, kept = (_mean([row for row in of if row.criterion == each]) for each in (_FORGETTING, _RETENTION))
    seconds = math.nan if cost is None or cost.request_seconds is None else cost.request_seconds
    return _Spot(method, known, kept, seconds)


def _mean(rows: Sequence[CriterionRow]) -> _Range:
    return _Range(
        *(mean(getattr(row, name) for row in rows) for name in ("difference", "difference_low", "difference_high"))
    )


def _draw(panels: Sequence[Axes], place: int, spot: _Spot, generates: bool, on_front: bool) -> None:
    colour = VERMILLION if generates else BLUE if on_front else GREY
    marks: dict[str, Any] = {"marker": "D" if generates else "o", "markersize": 5, "color": colour, "linestyle": ""}
    marks |= {} if on_front else {"markerfacecolor": "none"}
    for axes, found in zip(panels[:2], (spot.known, spot.kept), strict=True):
        axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.0)
        axes.plot([found.value], [place], **marks)
    if not math.isnan(spot.seconds):
        panels[2].plot([spot.seconds], [place], **marks)
    for axes in panels:
        axes.tick_params(axis="y", length=0)


def _seconds(axes: Axes, seconds: Sequence[float], retrained: CostRow | None) -> None:
    """Powers of ten in words, and retraining as a line."""
    axes.set_xscale("log")
    every = [*seconds]
    if retrained is not None and retrained.request_seconds:
        every.append(retrained.request_seconds)
        axes.axvline(retrained.request_seconds, color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
    if every:
        low, high = (math.floor(math.log10(min(every))), math.ceil(math.log10(max(every))))
        ticks = [10.0**power for power in range(low, high + 1)]
        axes.set_xlim(ticks[0] / 1.5, ticks[-1] * 1.5)
        axes.set_xticks(ticks[:: max(1, len(ticks) // 3)], [_tick(each) for each in ticks[:: max(1, len(ticks) // 3)]])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _tick(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def _described(spot: _Spot, on_front: bool) -> str:
    front = ", beaten by none in all three" if on_front else ""
    return (
        f"{method_title(spot.method)}: known {spot.known.value:+.3f}, kept {spot.kept.value:+.3f}, "
        f"{duration(spot.seconds)} a request{front}."
    )
