"""Models of one conditioning that differ in their settings, side by side: an ablation table for each task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hyperforget.config.methods import RETRAINED, Method
from hyperforget.config.report_specs import ReportSpec, TaskSpec
from hyperforget.flat_keys import flat_keys
from hyperforget.records.costs import CostRow
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import HistoryPoint
from hyperforget.report.listings import Listing
from hyperforget.report.results import Metrics, final_alignment, mean
from hyperforget.report.spec import method_title
from hyperforget.report.tables.comparison import usable_share

_HEADINGS = (
    "Method", "Differs in", "Highest accuracy on forgotten classes",
    "Retained, median minus the retrained median: collected", "kept out", "Usable share", "Alignment (R²)",
    "Correlation", "Test MSE", "Training (s)",
)  # fmt: skip


def ablation_listing(
    spec: ReportSpec, task: TaskSpec, results: Path, metrics: Metrics, costs: list[CostRow]
) -> Listing | None:
    """A row for each generator whose conditioning another model shares; None where no two share one."""
    models = (spec.config or {}).get("models", {})
    rows = []
    for group in _groups(spec, models):
        first = models[group[0]]
        for model in group:
            differences = "; ".join(changed_keys(first, models[model])) or "nothing: the others are compared with it"
            for method in (model, str(Method(model, edits=True))):
                if method in spec.methods:
                    rows.append(_row(task, method, differences, results, metrics, costs))
    if not rows:
        return None
    caption = (
        f"Models of {task.name} that differ in their settings only, test images: on forgotten classes the chosen "
        "network's worst set; on retained ones, less retrained networks, the mean of medians; alignment of free "
        "classes and unseen starts. Test MSE does not compare between spaces. One seed each. Good: a share and "
        "correlation near 1."
    )
    return Listing(f"{task.name}-ablations", caption, _HEADINGS, tuple(rows), numeric=2)


def changed_keys(first: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """``key = value``, keys dotted, of ``other`` where ``first`` differs; the conditioning is left out."""
    before = flat_keys(first)
    return [
        f"{key} = {value}"
        for key, value in flat_keys(other).items()
        if key != "conditioning" and before.get(key) != value
    ]


def _groups(spec: ReportSpec, models: Mapping[str, Any]) -> list[list[str]]:
    """Models that forget, by conditioning, where there are two or more of it."""
    groups: dict[str, list[str]] = {}
    for model in spec.models:
        if model in spec.methods:
            groups.setdefault(models.get(model, {}).get("conditioning") or model, []).append(model)
    return [group for group in groups.values() if len(group) > 1]


def _row(
    task: TaskSpec, method: str, differences: str, results: Path, metrics: Metrics, costs: list[CostRow]
) -> tuple[str, ...]:
    """Cells of a method that asks a model."""
    model = Method.parse(method).base
    forgotten = [
        metrics.need(task.name, method, forget, "chosen", "accuracy", "forget").value for forget in task.forget_sets
    ]
    shares = [usable_share(metrics, task.name, method, forget).value for forget in task.forget_sets]
    last = final_alignment(results / task.name / model / "alignment.csv")
    history = read_rows(results / task.home_of_hypernetworks / model / "history.csv", HistoryPoint)
    seconds = [cost.training_seconds for cost in costs if (cost.task, cost.method) == (task.name, method)]
    return (
        method_title(method),
        differences,
        f"{max(forgotten):.4f}",
        _gap(task, method, task.forget, metrics),
        _gap(task, method, task.holdout, metrics),
        f"{sum(shares) / len(shares):.2f}",
        f"{mean(row.r_squared for row in last):.3f}",
        f"{mean(row.correlation for row in last):.3f}",
        f"{history[-1].test_mse:.4f}",
        f"{seconds[0]:,.0f}" if seconds else "–",
    )


def _gap(task: TaskSpec, method: str, forget_sets: tuple[str, ...], metrics: Metrics) -> str:
    """Mean over forget sets of the median accuracy on retained classes minus the retrained median."""

    def median(of: str, forget: str) -> float:
        return metrics.need(task.name, of, forget, "population", "accuracy", "retain").value

    gaps = [median(method, forget) - median(RETRAINED, forget) for forget in forget_sets]
    return f"{sum(gaps) / len(gaps):+.4f}".replace("-", "−") if gaps else "–"
