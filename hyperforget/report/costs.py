"""What hypernetworks and their rivals cost against retraining, from ``results/costs.csv``."""

import math
from pathlib import Path

from hyperforget.records.files import read_rows
from hyperforget.records.methods import CostRow
from hyperforget.report.findings import Finding
from hyperforget.report.listings import Listing
from hyperforget.report.spec import method_title

_HEADINGS = (
    "Task", "Method", "Collection (s)", "Training (s)", "One request (s)", "One retrain (s)",
    "One of many retrained at once (s)", "Requests until it pays",
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
            _seconds(cost.collection_seconds),
            _seconds(cost.training_seconds),
            _seconds(cost.request_seconds),
            _seconds(cost.retrain_seconds),
            _seconds(cost.retrain_together_seconds),
            _requests(cost.break_even_requests),
        )
        for cost in costs
    )
    caption = (
        "Seconds that each method took: collection and training once, a request and a retrain for each forget set "
        "(medians over forget sets). Rivals train nothing, and only looking up a checkpoint needs a collection. "
        "Good: fewer requests until it pays than you expect to have, and a request no longer than that of a rival that "
        "forgets as well."
    )
    return Listing("costs", caption, _HEADINGS, rows, numeric=2) if rows else None


def cost_findings(costs: list[CostRow], task: str) -> list[Finding]:
    """The sentence of the summary of a task; none where nothing was measured."""
    parts, rivals = [], []
    for cost in costs:
        if cost.task != task or cost.break_even_requests is None:
            continue
        if not cost.training_seconds:
            rivals.append(f"{method_title(cost.method)} {_seconds(cost.request_seconds)} s")
            continue
        pays = (
            "never pays for itself"
            if math.isinf(cost.break_even_requests)
            else f"pays for itself after {_requests(cost.break_even_requests)} requests"
        )
        times = f"{_seconds(cost.request_seconds)} s a request, {_seconds(cost.retrain_seconds)} s a retrain"
        parts.append(f"{method_title(cost.method)} {pays} ({times})")
    if rivals:
        parts.append(f"a request to rivals, for which nothing is trained: {', '.join(rivals)}")
    return [Finding("Cost", f"{'; '.join(parts)}.")] if parts else []


def _requests(value: float | None) -> str:
    return "–" if value is None else "never" if math.isinf(value) else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    """Three digits that count, or all before the point."""
    if value is None or math.isnan(value):
        return "–"
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{decimals}f}"
