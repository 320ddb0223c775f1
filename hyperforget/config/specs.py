"""What each stage is told: its slice of the configuration, typed.

A stage is done again when its slice changes, so a slice holds what its stage reads and nothing else. The rule that
calls a stage, the stage and the tests use the same model; those of the report are in `report_specs`. Classes go by
their labels in the dataset, which a stage turns into places among outputs once it has loaded the data.
"""

from operator import not_
from typing import Any, Literal

from pydantic import Field

from hyperforget.config.audit import AuditMetric
from hyperforget.config.base import Section
from hyperforget.config.models import ArchitectureConfig, EditingConfig, SamplingConfig, SolverConfig, TrainingConfig
from hyperforget.config.networks import NetworkConfig
from hyperforget.config.performance import Performance
from hyperforget.config.sections import (
    EvaluationConfig,
    OptimizersConfig,
    ProbeConfig,
    PromptConfig,
    Protocol,
    SelectionConfig,
)
from hyperforget.config.tasks import DatasetConfig, MinibatchConfig, RecipeConfig, RunsConfig


class DatasetSpec(Section):
    """For `fetch_dataset`; ``content`` is what `raw_files.content_of` says of the files that images come from. They are
    split by a seed and a task's name in the configuration, ``split_of``, so that repetitions of a task have the same.
    """

    dataset: DatasetConfig
    classes: list[int]
    groups: list[int] = Field([], exclude_if=not_)
    split_seed: int
    split_of: str
    content: str | None


class CollectionSpec(Section):
    """For `collect_checkpoints`: ``runs`` of a shard, and the ``recipes`` that they draw from."""

    network: NetworkConfig
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
    never_seen: float
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

    network: NetworkConfig
    seed: int
    protocol: Protocol
    recipe: RecipeConfig
    count: int


class TaughtSpec(Section):
    """A task, by its name in paths, whose corpus a hypernetwork learns from, and its main network."""

    task: str
    network: NetworkConfig


class TrainingSpec(Section):
    """For `train_hypernet`, which learns from the corpora of the tasks ``taught``, in this order; the state of a set of
    ``holdout`` is never asked for.
    """

    taught: list[TaughtSpec]
    seed: int
    protocol: Protocol
    conditioning: str
    performance: Performance
    process: str
    architecture: ArchitectureConfig
    training: TrainingConfig
    holdout: list[tuple[int, ...]]


class ProbeSpec(Section):
    """For `probe_hypernet`; the last two are those of the model's training."""

    network: NetworkConfig
    pivots: list[int]
    seed: int
    protocol: Protocol
    probe: ProbeConfig
    sampling: SolverConfig
    unseen_runs: float
    rebalance: bool


class OptimizersSpec(Section):
    """For `compare_optimizers`."""

    network: NetworkConfig
    seed: int
    protocol: Protocol
    recipe: RecipeConfig
    optimizers: OptimizersConfig
    sampling: SolverConfig


class SamplingSpec(Section):
    """For `sample_unlearned`; random starts are drawn by ``initialisation``."""

    network: NetworkConfig
    seed: int
    protocol: Protocol
    prompts: PromptConfig
    selection: SelectionConfig
    sampling: SamplingConfig
    initialisation: str


class EditingSpec(Section):
    """For `sample_edited`."""

    network: NetworkConfig
    seed: int
    protocol: Protocol
    prompts: PromptConfig
    selection: SelectionConfig
    editing: EditingConfig


class RoundsSpec(SolverConfig):
    """How networks are sampled, but for their number."""

    rounds: int


class UnlearnedSweepSpec(Section):
    """For `sweep_unlearned`: the prompts that are ``swept`` for each of the ``forget_sets``, and how many ``networks``
    each is asked for.
    """

    network: NetworkConfig
    seed: int
    protocol: Protocol
    forget_sets: list[str]
    swept: PromptConfig
    networks: int
    sampling: RoundsSpec
    initialisation: str


class EditedSweepSpec(Section):
    """For `sweep_edited`: the prompts that are ``swept`` for each of the ``forget_sets``, and how many trained
    ``networks`` are edited for each.
    """

    network: NetworkConfig
    seed: int
    protocol: Protocol
    forget_sets: list[str]
    swept: PromptConfig
    networks: int
    selection: SelectionConfig
    editing: EditingConfig


class Quantiles(Section):
    """What is asked for by default: the first of each."""

    forget: list[float]
    retain: list[float]


class GeneratorSpec(Section):
    """For `export_generator`: how the model is asked, of images that ``data_name`` names."""

    data_name: str
    network: NetworkConfig
    pivots: list[int]
    protocol: Protocol
    initialisation: str
    prompts: Quantiles
    sampling: SolverConfig
    editing: RoundsSpec


class RequestsSpec(Section):
    """For `measure_requests`: the ``generators`` that are asked, by model, beside ``rivals``; the ``recipe`` is that of
    retraining.
    """

    protocol: Protocol
    pivots: list[int]
    recipe: RecipeConfig
    rivals: list[str]
    selection: SelectionConfig
    generators: dict[str, GeneratorSpec]


class CostsSpec(Section):
    """For `gather_costs`: whose hypernetworks, by their names in paths, tasks ask that have none of their own."""

    hypernets_of: dict[str, str]


class LookupSpec(Section):
    """For `look_up_checkpoints`: beside the chosen checkpoint stand the ``candidates`` nearest to each prompt, which
    are as many as the generators offer.
    """

    network: NetworkConfig
    protocol: Protocol
    prompts: PromptConfig
    selection: SelectionConfig
    candidates: int


class FinetuningRecipe(Section):
    """A `RecipeConfig` for networks that are trained already."""

    optimizer: Literal["sgd", "adam"]
    learning_rate: float
    momentum: float
    weight_decay: float
    batch_size: int
    share: float
    precision: Literal["auto", "float32", "bfloat16"]
    steps: int


class RivalSpec(Section):
    """For `edit_original`; the ``recipe`` is that of the originals. A method of the user's own is a ``function`` with
    ``settings``, of a file or of a ``package``; of the built-in ones these are None and empty.
    """

    seed: int
    protocol: Protocol
    recipe: FinetuningRecipe
    function: str | None
    settings: dict[str, Any]
    package: str | None


class AuditedSpec(Section):
    """How many networks of a method are audited at the most, of retrained ones twice as many."""

    recovery_networks: int


class AuditSpec(Section):
    """For `audit`: the further metrics that are measured."""

    protocol: Protocol
    audit: list[AuditMetric]
    evaluation: AuditedSpec


class OwnMetricSpec(Section):
    """A metric of the user's own: a ``function`` with ``settings``, of a file or of a ``package``, and its ``sets``."""

    name: str
    function: str
    settings: dict[str, Any]
    package: str | None
    sets: list[Literal["retain", "forget", "test"]]


class EvaluationSpec(Section):
    """For `evaluate`, which chooses a retrained network by the same ``selection``."""

    protocol: Protocol
    selection: SelectionConfig
    evaluation: EvaluationConfig
    metrics: list[OwnMetricSpec] = Field(default_factory=list)
