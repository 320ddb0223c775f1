"""Who forgets, and who only hides: how much of the forgotten classes comes back, method by method."""

import math
from collections.abc import Iterable

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.metrics.knowledge import DECISIVE, Knowledge
from hyperforget.metrics.knowledge import knowledge as judged
from hyperforget.report.glossary import METRICS
from hyperforget.report.results import Metrics, Value
from hyperforget.report.spec import method_title
from hyperforget.report.tables.by_forget_set import blocks_by_forget_set
from hyperforget.report.tables.model import Cell, Heading, Row, Share, Table, exact, in_percent, text, text_with_sets

RECOVERY = ("shift", "auc", "probe", "relearn_10", "relearn_50")
_NOTHING = Value(math.nan)
_CSV_HEADER = (
    "forget", "holdout", "method", "knowledge",
    *(f"{metric}{part}" for metric in RECOVERY for part in ("", "_low", "_high")),
)  # fmt: skip


def knowledge(metrics: Metrics, task: str, method: str, forget: str) -> Knowledge | None:
    """What the networks of a method know of a forget set, by their medians; that they answer it is said where the whole
    95 % interval of their accuracy says so.

    None for retrained networks, and where there are too few of these or the metrics are missing.
    """
    if method == RETRAINED:
        return None
    found = metrics.need(task, method, forget, "population", "accuracy", "forget")
    accuracy = found.value if math.isnan(found.median_low) else min(found.value, found.median_low)
    own, retrained = ([_find(metrics, task, of, forget, name) for name in DECISIVE] for of in (method, RETRAINED))
    return judged(accuracy, [value.value for value in own], [value.high for value in retrained])


def recovery_table(spec: TablesSpec, task: TableTask, metrics: Metrics) -> Table:
    """One block a forget set, one row a method, the retrained networks first."""
    methods = sorted(spec.methods, key=lambda method: method != RETRAINED)
    headings = (tuple(map(_heading, RECOVERY)),)

    def line(method: str, forget: str) -> tuple[Row, Iterable[str]]:
        values = [_find(metrics, task.name, method, forget, name) for name in RECOVERY]
        verdict = knowledge(metrics, task.name, method, forget)
        label = method_title(method) + (f": {verdict}" if verdict else "")
        images = Share(metrics.images(task.name, forget, "forget"))
        cells = tuple(
            Cell(each.value, each.low, each.high, decimals=2, share=images if _is_share(name) else None)
            for name, each in zip(RECOVERY, values, strict=True)
        )
        numbers = [number for each in values for number in (each.value, each.low, each.high)]
        return Row(text(label), cells), (verdict or "", *map(exact, numbers))

    blocks, csv_rows = blocks_by_forget_set(task, methods, headings, line)
    caption = text_with_sets(
        f"Recovery on {task.name}: what comes back of the forgotten classes (D_f) on test images, median and central "
        "95 % of networks. A set is hidden where the shift or the AUC lies above retrained networks', and answered "
        "where it is recognised without help. Good: as retrained networks, no higher and not much lower."
    )
    return Table(f"{task.name}-recovery", caption, text("Method"), blocks, (_CSV_HEADER, *csv_rows))


def _is_share(name: str) -> bool:
    return METRICS[name].unit == "share of images"


def _heading(name: str) -> Heading:
    title = text(METRICS[name].title)
    return Heading(in_percent(title) if _is_share(name) else title)


def _find(metrics: Metrics, task: str, method: str, forget: str, name: str) -> Value:
    return metrics.find(task, method, forget, "population", name, "forget") or _NOTHING
