"""The user's own metrics, method by method."""

import math
from collections.abc import Iterable

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.report.glossary import GOOD
from hyperforget.report.results import Metrics, Value
from hyperforget.report.spec import method_title
from hyperforget.report.tables.by_forget_set import blocks_by_forget_set
from hyperforget.report.tables.model import Cell, Heading, Row, Table, exact, text

_SETS = {"retain": "retained", "forget": "forgotten", "test": "all"}
_NOTHING = Value(math.nan)


def own_metrics_table(spec: TablesSpec, task: TableTask, metrics: Metrics) -> Table:
    """One block a forget set, one row a method, the retrained networks first; a column for each metric and set."""
    methods = sorted(spec.methods, key=lambda method: method != RETRAINED)
    columns = [(metric, set_) for metric in spec.metrics for set_ in metric.sets]
    headings = (
        tuple(Heading(text(f"{metric.title} ({metric.unit})"), len(metric.sets)) for metric in spec.metrics),
        tuple(Heading(text(_SETS[set_])) for _, set_ in columns),
    )

    def line(method: str, forget: str) -> tuple[Row, Iterable[str]]:
        found = [metrics.find(task.name, method, forget, "population", metric.name, set_) for metric, set_ in columns]
        values = [value or _NOTHING for value in found]
        cells = tuple(Cell(value.value, value.low, value.high) for value in values)
        numbers = [number for value in values for number in (value.value, value.low, value.high)]
        return Row(text(method_title(method)), cells), map(exact, numbers)

    blocks, csv_rows = blocks_by_forget_set(task, methods, headings, line)
    values = (f"{metric.name}_{set_}{part}" for metric, set_ in columns for part in ("", "_low", "_high"))
    header = ("forget", "holdout", "method", *values)
    good = "; ".join(
        f"{metric.title} (by {metric.source or 'an installed package'}), {GOOD[metric.better]}"
        for metric in spec.metrics
    )
    caption = text(
        f"Metrics of your own on {task.name}, test images: median and central 95 % of the networks of a method. "
        f"Good: {good}."
    )
    return Table(f"{task.name}-own-metrics", caption, text("Method"), blocks, (header, *csv_rows))
