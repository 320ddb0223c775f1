"""A hypernetwork as an optimiser, against SGD and Adam (Peebles et al., 2022)."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hyperforget.report.figures.style import INK, MARKERS, PALETTE, Drawing, new_figure
from hyperforget.report.optimizers import MEASURES, Curve, comparison_sentence, read_comparison
from hyperforget.report.spec import method_title

_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_LABELS = {"loss": "test loss, mean over classes (nats)", "accuracy": "test accuracy"}


def draw_optimizers(path: Path, task: str, model: str) -> Drawing:
    """Loss and accuracy against the number of updates, from ``optimizers.csv``."""
    comparison = read_comparison(path, model)
    figure = new_figure(7.4, 3.6)
    panels = figure.subplots(1, 2, sharex=True)
    for axes, measure in zip(panels, MEASURES, strict=True):
        for index, curve in enumerate((comparison.model, *comparison.rivals)):
            _draw_curve(axes, curve, measure, index)
        start = comparison.model.median(measure, 0)
        axes.axhline(start, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label="random initialisation")
        axes.set(xscale="log", xlabel="updates", ylabel=_LABELS[measure])
    loss, accuracy = panels
    loss.set_yscale("log")
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    loss.yaxis.set_minor_formatter(NullFormatter())
    accuracy.set_ylim(0, 1)
    figure.legend(*loss.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    title = f"{method_title(model)} as an optimiser on {task}"
    return Drawing(figure, title, comparison_sentence(comparison))


def _draw_curve(axes: Axes, curve: Curve, measure: str, index: int) -> None:
    """The median with a band over the middle half; the hypernetwork, the first, gets larger marks."""
    quartiles = {update: values for update, values in curve.quartiles[measure].items() if update >= 1}
    updates = list(quartiles)
    low, median, high = zip(*quartiles.values(), strict=True)
    axes.fill_between(updates, low, high, color=PALETTE[index], alpha=0.2, linewidth=0)
    axes.plot(
        updates,
        median,
        color=PALETTE[index],
        linestyle=_DASHES[index],
        linewidth=1.4,
        marker=MARKERS[index],
        markersize=3 if index else 5,
        label=curve.title,
    )
