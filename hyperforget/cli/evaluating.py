"""``hyperforget evaluate``: anybody's network against the retrained networks of a task."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hyperforget.cli.generator import labels_of
from hyperforget.cli.names import task_names
from hyperforget.cli.options import RESULTS, Json, Results, print_result


def evaluate(
    network: Annotated[Path, typer.Argument(help="A state dict, .safetensors or .pt.", metavar="NETWORK")],
    task: Annotated[str, typer.Option(help="A task of the results.", autocompletion=task_names)],
    classes: Annotated[str, typer.Option(help="Labels of the classes that it was to forget, such as 2,3.")],
    results: Results = RESULTS,
    store: Annotated[Path | None, typer.Option(help="Folder of the store; by default 'store' of the results.")] = None,
    as_json: Json = False,
) -> None:
    """Judge a network by all metrics, beside networks of the task that were retrained without the classes.

    It says whether the network answers, hides or has forgotten the classes, and whether it keeps the others.
    """
    from hyperforget.scores.evaluating import evaluate as scores_of

    table = scores_of(network, labels_of(classes), results / task, store=store)
    rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    about = {"network": network.as_posix(), "task": task, "classes": classes}
    print_result(about | table.attrs | {"scores": rows}, as_json, _as_text(table.attrs, rows))


def _plain(value: Any) -> Any:
    """A cell as JSON knows it: None where there is no number, and infinities as words."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _as_text(about: Mapping[Any, Any], rows: list[dict[Any, Any]]) -> str:
    from hyperforget.provenance.text import aligned

    lines = [f"{about['verdict'][0].upper()}{about['verdict'][1:]}."]
    if about["warning"]:
        lines.append(f"warning: {about['warning']}")
    cells = [["metric", "images", "value", "95 %", "retrained", "central 95 %", "verdict"]]
    for row in rows:
        cells.append(
            [
                row["metric"],
                row["set"],
                _number(row["value"]),
                _bounds(row["median_low"], row["median_high"]),
                _number(row["retrained"]),
                _bounds(row["retrained_low"], row["retrained_high"]),
                row["verdict"],
            ]
        )
    return "\n".join([*lines, "", *aligned(cells), "", "What a metric says: hyperforget explain METRIC"])


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _bounds(low: Any, high: Any) -> str:
    return "" if low is None or high is None else f"{_number(low)} to {_number(high)}"
