"""What each stage is told: its slice of the configuration, typed, and the one function that cuts it out.

A stage is done again when its slice changes, so a slice holds what its stage reads and nothing else. The same model is
used by the rule that calls the stage, by the stage, and by the tests.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from hyperforget.config.base import Section
from hyperforget.config.check import forget_set
from hyperforget.config.corpora import collection_key
from hyperforget.config.methods import ORIGINAL, Method
from hyperforget.config.models import (
    ArchitectureConfig,
    EditingConfig,
    ModelConfig,
    SamplingConfig,
    SolverConfig,
    TrainingConfig,
)
from hyperforget.config.performance import Performance
from hyperforget.config.report_spec import FiguresSpec, ReportSpec, TablesSpec, report_spec
from hyperforget.config.sections import (
    Config,
    EvaluationConfig,
    OptimizersConfig,
    ProbeConfig,
    PromptConfig,
    Protocol,
    SelectionConfig,
)
from hyperforget.config.tasks import (
    CollectionConfig,
    DatasetConfig,
    MinibatchConfig,
    RecipeConfig,
    RunsConfig,
    TaskConfig,
)
from hyperforget.store.files import file_digest


class DatasetSpec(Section):
    """For `fetch_dataset`; ``content`` is the SHA-256 of the file that images come from, if it is one."""

    dataset: DatasetConfig
    classes: list[int]
    seed: int
    content: str | None


class CollectionSpec(Section):
    """For `collect_checkpoints`: ``runs`` of a shard, and the ``recipes`` that they draw from."""

    hidden: list[int]
    seed: int
    protocol: Protocol
    runs: int
    collection: RunsConfig
    recipes: list[MinibatchConfig]
    pivots: list[int]
    holdout: list[tuple[int, ...]]


class Requirements(Section):
    """What a corpus must hold, by the keys of its collection, which stand under ``key`` in the configuration."""

    key: str
    runs: int
    minimum_runs: int
    minimum_forgotten: int
    pivot_accuracy: float


class CorpusSpec(Section):
    """For `assemble_corpus`."""

    requirements: Requirements
    pivots: list[int]
    forget: list[tuple[int, ...]]
    holdout: list[tuple[int, ...]]
    protocol: Protocol


class ReferenceSpec(Section):
    """For `train_reference`: how many networks, and how they are trained."""

    hidden: list[int]
    seed: int
    protocol: Protocol
    recipe: RecipeConfig
    count: int


class TrainingSpec(Section):
    """For `train_hypernet`."""

    hidden: list[int]
    seed: int
    protocol: Protocol
    conditioning: str
    performance: Performance
    process: str
    architecture: ArchitectureConfig
    training: TrainingConfig


class ProbeSpec(Section):
    """For `probe_hypernet`; the last two are those of the model's training."""

    pivots: list[int]
    seed: int
    protocol: Protocol
    probe: ProbeConfig
    sampling: SolverConfig
    unseen_runs: float
    rebalance: bool


class OptimizersSpec(Section):
    """For `compare_optimizers`."""

    seed: int
    protocol: Protocol
    recipe: RecipeConfig
    optimizers: OptimizersConfig
    sampling: SolverConfig


class SamplingSpec(Section):
    """For `sample_unlearned`; random starts are drawn by ``initialisation``."""

    seed: int
    protocol: Protocol
    prompts: PromptConfig
    selection: SelectionConfig
    sampling: SamplingConfig
    initialisation: str


class EditingSpec(Section):
    """For `sample_edited`."""

    seed: int
    protocol: Protocol
    prompts: PromptConfig
    selection: SelectionConfig
    editing: EditingConfig


class LookupSpec(Section):
    """For `look_up_checkpoints`: ``candidates`` for each prompt, as many as the generators offer."""

    hidden: list[int]
    protocol: Protocol
    prompts: PromptConfig
    selection: SelectionConfig
    candidates: int


class RivalSpec(Section):
    """For `edit_original`."""

    seed: int
    protocol: Protocol


class EvaluationSpec(Section):
    """For `evaluate`."""

    protocol: Protocol
    evaluation: EvaluationConfig


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
            **{
                name: part_of(field.annotation, getattr(value, name))
                for name, field in kind.model_fields.items()
            }
        )
    if isinstance(value, list | tuple) and any(isinstance(each, Section) for each in value):
        return [part_of(get_args(kind)[0], each) for each in value]
    return value


def _task(config: Config, names: Names) -> TaskConfig:
    return config.tasks[names["task"]]


def _model(config: Config, names: Names) -> ModelConfig:
    """The model of a job, or the one that its method asks."""
    return config.models[names["model"] if "model" in names else Method.parse(names["method"]).base]


def _collection(config: Config, names: Names) -> CollectionConfig:
    return _task(config, names).collections[names["corpus"]]


def _content(config: Config, names: Names) -> str | None:
    # A file of images is part of what is told: new content under the same name is another dataset.
    dataset = _task(config, names).dataset
    return file_digest(Path(dataset.path or "")) if dataset.source == "npz" else None


def _requirements(config: Config, names: Names) -> Requirements:
    collection = _collection(config, names)
    wanted = {name: getattr(collection, name) for name in Requirements.model_fields if name != "key"}
    return Requirements(key=collection_key(names["task"], names["corpus"]), **wanted)


def _classes(task: TaskConfig, key: Literal["forget", "holdout"]) -> list[tuple[int, ...]]:
    return [forget_set(text, task).classes for text in getattr(task, key)]


# Where each value of a spec comes from, whichever stage is told it.
_SOURCES: dict[str, Callable[[Config, Names], Any]] = {
    "seed": lambda config, names: config.seed,
    "protocol": lambda config, names: config.protocol,
    "dataset": lambda config, names: _task(config, names).dataset,
    "classes": lambda config, names: _task(config, names).classes,
    "content": _content,
    "hidden": lambda config, names: _task(config, names).hidden,
    "pivots": lambda config, names: _task(config, names).pivots,
    "forget": lambda config, names: _classes(_task(config, names), "forget"),
    "holdout": lambda config, names: _classes(_task(config, names), "holdout"),
    # A shard knows its own runs only: more shards of the same size leave those that are there as they are.
    "runs": lambda config, names: _collection(config, names).runs_of(int(names["shard"])),
    "collection": _collection,
    "recipes": lambda config, names: _task(config, names).recipes_of(_collection(config, names)),
    "requirements": _requirements,
    "recipe": lambda config, names: _task(config, names).recipe_of(names.get("method", ORIGINAL)),
    "count": lambda config, names: _task(config, names).count_of(names["method"]),
    "initialisation": lambda config, names: _task(config, names).recipe.initialisation,
    "conditioning": lambda config, names: config.conditioning(names["model"]),
    "performance": lambda config, names: config.performance(names["model"]),
    "process": lambda config, names: _model(config, names).process,
    "architecture": lambda config, names: _model(config, names).architecture,
    "training": lambda config, names: _model(config, names).training,
    "unseen_runs": lambda config, names: _model(config, names).training.unseen_runs,
    "rebalance": lambda config, names: _model(config, names).training.rebalance,
    "sampling": lambda config, names: _model(config, names).sampling,
    "editing": lambda config, names: _model(config, names).editing,
    "candidates": lambda config, names: max(model.sampling.candidates for model in config.models.values()),
    "prompts": lambda config, names: config.prompts,
    "selection": lambda config, names: config.selection,
    "probe": lambda config, names: config.probe,
    "optimizers": lambda config, names: config.optimizers,
    "evaluation": lambda config, names: config.evaluation,
}
