"""Is a generator worth more than looking up a checkpoint or lowering a bias? All methods in one table."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hyperforget.config.method_words import words_on
from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.report.results import Metrics, Value
from hyperforget.report.spec import method_title
from hyperforget.report.tables.by_forget_set import blocks_by_forget_set, with_columns
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
        Heading(text_with_sets("Accuracy on D_f"), 3),
        Heading(text_with_sets("Accuracy on D_r"), 3),
        Heading(text("Activation distance"), 2),
        Heading(text("Usable")),
        Heading(text("Data")),
    ),
    tuple(
        Heading(text(title))
        for title in [*("chosen [95 %]", "median [95 %]", "central 95 %") * 2, "chosen", "÷ floor", "share", "used"]
    ),
)  # fmt: skip
# On paper, where it is cut between these, the column of each cell, by its place in `_HEADINGS`.
_PAPER_HEADINGS = (
    (
        Heading(text("Chosen network [95 %]"), 2),
        Heading(text("Activation distance"), 2),
        Heading(text("Median of networks [95 %]"), 2),
        Heading(text("Usable")),
        Heading(text("Central 95 % of networks"), 2),
    ),
    (
        *(_OF_SETS := tuple(Heading(in_percent(text_with_sets(f"D_{of}"))) for of in "fr")),
        Heading(text("chosen")),
        Heading(text("÷ floor")),
        *_OF_SETS,
        Heading(in_percent(text("share"))),
        *_OF_SETS,
    ),
)
_PAPER_COLUMNS = (0, 3, 6, 7, 1, 4, 8, 2, 5)
ACCURACY_COLUMNS = (
    "forget", "holdout", "method",
    "forget_accuracy", "forget_accuracy_median", "forget_accuracy_low", "forget_accuracy_high",
    "retain_accuracy", "retain_accuracy_median", "retain_accuracy_low", "retain_accuracy_high",
)  # fmt: skip
_INTERVAL_COLUMNS = tuple(
    f"{set_}_{which}_{bound}"
    for set_ in ("forget", "retain")
    for which in ("accuracy_interval", "accuracy_median_interval")
    for bound in ("low", "high")
)
_CSV_HEADER = (
    *ACCURACY_COLUMNS, "activation_distance", "relative_activation_distance", "usable_share", *_INTERVAL_COLUMNS,
    "data",
)  # fmt: skip
_GOOD, _GOOD_OF_GROUPS = "0 on D_f, as retrained on D_r", "as retrained on both, which are of groups here"
_NOTHING = Value(math.nan)
# The row, and the rows of the metrics file, of the retrained network that the rule of selection takes.
SELECTED = "selected"
_SELECTED_ROW = f"{RETRAINED}-{SELECTED}"


def comparison_table(spec: TablesSpec, task: TableTask, metrics: Metrics) -> Table:
    """One block a forget set, one row a method, the retrained networks first, and after them the chosen one of them,
    which metrics files of before do not have.
    """
    methods = sorted(spec.methods, key=lambda method: method != RETRAINED)
    if RETRAINED in methods and all(_selected(metrics, task.name, forget) for forget in task.forget_sets):
        methods.insert(1, _SELECTED_ROW)

    def line(method: str, forget: str) -> tuple[Row, Iterable[str]]:
        selected = method == _SELECTED_ROW
        found = (_selected_numbers if selected else _numbers)(task.name, method, forget, metrics)
        title = f"{method_title(RETRAINED)}, chosen" if selected else method_title(method)
        data = words_on(RETRAINED if selected else method, spec.models).data
        cells = (*found.cells(), Cell(math.nan, words=text(data)))
        return Row(text(title), cells), (*map(exact, found.fields()), data)

    blocks, csv_rows = blocks_by_forget_set(task, methods, _HEADINGS, line)
    caption = text_with_sets(
        f"Every method on {task.name}: accuracy on test images of the forgotten (D_f) and retained classes (D_r), with "
        "95 % intervals; activation distance to retrained networks, also over the floor; the usable share of networks; "
        f"and the data of a request. Good: {_GOOD_OF_GROUPS if task.groups else _GOOD}, 1.00 floors, a share near 1."
    )
    paper = (with_columns(blocks, _PAPER_HEADINGS, _PAPER_COLUMNS), _data_of_requests(blocks[0]))
    return Table(f"{task.name}-comparison", caption, text("Method"), blocks, (_CSV_HEADER, *csv_rows), paper)


def _data_of_requests(block: Block) -> tuple[Block, ...]:
    """On paper once, instead of with every forget set."""
    rows = tuple(replace(row, cells=row.cells[-1:]) for row in block.rows)
    return (Block(((Heading(text("Data of a request")),),), rows),)


def activation_distance(metrics: Metrics, task: str, method: str, forget: str) -> float:
    """Median over retrained networks of the chosen one's distance to them; of ``retrained``, of seed 0 to the others,
    NaN without any.
    """
    if method == RETRAINED:
        found = metrics.find(task, method, forget, "chosen", "activation_distance", "test")
        return (found or _NOTHING).value
    return metrics.need(task, method, forget, "chosen-to-all", "activation_distance", "test").value


def selected_retained(metrics: Metrics, task: str, forget: str) -> Value:
    """Accuracy on retained classes of the retrained network that the rule of selection takes, which chosen networks are
    to be compared with; NaN in metrics files of before.
    """
    return _selected(metrics, task, forget) or _NOTHING


def distance_floor(metrics: Metrics, task: str, forget: str) -> float:
    """Median activation distance between two retrained networks, NaN where there are no two."""
    found = metrics.find(task, RETRAINED, forget, "population", "activation_distance", "test")
    return (found or _NOTHING).value


def usable_share(metrics: Metrics, task: str, method: str, forget: str) -> Value:
    """Share of the networks at the chosen one's prompt that forget and retain, NaN where not measured."""
    return metrics.find(task, method, forget, "population", "usable_share", "choice") or _NOTHING


def _selected(metrics: Metrics, task: str, forget: str, metric: str = "accuracy", set_: str = "retain") -> Value | None:
    return metrics.find(task, RETRAINED, forget, SELECTED, metric, set_)


@dataclass(frozen=True)
class _Numbers:
    """Those of a row: of forgotten and of retained classes the accuracy of the chosen network and of all, the distance
    of the chosen one, that in floors, and the usable share.
    """

    accuracies: tuple[tuple[Value, Value], ...]
    images: tuple[Share, ...]
    distance: float
    relative: float
    usable: Value

    def cells(self) -> tuple[Cell, ...]:
        shown = []
        for (chosen, everyone), images in zip(self.accuracies, self.images, strict=True):
            shown += [Cell(each.value, each.median_low, each.median_high, share=images) for each in (chosen, everyone)]
            shown.append(Cell(math.nan, everyone.low, everyone.high, share=images))
        usable = Cell(self.usable.value, decimals=2, share=Share(self.usable.n))
        return (*shown, Cell(self.distance), Cell(self.relative, decimals=2), usable)

    def fields(self) -> list[float]:
        """In the order of `_CSV_HEADER`."""
        both = [each for pair in self.accuracies for each in pair]
        bounds = [bound for each in both for bound in (each.median_low, each.median_high)]
        return [*accuracy_numbers(both), self.distance, self.relative, self.usable.value, *bounds]


def _numbers(task: str, method: str, forget: str, metrics: Metrics) -> _Numbers:
    accuracies = tuple(
        (
            metrics.need(task, method, forget, "chosen", "accuracy", set_),
            metrics.find(task, method, forget, "population", "accuracy", set_) or _NOTHING,
        )
        for set_ in ("forget", "retain")
    )
    distance, floor = activation_distance(metrics, task, method, forget), distance_floor(metrics, task, forget)
    relative = distance / floor if floor else math.nan
    return _Numbers(
        accuracies, _images(metrics, task, forget), distance, relative, usable_share(metrics, task, method, forget)
    )


def _selected_numbers(task: str, _: str, forget: str, metrics: Metrics) -> _Numbers:
    found = [_selected(metrics, task, forget, set_=set_) or _NOTHING for set_ in ("forget", "retain")]
    distance = (_selected(metrics, task, forget, "activation_distance", "test") or _NOTHING).value
    floor = distance_floor(metrics, task, forget)
    relative = distance / floor if floor else math.nan
    accuracies = tuple((each, _NOTHING) for each in found)
    return _Numbers(accuracies, _images(metrics, task, forget), distance, relative, _NOTHING)


def _images(metrics: Metrics, task: str, forget: str) -> tuple[Share, ...]:
    """In the order of the accuracies."""
    return tuple(Share(metrics.images(task, forget, set_)) for set_ in ("forget", "retain"))


def accuracy_numbers(values: Sequence[Value | Cell]) -> list[float]:
    """Numbers of `ACCURACY_COLUMNS` from those of one network and of many, for forgotten, then retained classes."""
    return [
        number
        for one, many in zip(values[::2], values[1::2], strict=True)
        for number in (one.value, many.value, many.low, many.high)
    ]
