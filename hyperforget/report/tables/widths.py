"""One hypernetwork, main networks of several widths: how well it forgets for each, also for widths never seen."""

import math
from collections.abc import Sequence

from hyperforget.config.methods import RETRAINED, Method
from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.report.results import Metrics, mean
from hyperforget.report.spec import method_title
from hyperforget.report.tables.comparison import usable_share
from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Row,
    Share,
    Table,
    exact,
    in_percent,
    text,
    text_with_sets,
)

_HEADINGS = (
    (
        *(Heading(text(title)) for title in ("Hidden units", "Width never seen")),
        *(
            Heading(in_percent(text_with_sets(title)))
            for title in ("Usable share", "Accuracy on D_f", "D_r less retrained", "lowest")
        ),
    ),
)
_CSV_HEADER = (
    "task", "method", "hidden_units", "width_never_seen",
    "usable_share", "forget_accuracy_median", "retain_less_retrained", "retain_less_retrained_lowest",
)  # fmt: skip


def widths_table(spec: TablesSpec, task: TableTask, metrics: Metrics) -> Table:
    """One row for each task that shares hypernetworks with a task, and each method that asks them."""
    methods = [method for method in spec.methods if Method.parse(method).base in spec.models]
    rows, csv_rows = [], []
    for sharing in (each for each in spec.tasks if each.name in task.sharing):
        for method in methods:
            numbers = _over_forget_sets(metrics, sharing, method)
            units = ", ".join(map(str, sharing.units))
            never_seen = "yes" if sharing.width_never_seen else "no"
            images = Share(metrics.images(sharing.name, sharing.forget_sets[0], "test"))
            cells = (
                Cell(math.nan, words=text(units)),
                Cell(math.nan, words=text(never_seen)),
                Cell(numbers[0], decimals=2, share=Share(100)),
                *(Cell(number, share=images) for number in numbers[1:]),
            )
            rows.append(Row(text(f"{sharing.name}, {method_title(method)}"), cells))
            csv_rows.append((sharing.name, method, units, never_seen, *map(exact, numbers)))
    caption = text_with_sets(
        "One hypernetwork a model for main networks of several widths: share of usable networks, test accuracy on "
        "forgotten classes (D_f), and on retained ones (D_r) less that of retrained networks of the same width; "
        "medians over networks, means over forget sets. Good: a share near 1, 0 on D_f, 0 or more on D_r, also for "
        "widths never seen."
    )
    block = Block(_HEADINGS, tuple(rows))
    return Table(f"{task.name}-widths", caption, text("Task and method"), (block,), (_CSV_HEADER, *csv_rows))


def _over_forget_sets(metrics: Metrics, task: TableTask, method: str) -> list[float]:
    """In the order of the last columns."""

    def medians(of: str, set_: str) -> Sequence[float]:
        return [
            metrics.need(task.name, of, forget, "population", "accuracy", set_).value for forget in task.forget_sets
        ]

    usable = [usable_share(metrics, task.name, method, forget).value for forget in task.forget_sets]
    retained = [
        own - retrained for own, retrained in zip(medians(method, "retain"), medians(RETRAINED, "retain"), strict=True)
    ]
    return [mean(usable), mean(medians(method, "forget")), mean(retained), min(retained)]
