"""What there is: ``hyperforget tasks``, ``models``, ``methods`` and ``metrics``, and ``explain`` for one of these.

They tell of the configuration and of the results of the working folder, and load nothing that takes long.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hyperforget.cli.names import metric_names
from hyperforget.cli.options import RESULTS, Json, Results, print_result
from hyperforget.cli.running import configured
from hyperforget.errors import UserError, nearest_choice

Configuration = Annotated[str | None, typer.Option(help="A configuration, as for run.")]


def tasks(config: Configuration = None, results: Results = RESULTS, as_json: Json = False) -> None:
    """List the tasks of a configuration, by class labels of the dataset, and how many forget sets results have."""
    from hyperforget.config.raw_files import DOWNLOADED
    from hyperforget.forget_set import classes_in_words

    _print(
        [
            {
                "task": name,
                "data": task.dataset.name if task.dataset.source in DOWNLOADED else task.dataset.source,
                "classes": classes_in_words(task.classes),
                "hidden units": "-".join(map(str, task.hidden)),
                "pivots": classes_in_words(task.pivots),
                "forget sets": " ".join(task.forget),
                "kept out": " ".join(task.holdout) or "-",
                "evaluated": _count(results, f"{name}/forget-*-confusion.csv"),
            }
            for name, task in configured(config).tasks.items()
        ],
        as_json,
    )


def models(config: Configuration = None, results: Results = RESULTS, as_json: Json = False) -> None:
    """List the hypernetworks of a configuration, and for how many tasks results have them trained."""
    settings = configured(config)
    _print(
        [
            {
                "model": name,
                "conditioning": settings.conditioning(name),
                "told": ", ".join(part.metric for part in settings.performance(name).parts),
                "process": model.process,
                "space": model.architecture.space,
                "width x layers": f"{model.architecture.width} x {model.architecture.layers}",
                "steps": f"{model.training.steps}",
                "trained": _count(results, f"*/{name}/hypernet.json"),
            }
            for name, model in settings.models.items()
        ],
        as_json,
    )


def methods(config: Configuration = None, results: Results = RESULTS, as_json: Json = False) -> None:
    """List what makes networks that have forgotten, the data that a request takes, and how many results have."""
    from hyperforget.config.method_words import words_on
    from hyperforget.report.spec import method_title

    settings = configured(config)
    words = {name: words_on(name, settings.models) for name in map(str, settings.all_methods)}
    _print(
        [
            {
                "method": name,
                "title": method_title(name),
                "made": _count(results, f"*/{name}/forget-*.json"),
                "data at request": about.data,
                "what it is": about.description,
            }
            for name, about in words.items()
        ],
        as_json,
    )


def metrics(as_json: Json = False) -> None:
    """List the metrics of the results, their unit and range, and on which images they are measured."""
    from hyperforget.metrics.registry import METRICS
    from hyperforget.report import glossary

    _print(
        [
            {
                "metric": name,
                "title": glossary.METRICS[name].title,
                "unit": glossary.METRICS[name].unit,
                "range": glossary.METRICS[name].range,
                "good": f"as {metric.better}" if metric.better == "retrained" else metric.better,
                "images": " ".join(metric.sets),
            }
            for name, metric in METRICS.items()
        ],
        as_json,
    )


def explain(
    metric: Annotated[str, typer.Argument(help="A metric of 'hyperforget metrics'.", autocompletion=metric_names)],
    as_json: Json = False,
) -> None:
    """Tell what a metric means, how it is computed, where its good values lie, and where it is from."""
    from hyperforget.metrics.registry import METRICS
    from hyperforget.report import glossary

    if metric not in METRICS:
        raise UserError(
            f"metric {metric!r} is unknown; allowed are {', '.join(METRICS)}{nearest_choice(metric, METRICS)}"
        )
    words, sets = glossary.METRICS[metric], METRICS[metric].sets
    facts = {
        "formula": words.formula,
        "unit": words.unit,
        "range": words.range,
        "ideal": words.ideal,
        "source": words.source,
        "images": "; ".join(f"{name}: {glossary.SETS[name]}" for name in sets),
    }
    width = max(map(len, facts))
    text = [f"{words.title}. {words.description}", "", *(f"{name:{width}}  {fact}" for name, fact in facts.items())]
    told = {"metric": metric, "title": words.title, "description": words.description, **facts, "images": list(sets)}
    print_result(told, as_json, "\n".join(text))


def _count(results: Path, pattern: str) -> str:
    """How many results there are of a pattern."""
    return str(len(list(results.glob(pattern))))


def _print(rows: Sequence[dict[str, str]], as_json: bool) -> None:
    from hyperforget.provenance.text import aligned

    print_result(rows, as_json, "\n".join(aligned([list(rows[0]), *(list(row.values()) for row in rows)])))
