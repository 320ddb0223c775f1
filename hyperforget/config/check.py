"""Reading a configuration, with one clear sentence on the first fault."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hyperforget.config.corpora import collection_key
from hyperforget.config.data_folder import data_folder
from hyperforget.config.families import check_families
from hyperforget.config.forget_sets import forget_set, pivot_warnings
from hyperforget.config.groups import check_groups
from hyperforget.config.hardware import check_hardware
from hyperforget.config.image_shapes import check_image, known_shape
from hyperforget.config.models import CONDITIONING_NAMES, ArchitectureConfig, ModelConfig, reads_start
from hyperforget.config.names import check_names
from hyperforget.config.own_code import check_own, own_dataset
from hyperforget.config.places import check_store
from hyperforget.config.raw_files import DOWNLOADED, files_of
from hyperforget.config.sections import Config
from hyperforget.config.tasks import CollectionConfig, DatasetConfig, TaskConfig, UpdateConfig
from hyperforget.config.validation import validated
from hyperforget.errors import UserError, nearest_choice
from hyperforget.forget_set import PLURALS, classes_in_words, nearest_class

_USUAL_LEARNING_RATES = {"sgd": 0.1, "adam": 0.001}


def load_config(values: Mapping[str, Any]) -> Config:
    """Read and check a configuration.

    Raises `UserError`, with one sentence on the first fault: the key, its value, what is allowed, the nearest choice.
    """
    config = validated(values)
    _check_repeated("seeds", config.seeds)
    check_names(config)
    check_store(config.store, (*config.tasks, *config.repetitions))
    for name, task in config.tasks.items():
        _check_task(f"tasks.{name}", task)
        _check_corpora(f"tasks.{name}.corpora", task, config)
    for name, own in config.methods.items():
        check_own(f"methods.{name}", own, name, "method")
    for name, metric in config.metrics.items():
        check_own(f"metrics.{name}", metric, name, "metric")
        _check_repeated(f"metrics.{name}.sets", metric.sets)
    _check_range("probe.range", config.probe.range)
    _check_repeated("rivals", config.rivals)
    _check_repeated("trade_off.forget", config.trade_off.forget)
    for key in ("sgd_learning_rates", "adam_learning_rates"):
        _check_repeated(f"optimizers.{key}", getattr(config.optimizers, key))
    for name, model in config.models.items():
        _check_model(name, model, config)
    check_groups(config)
    check_families(config)
    check_hardware(config.hardware, {name: model.training.batch_size for name, model in config.models.items()})
    return config


def warnings(config: Config) -> list[str]:
    """What is allowed but likely unintended, one sentence each."""
    return pivot_warnings(config) + space_warnings(config)


def _check_model(name: str, model: ModelConfig, config: Config) -> None:
    where = f"models.{name}"
    if model.conditioning is None and name not in CONDITIONING_NAMES:
        raise UserError(
            f"{where}.conditioning is missing, and the name {name!r} is none itself; allowed are "
            f"{', '.join(CONDITIONING_NAMES)}{nearest_choice(name, CONDITIONING_NAMES)}"
        )
    if model.sampling.rounds > 1 and not reads_start(config.conditioning(name)):
        raise UserError(
            f"{where}.sampling.rounds is {model.sampling.rounds}, but {config.conditioning(name)!r} reads no start to "
            "sample from again; allowed is 1"
        )
    _check_metric(where, model, config.conditioning(name), config)
    _check_told(name, model, config)
    check_space(where, model)
    shape = model.architecture
    if shape.space == "subspace":
        return
    if shape.width % shape.heads:
        divisors = [heads for heads in range(1, shape.width + 1) if shape.width % heads == 0]
        nearest = min(divisors, key=lambda heads: abs(heads - shape.heads))
        raise UserError(
            f"{where}.architecture.heads is {shape.heads}, which does not divide the width {shape.width}; "
            f"the nearest that does is {nearest}"
        )


def _check_metric(where: str, model: ModelConfig, conditioning: str, config: Config) -> None:
    if conditioning != "gpt":
        for key, value, allowed in (("metric", model.metric, "loss"), ("metric_class", model.metric_class, None)):
            if value != allowed:
                raise UserError(
                    f"{where}.{key} is {value!r}, which only the conditioning 'gpt' takes; allowed with "
                    f"{conditioning!r}, which is told the loss of every class, is {allowed!r}"
                )
    for name, task in config.tasks.items():
        label = model.metric_class
        if label is not None and label not in task.forgettable:
            raise UserError(
                f"{where}.metric_class is {label}, which is no {task.noun} of tasks.{name}; allowed are "
                f"{classes_in_words(task.forgettable)}, the nearest is {nearest_class(label, task.forgettable)}"
            )


def _check_told(name: str, model: ModelConfig, config: Config) -> None:
    where, allowed = f"models.{name}.told", ("discriminability", "separability")
    first, *others = model.told
    if first != "loss" or len(set(others)) < len(others) or "loss" in others:
        raise UserError(
            f"{where} is {model.told}; allowed is 'loss' first, and after it each of {', '.join(allowed)} once at most"
        )
    if not others or config.conditioning(name) == "gpt":
        return
    for task_name, task in config.tasks.items():
        corpus = task.corpus_of(name)
        if task.collections[corpus].never_seen == 0:
            raise UserError(
                f"{where} is {model.told}, but {collection_key(task_name, corpus)}.never_seen is 0, so that no "
                f"checkpoint shows what has been forgotten and is not hidden; allowed is a share above 0, or [loss]"
            )


def _check_dataset(where: str, dataset: DatasetConfig) -> None:
    if dataset.source == "npz" and not Path(dataset.path or "").is_file():
        raise UserError(f"{where}.path is {dataset.path!r}, which is no file; allowed is an .npz file")
    if dataset.source == "function":
        check_own(where, own_dataset(dataset), dataset.function, "dataset")
    if dataset.source not in DOWNLOADED:
        return
    files, root = files_of(dataset, f"{where}.name"), data_folder(dataset.root)
    top = Path(files[0]).parts[0]
    if not dataset.download and not (root / top).exists():
        found = sorted(path.name for path in root.glob("*") if path.is_dir())
        raise UserError(
            f"{where}.root is {str(root)!r}, which has no {'file' if Path(top).suffix else 'folder'} {top!r} (it has "
            f"{', '.join(found) or 'none'}); name another folder or allow {where}.download"
        )


def _check_task(where: str, task: TaskConfig) -> None:
    _check_dataset(f"{where}.dataset", task.dataset)
    image = known_shape(task.dataset, f"{where}.dataset")
    if image is not None:
        check_image(task.main_network, image, f"{where}.network")
    # Forget sets join labels by a hyphen.
    for key, labels in (("classes", task.classes), ("groups", task.groups)):
        negative = [label for label in labels if label < 0]
        if negative:
            raise UserError(f"{where}.{key} has {negative[0]}; allowed are labels from 0 on, the nearest is 0")
        _check_repeated(f"{where}.{key}", labels)
    known, plural = task.forgettable, PLURALS[task.noun]
    for label in task.pivots:
        if label not in known:
            raise UserError(
                f"{where}.pivots has {label}, which is not one of the task's {plural}; allowed are "
                f"{classes_in_words(known)}, the nearest is {nearest_class(label, known)}"
            )
    if set(task.pivots) == set(known):
        raise UserError(f"{where}.pivots has all {plural}, {task.pivots}; at least one must be left to forget")
    for key, sets in (("forget", task.forget), ("holdout", task.holdout)):
        for text in sets:
            forget_set(text, task, f"{where}.{key}: the forget set")
        _check_repeated(f"{where}.{key}", sets)
    both = sorted(set(task.forget) & set(task.holdout))
    if both:
        raise UserError(
            f"{where}: the forget set {both[0]!r} is under forget and under holdout; allowed is one of them"
        )
    free = set(known) - set(task.pivots)
    kept_out = [text for text in set(task.holdout) if set(forget_set(text, task).classes) <= free]
    if len(kept_out) == 2 ** len(free) - 1:
        raise UserError(
            f"{where}.holdout is {task.holdout}, every set of the {plural} that are no pivots; allowed is to "
            f"keep out some of them, so that a run is left that deletes {plural}"
        )
    _check_collection(f"{where}.collection", task.collection)
    _check_updates(f"{where}.recipe", task.recipe)
    _check_updates(f"{where}.strangers.recipe", task.strangers.recipe)


def _check_updates(where: str, updates: UpdateConfig) -> None:
    usual = type(updates)().optimizer
    if updates.optimizer != usual and "learning_rate" not in updates.model_fields_set:
        raise UserError(
            f"{where}.learning_rate is {updates.learning_rate} by default, which suits {usual!r} and not "
            f"{updates.optimizer!r}; allowed is one that you name, such as {_USUAL_LEARNING_RATES[updates.optimizer]}"
        )
    if updates.momentum and updates.optimizer != "sgd":
        raise UserError(
            f"{where}.momentum is {updates.momentum}, which the optimizer {updates.optimizer!r} does not "
            "have; allowed is 0, or the optimizer 'sgd'"
        )


def _check_collection(where: str, collection: CollectionConfig) -> None:
    for key in ("switch", "learning_rates"):
        _check_range(f"{where}.{key}", getattr(collection, key))
    if collection.deoptimisation + collection.never_seen > 1:
        raise UserError(
            f"{where}.never_seen is {collection.never_seen:g} beside deoptimisation = {collection.deoptimisation:g}; "
            f"both are shares of the same runs, so allowed is at most {1 - collection.deoptimisation:g}"
        )
    for index, updates in enumerate(collection.recipes):
        _check_updates(f"{where}.recipes.{index}", updates)
    levels = collection.loss_levels
    if any(low >= high for low, high in pairwise(levels)):
        raise UserError(f"{where}.loss_levels is {levels}; allowed are ascending bounds: {sorted(set(levels))}")
    for key, limit in (("shards", "runs"), ("minimum_runs", "runs"), ("reviews", "steps")):
        value, most = getattr(collection, key), getattr(collection, limit)
        if value > most:
            raise UserError(f"{where}.{key} is {value}, more than its {most} {limit}; allowed are 1 to {most}")


def _check_corpora(where: str, task: TaskConfig, config: Config) -> None:
    corpus_of: dict[str, str] = {}
    for name, corpus in task.corpora.items():
        _check_collection(f"{where}.{name}", corpus)
        _check_repeated(f"{where}.{name}.models", corpus.models)
        for model in corpus.models:
            if model not in config.models:
                raise UserError(
                    f"{where}.{name}.models has {model!r}, which is no model of the configuration; allowed "
                    f"are {', '.join(config.models)}{nearest_choice(model, config.models)}"
                )
            if model in corpus_of:
                raise UserError(
                    f"{where}.{name}.models has {model!r}, which {where}.{corpus_of[model]}.models has "
                    "already; allowed is one corpus a model"
                )
            corpus_of[model] = name


def _check_range(key: str, bounds: tuple[float, float]) -> None:
    if bounds[0] > bounds[1]:
        raise UserError(f"{key} is {list(bounds)}; allowed is a range in ascending order: {sorted(bounds)}")


def _check_repeated(key: str, values: Sequence[object]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise UserError(f"{key} has {value!r} twice; allowed is each once: {list(dict.fromkeys(values))}")


_OF_SPACE = {"weights": ("tokens", "prompt", "heads"), "subspace": ("components",)}


def check_space(where: str, model: ModelConfig) -> None:
    """Raise `UserError` for a key that the model's space does not have."""
    space = model.architecture.space
    (other,) = set(_OF_SPACE) - {space}
    defaults = ArchitectureConfig()
    for key in _OF_SPACE[other]:
        value, default = getattr(model.architecture, key), getattr(defaults, key)
        if value != default:
            raise UserError(
                f"{where}.architecture.{key} is {value!r}, which only the space {other!r} takes; allowed "
                f"with the space {space!r} is to leave it at {default!r}"
            )
    if space == "subspace" and model.training.permute:
        raise UserError(
            f"{where}.training.permute is true, which moves networks out of the space 'subspace', whose "
            "components have one order of hidden units; allowed with it is false"
        )


def space_warnings(config: Config) -> list[str]:
    """A sentence for each corpus of random starts that a model in the subspace is trained on."""
    return [
        f"models.{model}: the space 'subspace' suits runs that share a start, but "
        f"{collection_key(name, corpus)}.starts is 'random', so that hidden units lie in another order in every run"
        for model, settings in config.models.items()
        if settings.architecture.space == "subspace"
        for name, task in config.tasks.items()
        for corpus in [task.corpus_of(model)]
        if task.collections[corpus].starts == "random"
    ]
