"""What editing does to networks that were trained otherwise than those that the hypernetwork learned from."""

from collections.abc import Iterable
from dataclasses import replace

from hyperforget.config.methods import RETRAINED, Method
from hyperforget.config.report_specs import TableTask
from hyperforget.report.results import Metrics
from hyperforget.report.spec import method_title
from hyperforget.report.tables.by_forget_set import blocks_by_forget_set
from hyperforget.report.tables.comparison import ACCURACY_COLUMNS, accuracy_numbers
from hyperforget.report.tables.model import Cell, Heading, Row, Share, Table, exact, in_percent, text, text_with_sets

_HEADINGS = (
    tuple(Heading(in_percent(text_with_sets(f"Accuracy on D_{of}")), 2) for of in "fr"),
    tuple(Heading(text(title)) for title in ("first", "all [central 95 %]") * 2),
)


def strangers_table(task: TableTask, metrics: Metrics) -> Table:
    """One block a forget set, one row a method that edits strangers, below the retrained networks."""

    def line(method: str, forget: str) -> tuple[Row, Iterable[str]]:
        cells = []
        for set_ in ("forget", "retain"):
            images = Share(metrics.images(task.name, forget, set_))
            for selection in ("chosen", "population"):
                value = metrics.need(task.name, method, forget, selection, "accuracy", set_)
                cells.append(Cell(value.value, value.low, value.high, share=images))
        return Row(text(edited_title(method)), tuple(cells)), map(exact, accuracy_numbers(cells))

    blocks, csv_rows = blocks_by_forget_set(task, (RETRAINED, *task.stranger_methods), _HEADINGS, line)
    caption = text_with_sets(
        f"Strangers on {task.name}, trained otherwise than the corpus ({task.stranger_training}), made to forget: test "
        "accuracy of the first, and median and central 95 % of all. Good: 0 on D_f, and on D_r no less than lowered "
        "biases leave."
    )
    return Table(f"{task.name}-strangers", caption, text("Method"), blocks, (ACCURACY_COLUMNS, *csv_rows))


def edited_title(method: str) -> str:
    """How text calls a method on strangers where it speaks of nothing else."""
    return method_title(str(replace(Method.parse(method), on_strangers=False)))
