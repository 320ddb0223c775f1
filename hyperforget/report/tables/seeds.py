"""What changes with the seed: the medians of every method, from one whole run to the next."""

from collections.abc import Iterable

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.report.glossary import METRICS
from hyperforget.report.results import Metrics, Value, mean
from hyperforget.report.spec import method_title
from hyperforget.report.tables.by_forget_set import blocks_by_forget_set
from hyperforget.report.tables.model import (
    Cell,
    Heading,
    Label,
    Row,
    Share,
    Table,
    exact,
    in_percent,
    text,
    text_with_sets,
)

# Metric and set of each column.
_MEASURES = (
    ("accuracy", "forget"),
    ("accuracy", "retain"),
    ("shift", "forget"),
    ("auc", "forget"),
    ("probe", "forget"),
)
_NAMES = ("forget", "holdout", "method")


def seeds_table(spec: TablesSpec, task: TableTask, metrics: Metrics) -> Table:
    """One block a forget set, one row a method, the retrained networks first: the mean over seeds of the medians over
    networks, with the lowest and the highest seed.
    """
    runs = (task.name, *task.repetitions)
    methods = sorted(spec.methods, key=lambda method: method != RETRAINED)
    # Nothing else brings groups back.
    measures = [each for each in _MEASURES if each[0] == "accuracy" or not task.groups]
    headings = (tuple(Heading(_title(metric, set_)) for metric, set_ in measures),)

    def line(method: str, forget: str) -> tuple[Row, Iterable[str]]:
        values = [over_seeds(metrics, runs, method, forget, metric, set_) for metric, set_ in measures]
        shares = [
            Share(metrics.images(task.name, forget, set_)) if _is_share(metric) else None for metric, set_ in measures
        ]
        cells = tuple(
            Cell(each.value, each.low, each.high, share=share) for each, share in zip(values, shares, strict=True)
        )
        numbers = [number for each in values for number in (each.value, each.low, each.high)]
        return Row(text(method_title(method)), cells), map(exact, numbers)

    blocks, csv_rows = blocks_by_forget_set(task, methods, headings, line)
    caption = text_with_sets(
        f"{len(runs)} seeds on {task.name}: everything from collection to choice done again with the same split of "
        "images. Mean over seeds of the median over networks, nothing chosen, and in brackets the lowest and the "
        "highest seed. Differences between methods that are smaller than these ranges mean nothing."
    )
    columns = (f"{metric}_{set_}{part}" for metric, set_ in measures for part in ("", "_lowest", "_highest"))
    return Table(f"{task.name}-seeds", caption, text("Method"), blocks, ((*_NAMES, *columns), *csv_rows))


def _is_share(metric: str) -> bool:
    return METRICS[metric].unit == "share of images"


def _title(metric: str, set_: str) -> Label:
    title = text_with_sets(f"Accuracy on D_{set_[0]}") if metric == "accuracy" else text(METRICS[metric].title)
    return in_percent(title) if _is_share(metric) else title


def over_seeds(metrics: Metrics, runs: Iterable[str], method: str, forget: str, metric: str, set_: str) -> Value:
    """The mean over runs of a median over networks, from the lowest to the highest."""
    found = [metrics.need(run, method, forget, "population", metric, set_).value for run in runs]
    return Value(mean(found), min(found), max(found), len(found))
