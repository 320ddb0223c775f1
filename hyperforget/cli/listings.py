"""What there is: ``hyperforget tasks``, ``models``, ``methods`` and ``metrics``, and ``explain`` for one of these.

They tell of the configuration and of the results of the working folder, and load nothing that takes long.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperforget.cli.names import metric_names
from hyperforget.cli.options import RESULTS, Json, Results, print_result
from hyperforget.cli.running import configured
from hyperforget.errors import UserError, nearest_choice

if TYPE_CHECKING:
    from hyperforget.config.networks import NetworkConfig
    from hyperforget.config.own_code import OwnMetric

Configuration = Annotated[str | None, typer.Option(help="A configuration, as for run.")]


def tasks(config: Configuration = None, results: Results = RESULTS, as_json: Json = False) -> None:
    """List the tasks of a configuration, by labels of the dataset, and how many forget sets results have."""
    from hyperforget.config.raw_files import DOWNLOADED
    from hyperforget.forget_set import classes_in_words

    _print(
        [
            {
                "task": name,
                "data": task.dataset.name if task.dataset.source in DOWNLOADED else task.dataset.source,
                "classes": classes_in_words(task.classes),
                "groups": classes_in_words(task.groups) or "-",
                "network": _network(task.main_network),
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


def metrics(config: Configuration = None, as_json: Json = False) -> None:
    """List the metrics, last those of `audit` and own ones, their unit and range, and the images that they are of."""
    from hyperforget.metrics.audit_registry import AUDIT
    from hyperforget.metrics.registry import METRICS
    from hyperforget.report.audit_glossary import AUDIT_WORDS
    from hyperforget.report.glossary import METRICS as WORDS

    registered, explained = {**METRICS, **AUDIT}, {**WORDS, **AUDIT_WORDS}

    _print(
        [
            {
                "metric": name,
                "title": explained[name].title,
                "unit": explained[name].unit,
                "range": explained[name].range,
                "good": f"as {metric.better}" if metric.better == "retrained" else metric.better,
                "images": " ".join(metric.sets),
            }
            for name, metric in registered.items()
        ]
        + [
            {
                "metric": name,
                "title": own.title or name,
                "unit": own.unit,
                "range": "own",
                "good": f"as {own.better}" if own.better == "retrained" else own.better,
                "images": " ".join(own.sets),
            }
            for name, own in configured(config).metrics.items()
        ],
        as_json,
    )


def explain(
    metric: Annotated[str, typer.Argument(help="A metric of 'hyperforget metrics'.", autocompletion=metric_names)],
    config: Configuration = None,
    as_json: Json = False,
) -> None:
    """Tell what a metric means, how it is computed, where its good values lie, and where it is from."""
    from hyperforget.metrics.audit_registry import AUDIT
    from hyperforget.metrics.registry import METRICS
    from hyperforget.report.audit_glossary import AUDIT_WORDS
    from hyperforget.report.glossary import METRICS as WORDS
    from hyperforget.report.glossary import SETS

    registered, explained = {**METRICS, **AUDIT}, {**WORDS, **AUDIT_WORDS}

    if metric in registered:
        words = explained[metric]
        sets: Sequence[str] = registered[metric].sets
        title, description = words.title, words.description
        facts = {
            "formula": words.formula,
            "unit": words.unit,
            "range": words.range,
            "ideal": words.ideal,
            "source": words.source,
        }
    elif metric in (own := configured(config).metrics):
        title, description, facts, sets = _own_metric(metric, own[metric])
    else:
        known = [*registered, *own]
        raise UserError(f"metric {metric!r} is unknown; allowed are {', '.join(known)}{nearest_choice(metric, known)}")
    facts["images"] = "; ".join(f"{name}: {SETS[name]}" for name in sets)
    width = max(map(len, facts))
    text = [f"{title}. {description}", "", *(f"{name:{width}}  {fact}" for name, fact in facts.items())]
    told = {"metric": metric, "title": title, "description": description, **facts, "images": list(sets)}
    print_result(told, as_json, "\n".join(text))


def _own_metric(name: str, own: "OwnMetric") -> tuple[str, str, dict[str, str], Sequence[str]]:
    """Title, description, facts and sets of a metric of the user's own, as far as its author told them."""
    ideal = "the value of retrained networks" if own.better == "retrained" else f"the {own.better}, the better"
    source = own.file or own.package("metric", name) or ""
    facts = {"formula": f"the function {own.function_of(name)!r}", "unit": own.unit, "ideal": ideal, "source": source}
    return own.title or name, own.description or "A metric of your own.", facts, own.sets


def _network(network: "NetworkConfig") -> str:
    sizes = network.hidden if network.kind == "perceptron" else network.channels
    return f"{network.kind} {'-'.join(map(str, sizes))}"


def _count(results: Path, pattern: str) -> str:
    """How many results there are of a pattern."""
    return str(len(list(results.glob(pattern))))


def _print(rows: Sequence[dict[str, str]], as_json: bool) -> None:
    from hyperforget.provenance.text import aligned

    print_result(rows, as_json, "\n".join(aligned([list(rows[0]), *(list(row.values()) for row in rows)])))
