"""What methods cost against retraining, from ``results/costs.csv``."""

import math
from pathlib import Path

from hyperforget.config.methods import RETRAINED
from hyperforget.records.costs import CostRow
from hyperforget.records.files import read_rows
from hyperforget.report.findings import Finding
from hyperforget.report.listings import Listing
from hyperforget.report.spec import method_title

_HEADINGS = (
    "Task", "Method", "Data", "Collection", "Training", "One request", "One, chosen by data", "A hundred together",
    "One epoch", "Requests until it pays", "By the hundred",
)  # fmt: skip


def read_costs(path: Path) -> list[CostRow]:
    """The rows of a costs file; raises `UserError` where it is missing or lacks something."""
    return read_rows(path, CostRow, may_be_empty=True)


def cost_listing(costs: list[CostRow]) -> Listing | None:
    """The table of the report; None without a method that is asked."""
    rows = tuple(
        (
            cost.task,
            method_title(cost.method),
            cost.data or "–",
            duration(cost.collection_seconds),
            duration(cost.training_seconds),
            duration(cost.request_seconds),
            duration(cost.with_data_seconds),
            duration(cost.hundred_seconds),
            duration(cost.epoch_seconds),
            _requests(cost.break_even_requests),
            _requests(cost.break_even_together),
        )
        for cost in costs
    )
    caption = (
        "Time of collection and training, paid once; of a request for one network, without data or with the best of "
        "several chosen by data; of a hundred together; and of an epoch. Retraining, which all others save, stands "
        "first. Good: fewer requests until it pays than you expect, and none longer than a rival's that forgets as "
        "well."
    )
    return Listing("costs", caption, _HEADINGS, rows, numeric=3) if rows else None


def cost_findings(costs: list[CostRow], task: str) -> list[Finding]:
    """The sentence of the summary of a task; none where nothing was measured."""
    rows = [cost for cost in costs if cost.task == task and cost.request_seconds is not None]
    retrained = next((cost for cost in rows if cost.method == RETRAINED), None)
    if retrained is None or len(rows) == 1:
        return []
    parts = [
        f"to retrain one network takes {duration(retrained.request_seconds)}, a hundred together "
        f"{duration(retrained.hundred_seconds)}"
    ]
    parts += [_of_generator(cost) for cost in rows if cost.training_seconds]
    rivals = [cost for cost in rows if not cost.training_seconds and cost is not retrained]
    if rivals:
        told = ", ".join(f"{method_title(cost.method)} {duration(cost.request_seconds)}" for cost in rivals)
        parts.append(f"a request to rivals, for which nothing is trained: {told}")
    return [Finding("Cost", f"{'; '.join(parts)}.")]


def _of_generator(cost: CostRow) -> str:
    times = f"{method_title(cost.method)} answers a request in {duration(cost.request_seconds)}"
    more = [
        f"{duration(seconds)} {how}"
        for seconds, how in (
            (cost.with_data_seconds, "to choose by data"),
            (cost.hundred_seconds, "a hundred together"),
        )
        if seconds is not None
    ]
    told = f" ({', '.join(more)})" if more else ""
    return f"{times}{told}{_pays(cost)}"


def _pays(cost: CostRow) -> str:
    alone, together = cost.break_even_requests, cost.break_even_together
    if alone is None:
        return ""
    told = " and never pays for itself" if math.isinf(alone) else f" and pays for itself after {_requests(alone)}"
    if together is None:
        return told
    return (
        f"{told}, {'never' if math.isinf(together) else f'after {_requests(together)}'} where they come by the hundred"
    )


def _requests(value: float | None) -> str:
    return "–" if value is None else "never" if math.isinf(value) else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """In seconds or milliseconds, with three digits that count or all before the point."""
    if seconds is None or math.isnan(seconds):
        return "–"
    if seconds >= 1 or not seconds:
        return f"{_digits(seconds)} s"
    return f"{_digits(seconds * 1000)} ms"


def _digits(value: float) -> str:
    decimals = 0 if value >= 100 or not value else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{decimals}f}"
