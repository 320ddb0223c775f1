"""Cuts out of a checked configuration what each stage is told, by one function for all of them.

A stage is done again when its slice changes, so a slice holds what its stage reads and nothing else.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Literal, TypeVar, get_args

from hyperforget.config.base import Section
from hyperforget.config.corpora import collection_key
from hyperforget.config.families import home_of_hypernetworks, is_width_never_seen, split_of, teachers, widths_of
from hyperforget.config.forget_sets import forget_set
from hyperforget.config.methods import ORIGINAL, STRANGERS, Method
from hyperforget.config.models import ModelConfig
from hyperforget.config.networks import NetworkConfig
from hyperforget.config.own_code import OwnFunction, OwnMetric
from hyperforget.config.raw_files import DOWNLOADED, content_of
from hyperforget.config.report_specs import (
    CorpusSpec,
    FiguresSpec,
    FullSpec,
    FullTask,
    MetricWords,
    ReportSpec,
    TablesSpec,
)
from hyperforget.config.sections import Config
from hyperforget.config.specs import GeneratorSpec, OwnMetricSpec, Requirements, TaughtSpec
from hyperforget.config.tasks import CollectionConfig, DatasetConfig, RecipeConfig, TaskConfig

# What tells the jobs of a stage from each other: task, corpus, shard, model, method, forget.
Names = Mapping[str, str]
Kind = TypeVar("Kind", bound=Section)


def spec_of(kind: type[Kind], config: Config, names: Names) -> Kind:
    """What a stage is told, cut out of a checked configuration for the job that has these ``names``.

    Raises `KeyError` for names that the configuration does not have.
    """
    report = report_spec(config, names) if kind in (TablesSpec, FiguresSpec, ReportSpec) else None
    values = {
        name: part_of(field.annotation, getattr(report, name) if report else _SOURCES[name](config, names))
        for name, field in kind.model_fields.items()
    }
    return kind(**values)


def part_of(kind: Any, value: Any) -> Any:
    """What a stage reads of a section, or of several: the keys that a section behind it has, or one like it."""
    if isinstance(value, Section):
        return kind(
            **{name: part_of(field.annotation, getattr(value, name)) for name, field in kind.model_fields.items()}
        )
    if isinstance(value, list | tuple) and any(isinstance(each, Section) for each in value):
        return [part_of(get_args(kind)[0], each) for each in value]
    return value


def _task(config: Config, names: Names) -> TaskConfig:
    return config.tasks[config.repeated(names["task"])[0]]


def _model(config: Config, names: Names) -> ModelConfig:
    """The model of a job, or the one that its method asks."""
    return config.models[names["model"] if "model" in names else Method.parse(names["method"]).base]


def _collection(config: Config, names: Names) -> CollectionConfig:
    return _task(config, names).collections[names["corpus"]]


def _requirements(config: Config, names: Names) -> Requirements:
    collection = _collection(config, names)
    wanted = {name: getattr(collection, name) for name in Requirements.model_fields if name != "key"}
    return Requirements(key=collection_key(config.repeated(names["task"])[0], names["corpus"]), **wanted)


def _own(config: Config, names: Names) -> OwnFunction | None:
    """The user's own function of a job's method, which several built-in methods of one job do not have."""
    return config.own_method(names["method"]) if "method" in names else None


def _function(config: Config, names: Names) -> str | None:
    own = _own(config, names)
    return own.function_of(Method.parse(names["method"]).base) if own else None


def _settings(config: Config, names: Names) -> dict[str, Any]:
    own = _own(config, names)
    return own.settings if own else {}


def _package(config: Config, names: Names) -> str | None:
    own = _own(config, names)
    return own.package("method", Method.parse(names["method"]).base) if own else None


def _metrics(config: Config, names: Names) -> list[OwnMetricSpec]:
    return [
        OwnMetricSpec(
            name=name,
            function=own.function_of(name),
            settings=own.settings,
            package=own.package("metric", name),
            sets=own.sets,
        )
        for name, own in config.metrics.items()
    ]


def _metric_words(name: str, own: OwnMetric) -> MetricWords:
    return MetricWords(
        name=name,
        title=own.title or name,
        unit=own.unit,
        better=own.better,
        description=own.description or "",
        sets=tuple(own.sets),
        source=own.file or "",
    )


def _classes(task: TaskConfig, key: Literal["forget", "holdout"]) -> list[tuple[int, ...]]:
    return [forget_set(text, task).classes for text in getattr(task, key)]


def _data_name(dataset: DatasetConfig) -> str:
    """What people call the images."""
    if dataset.source in DOWNLOADED:
        return dataset.name
    return dataset.source if dataset.path is None else PurePath(dataset.path).stem


def _shows_digits(dataset: DatasetConfig) -> bool:
    """Whether images are known to be handwritten digits, light on dark."""
    return dataset.source == "digits" or (
        dataset.source == "torchvision" and dataset.name in ("MNIST", "QMNIST", "USPS")
    )


# Where each value of a spec comes from, whichever stage is told it.
_SOURCES: dict[str, Callable[[Config, Names], Any]] = {
    "seed": lambda config, names: config.repeated(names["task"])[1],
    "split_seed": lambda config, names: config.seeds[0],
    "split_of": lambda config, names: split_of(config, names["task"]),
    "protocol": lambda config, names: config.protocol,
    "dataset": lambda config, names: _task(config, names).dataset,
    "classes": lambda config, names: _task(config, names).classes,
    "groups": lambda config, names: _task(config, names).groups,
    # Files of images are part of what is told: new content under the same name is another dataset.
    "content": lambda config, names: content_of(_task(config, names).dataset),
    "network": lambda config, names: _task(config, names).main_network,
    "taught": lambda config, names: [
        TaughtSpec(task=task, network=_task(config, {"task": task}).main_network)
        for task in teachers(config, names["task"])
    ],
    "hypernets_of": lambda config, names: {
        task: home
        for task in (*config.tasks, *config.repetitions)
        if (home := home_of_hypernetworks(config, task)) != task
    },
    "pivots": lambda config, names: _task(config, names).pivots,
    "forget": lambda config, names: _classes(_task(config, names), "forget"),
    "holdout": lambda config, names: _classes(_task(config, names), "holdout"),
    "forget_sets": lambda config, names: _task(config, names).forget_sets,
    # A shard knows its own runs only: more shards of the same size leave those that are there as they are.
    "runs": lambda config, names: _collection(config, names).runs_of(int(names["shard"])),
    "collection": _collection,
    "recipes": lambda config, names: _task(config, names).recipes_of(_collection(config, names)),
    "requirements": _requirements,
    "recipe": lambda config, names: _task(config, names).recipe_of(names.get("method", ORIGINAL)),
    "function": _function,
    "settings": _settings,
    "package": _package,
    "count": lambda config, names: _task(config, names).count_of(names["method"]),
    "initialisation": lambda config, names: _task(config, names).recipe.initialisation,
    "conditioning": lambda config, names: config.conditioning(names["model"]),
    "performance": lambda config, names: config.performance(names["model"]),
    "process": lambda config, names: _model(config, names).process,
    "architecture": lambda config, names: _model(config, names).architecture,
    "training": lambda config, names: _model(config, names).training,
    "unseen_runs": lambda config, names: _model(config, names).training.unseen_runs,
    "rebalance": lambda config, names: _model(config, names).training.rebalance,
    "generators": lambda config, names: {
        model: spec_of(GeneratorSpec, config, {**names, "model": model}) for model in config.generators
    },
    "rivals": lambda config, names: config.rivals,
    "sampling": lambda config, names: _model(config, names).sampling,
    "editing": lambda config, names: _model(config, names).editing,
    "candidates": lambda config, names: max(model.sampling.candidates for model in config.models.values()),
    "prompts": lambda config, names: config.prompts,
    "swept": lambda config, names: config.prompts.model_copy(update={"forget": config.trade_off.forget}),
    "data_name": lambda config, names: _data_name(_task(config, names).dataset),
    "networks": lambda config, names: config.trade_off.networks,
    "selection": lambda config, names: config.selection,
    "probe": lambda config, names: config.probe,
    "optimizers": lambda config, names: config.optimizers,
    "metrics": _metrics,
    "audit": lambda config, names: config.audit,
    "evaluation": lambda config, names: config.evaluation,
}


def report_spec(config: Config, names: Mapping[str, str]) -> FullSpec:
    """All that the report is told; with a task among ``names``, of that task alone. Small tasks come first."""
    tasks = [_task_spec(config, name) for name in config.tasks if names.get("task", name) == name]
    return FullSpec(
        tasks=tuple(sorted(tasks, key=lambda task: (len(task.classes), task.name))),
        models=tuple(config.models),
        methods=tuple(map(str, config.all_methods)),
        metrics=tuple(_metric_words(name, own) for name, own in config.metrics.items()),
        audit=tuple(config.audit),
        protocol=config.protocol,
        learned_optimizers=tuple(config.learned_optimizers),
        performances={model: config.performance(model) for model in config.models},
        rebalanced=tuple(name for name, model in config.models.items() if model.training.rebalance),
        # What it ran on is in the records, and another machine must not plan the report anew.
        config=config.model_dump(mode="json", exclude={"hardware"}),
    )


def _task_spec(config: Config, name: str) -> FullTask:
    task = config.tasks[name]
    return FullTask(
        name=name,
        forget=tuple(task.forget),
        holdout=tuple(task.holdout),
        classes=tuple(map(str, task.classes)),
        groups=tuple(map(str, task.groups)),
        corpora=tuple(_corpus_spec(config, task, corpus) for corpus in task.collections),
        stranger_methods=tuple(map(str, config.stranger_methods(name))),
        stranger_training=_in_words(task.recipe_of(STRANGERS)),
        repetitions=tuple(run for run, (repeated, _) in config.repetitions.items() if repeated == name),
        pivots=tuple(map(str, task.pivots)),
        sharing=_sharing(config, name),
        units=widths_of(task) if task.trained_on else (),
        width_never_seen=is_width_never_seen(config, name),
        network=_task_network_in_words(config, name),
        hypernets_of=home_of_hypernetworks(config, name) if task.trained_on else None,
        description=_data_in_words(task),
        handwritten_digits=_shows_digits(task.dataset),
    )


def _sharing(config: Config, name: str) -> tuple[str, ...]:
    """The tasks whose hypernetworks lie in the folder of a task, itself among them; none if it is the only one."""
    names = tuple(other for other in config.tasks if home_of_hypernetworks(config, other) == name)
    return names if len(names) > 1 else ()


def _data_in_words(task: TaskConfig) -> str:
    groups = f", of which groups {', '.join(map(str, task.groups))} are forgotten" if task.groups else ""
    return f"{task.dataset.source}, classes {', '.join(map(str, task.classes))}{groups}"


def _task_network_in_words(config: Config, name: str) -> str:
    task = config.tasks[name]
    words = _network_in_words(task.main_network)
    if not task.trained_on:
        return words
    seen = "a width that no hypernetwork saw: they" if is_width_never_seen(config, name) else "hypernetworks"
    return f"{words} ({seen} learned from the corpora of {', '.join(task.trained_on)})"


def _corpus_spec(config: Config, task: TaskConfig, corpus: str) -> CorpusSpec:
    models = (model for model in config.models if task.corpus_of(model) == corpus)
    return CorpusSpec(name=corpus, models=tuple(models))


def _network_in_words(network: NetworkConfig) -> str:
    if network.kind == "perceptron":
        return "MLP, ReLU, hidden units: " + ", ".join(map(str, network.hidden))
    return (
        f"CNN, ReLU, channels: {', '.join(map(str, network.channels))}, kernels {network.kernel} x {network.kernel}, "
        f"stride {network.stride}, mean over positions"
    )


def _in_words(recipe: RecipeConfig) -> str:
    return (
        f"{recipe.initialisation} initialisation, {recipe.steps} steps of {recipe.optimizer} with learning "
        f"rate {recipe.learning_rate:g} and weight decay {recipe.weight_decay:g}"
    )
