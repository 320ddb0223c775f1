"""What hypernetworks cost against retraining, from ``results/costs.csv``."""

import math
from dataclasses import dataclass
from pathlib import Path

from hyperforget.report.findings import Finding
from hyperforget.report.listings import Listing
from hyperforget.report.results import read_csv
from hyperforget.report.spec import method_title

_COLUMNS = (
    "task", "method", "collection_seconds", "training_seconds", "request_seconds", "retrain_seconds",
    "retrain_together_seconds", "break_even_requests",
)  # fmt: skip
_HEADINGS = (
    "Task", "Generator", "Collection (s)", "Training (s)", "One request (s)", "One retrain (s)",
    "One of many retrained at once (s)", "Requests until it pays",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a generator costs on a task, in seconds; ``break_even`` counts requests. NaN is not known."""

    task: str
    method: str
    collection: float
    training: float
    request: float
    retrain: float
    retrain_together: float
    break_even: float


def read_costs(path: Path) -> list[Cost]:
    """The rows of a costs file; raises `UserError` where it is missing or lacks something."""
    frame = read_csv(path, _COLUMNS, may_be_empty=True)
    return [Cost(*row) for row in frame.itertuples(index=False, name=None)]


def cost_listing(costs: list[Cost]) -> Listing | None:
    """The table of the report; None without a generator."""
    rows = tuple(
        (
            cost.task,
            method_title(cost.method),
            *map(
                _seconds,
                (cost.collection, cost.training, cost.request, cost.retrain, cost.retrain_together),
            ),
            _requests(cost.break_even),
        )
        for cost in costs
    )
    caption = (
        "Seconds that each generator took: collection and training once, a request and a retrain for each "
        "forget set (medians over forget sets). Good: fewer requests until it pays than you expect to have."
    )
    return Listing("costs", caption, _HEADINGS, rows, numeric=2) if rows else None


def cost_findings(costs: list[Cost], task: str) -> list[Finding]:
    """The sentence of the summary of a task; none where nothing was measured."""
    parts = []
    for cost in costs:
        if cost.task != task or math.isnan(cost.break_even):
            continue
        pays = (
            "never pays for itself"
            if math.isinf(cost.break_even)
            else f"pays for itself after {_requests(cost.break_even)} requests"
        )
        times = f"{_seconds(cost.request)} s a request, {_seconds(cost.retrain)} s a retrain"
        parts.append(f"{method_title(cost.method)} {pays} ({times})")
    return [Finding("Cost", f"{'; '.join(parts)}.")] if parts else []


def _requests(value: float) -> str:
    return "–" if math.isnan(value) else "never" if math.isinf(value) else f"{value:,.0f}"


def _seconds(value: float) -> str:
    """Three digits that count, or all before the point."""
    if math.isnan(value):
        return "–"
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{decimals}f}"
