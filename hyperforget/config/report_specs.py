"""What the stages of the report are told: which tables, figures and sections there are, and of what.

Each is told what it reads: tables are built anew for another forget set, and not for another training. Methods go by
their names here, as in the files that these stages read.
"""

from operator import not_
from typing import Any, Literal

from pydantic import Field

from hyperforget.config.base import Section
from hyperforget.config.methods import NEAREST, RETRAINED, RIVALS, Method
from hyperforget.config.performance import Performance
from hyperforget.config.sections import Protocol
from hyperforget.errors import UserError, nearest_choice


class CorpusSpec(Section):
    """One corpus of a task, by its name in paths, and the models that are trained on it."""

    name: str
    models: tuple[str, ...]


class _Task(Section):
    """A task; its forget sets are of classes, unless it has ``groups``."""

    name: str
    forget: tuple[str, ...]
    holdout: tuple[str, ...]
    groups: tuple[str, ...] = Field((), exclude_if=not_)

    @property
    def forget_sets(self) -> tuple[str, ...]:
        """All forget sets, those of the thesis first, then those kept out of collection."""
        return self.forget + self.holdout


class TableTask(_Task):
    """What tables are told of a task: also the methods that edit strangers, if any, how strangers were trained, the
    names in paths of what was done again with other seeds, and the tasks whose hypernetworks lie in its folder, if it
    is not the only one; then of each of these the ``units`` of hidden layers, and whether no hypernetwork saw such.
    """

    stranger_methods: tuple[str, ...]
    stranger_training: str
    repetitions: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    width_never_seen: bool = False


class FigureTask(_Task):
    """What figures are told of a task; its hypernetworks may lie in the folder of another, ``hypernets_of``."""

    classes: tuple[str, ...]
    corpora: tuple[CorpusSpec, ...]
    hypernets_of: str | None = None

    @property
    def home_of_hypernetworks(self) -> str:
        """The task in whose folder its hypernetworks lie."""
        return self.hypernets_of or self.name

    def corpus_of(self, model: str) -> CorpusSpec:
        """The corpus that a model is trained on."""
        return next(corpus for corpus in self.corpora if model in corpus.models)


class TaskSpec(FigureTask):
    """What the page is told of a task; ``handwritten_digits`` can be drawn by anybody."""

    stranger_methods: tuple[str, ...]
    repetitions: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()
    pivots: tuple[str, ...]
    network: str
    description: str
    handwritten_digits: bool = Field(False, exclude_if=not_)


class TableMetric(Section):
    """How tables tell of a metric of the user's own; its ``source`` is a file, or empty."""

    name: str
    title: str
    unit: str
    better: Literal["higher", "lower", "retrained"]
    sets: tuple[str, ...]
    source: str


class MetricWords(TableMetric):
    """How the page tells of a metric of the user's own."""

    description: str


class TablesSpec(Section):
    """For `build_tables`; ``metrics`` are the user's own, ``audit`` the further ones that were measured."""

    tasks: tuple[TableTask, ...]
    models: tuple[str, ...]
    methods: tuple[str, ...]
    metrics: tuple[TableMetric, ...] = ()
    audit: tuple[str, ...] = Field((), exclude_if=not_)


class FiguresSpec(Section):
    """For `build_figures`, which draws one task.

    ``learned_optimizers`` are the models that read a start, so that what they sample can be the next one;
    ``performances`` say what each model is told of networks, ``rebalanced`` are the models whose training draws
    wanted values evenly; ``audit`` are further metrics that were measured.
    """

    tasks: tuple[FigureTask, ...]
    models: tuple[str, ...]
    methods: tuple[str, ...]
    protocol: Protocol
    learned_optimizers: tuple[str, ...] = ()
    performances: dict[str, Performance] = Field(default_factory=dict)
    rebalanced: tuple[str, ...] = ()
    audit: tuple[str, ...] = Field((), exclude_if=not_)

    def performance(self, model: str) -> Performance:
        """What a model is told of networks; without a word of it, the loss of every class."""
        return self.performances.get(model, Performance())

    @property
    def scalar_models(self) -> tuple[str, ...]:
        """Models that are told one number (G.pt)."""
        return tuple(model for model in self.models if self.performance(model).is_scalar)

    @property
    def generators(self) -> tuple[str, ...]:
        """Methods that ask a hypernetwork."""
        return tuple(method for method in self.methods if Method.parse(method).base in self.models)

    @property
    def rivals(self) -> tuple[str, ...]:
        """The methods without a hypernetwork: the built-in ones, then the user's own."""
        own = (method for method in self.methods if method not in (*self.generators, *RIVALS, RETRAINED))
        return (*(method for method in RIVALS if method in self.methods), *own)

    @property
    def choosing(self) -> tuple[str, ...]:
        """The methods that offer many networks to choose from."""
        return tuple(method for method in self.methods if method in (*self.generators, NEAREST))

    def task(self, name: str) -> FigureTask:
        """The task of that name; raises `UserError` for any other."""
        for task in self.tasks:
            if task.name == name:
                return task
        known = [task.name for task in self.tasks]
        raise UserError(f"unknown task {name!r}: allowed are {', '.join(known)}{nearest_choice(name, known)}")


class ReportSpec(FiguresSpec):
    """For `build_report`; ``metrics`` are the user's own, ``config`` is the whole configuration, for readers."""

    tasks: tuple[TaskSpec, ...]
    metrics: tuple[MetricWords, ...] = ()
    config: dict[str, Any] | None = None


class FullTask(TaskSpec, TableTask):
    """What any of them is told of a task."""


class FullSpec(ReportSpec, TablesSpec):
    """What any of them is told."""

    tasks: tuple[FullTask, ...]
    metrics: tuple[MetricWords, ...] = ()
