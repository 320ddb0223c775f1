"""What a report contains, told from its spec alone: names of tables and figures, methods, forget sets.

Light on purpose (no torch, no pandas): the workflow declares its outputs with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EDIT = "-edit"
from hyperforget.config import PROTOCOLS
from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.config.methods import NEAREST as LOOKUP
from hyperforget.config.methods import RETRAINED, RIVALS
from hyperforget.config.performance import Performance
from hyperforget.errors import UserError, nearest_choice

TABLE_SUFFIXES = (".csv", ".tex", ".html")
FIGURE_SUFFIX = ".svg"
TABLE_FOLDER = "tables"
FIGURE_FOLDER = "figures"

THESIS_METHODS = ("dihyfo-1", "dihyfo-2", RETRAINED)
# Methods that make one network, so there is nothing to choose from and no cloud to draw.
_WITHOUT_CANDIDATES = (RETRAINED, "bias")

_METHOD_TITLES = {
    "dihyfo-1": "DiHyFo-1",
    "dihyfo-2": "DiHyFo-2",
    "gpt": "G.pt",
    RETRAINED: "Retrained",
    LOOKUP: "Nearest checkpoint",
    "bias": "Lowered biases",
}


@dataclass(frozen=True)
class CorpusSpec:
    """One corpus of a task, by its name in paths, and the models that are trained on it."""

    name: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class StrangersSpec:
    """The methods that edit strangers, none where a task has no strangers, and how these were trained."""

    methods: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class TaskSpec:
    """One task: class names, pivots, the thesis' forget sets, those kept out of collection, corpora, strangers."""

    name: str
    classes: tuple[str, ...]
    pivots: tuple[str, ...]
    forget: tuple[str, ...]
    holdout: tuple[str, ...]
    corpora: tuple[CorpusSpec, ...]
    strangers: StrangersSpec
    network: str
    description: str

    @property
    def forget_sets(self) -> tuple[str, ...]:
        """All forget sets, the thesis' first."""
        return self.forget + self.holdout

    def corpus_of(self, model: str) -> CorpusSpec:
        """The corpus that a model is trained on."""
        return next(corpus for corpus in self.corpora if model in corpus.models)


@dataclass(frozen=True)
class ReportSpec:
    """All that decides what a report contains.

    ``learned_optimizers`` are the models that read a start, so that what they sample can be the next one;
    ``performances`` say what each model is told of networks, ``rebalanced`` are the models whose training draws
    wanted values evenly; ``config`` is the whole config, for the reader to see.
    """

    tasks: tuple[TaskSpec, ...]
    models: tuple[str, ...]
    methods: tuple[str, ...]
    protocol: str
    learned_optimizers: tuple[str, ...] = ()
    performances: Mapping[str, Performance] = field(default_factory=dict)
    rebalanced: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None

    def performance(self, model: str) -> Performance:
        """What a model is told of networks; without a word of it, the loss of every class."""
        return self.performances.get(model, Performance())

    @property
    def scalar_models(self) -> tuple[str, ...]:
        """Models that are told one number (G.pt)."""
        return tuple(model for model in self.models if self.performance(model).is_scalar)

    def task(self, name: str) -> TaskSpec:
        """The task of that name; raises `UserError` for any other."""
        for task in self.tasks:
            if task.name == name:
                return task
        known = [task.name for task in self.tasks]
        raise UserError(f"unknown task {name!r}: allowed are {', '.join(known)}{nearest_choice(name, known)}")

    @property
    def generators(self) -> tuple[str, ...]:
        """Methods that sample from a hypernetwork, named like it or with a suffix (``dihyfo-1-edit``)."""
        return tuple(
            method
            for method in self.methods
            if any(method == model or method.startswith(f"{model}-") for model in self.models)
        )

    @property
    def rivals(self) -> tuple[str, ...]:
        """The rivals that cost nothing, as far as the report has them."""
        return tuple(method for method in RIVALS if method in self.methods)


def as_spec(spec: str | Mapping[str, Any] | ReportSpec) -> ReportSpec:
    """The spec as a data class, from JSON text or a parsed mapping; tasks with fewer classes come first.

    Raises `UserError` naming a missing key or an unknown protocol.
    """
    if isinstance(spec, ReportSpec):
        return spec
    if isinstance(spec, str):
        try:
            spec = json.loads(spec)
        except json.JSONDecodeError as error:
            raise UserError(f"--spec is not JSON: {error}") from None
    if not isinstance(spec, Mapping):
        raise UserError(f"--spec must be a JSON object, not {type(spec).__name__}")
    protocol = _key(spec, "protocol", "--spec")
    if protocol not in PROTOCOLS:
        choices = ", ".join(PROTOCOLS)
        raise UserError(
            f"protocol {protocol!r} is unknown: allowed are {choices}{nearest_choice(protocol, PROTOCOLS)}"
        )
    tasks = [_task_spec(name, entry) for name, entry in _key(spec, "tasks", "--spec").items()]
    return ReportSpec(
        tasks=tuple(sorted(tasks, key=lambda task: (len(task.classes), task.name))),
        models=tuple(_key(spec, "models", "--spec")),
        methods=tuple(_key(spec, "methods", "--spec")),
        protocol=protocol,
        learned_optimizers=tuple(spec.get("learned_optimizers", ())),
        performances={model: Performance(**told) for model, told in spec.get("performances", {}).items()},
        rebalanced=tuple(spec.get("rebalanced", ())),
        config=spec.get("config"),
    )


def table_names(spec: str | Mapping[str, Any] | ReportSpec) -> list[str]:
    """Names of all tables, without suffix; each is written once per suffix of `TABLE_SUFFIXES`."""
    return [name for task in as_spec(spec).tasks for name in _task_table_names(task)]


def figure_names(spec: str | Mapping[str, Any] | ReportSpec, task: str) -> list[str]:
    """Names of all figures of a task, without `FIGURE_SUFFIX`, in the order of the report."""
    report = as_spec(spec)
    report.task(task)
    training = [
        f"{task}-{model}-{kind}" for model in report.models for kind in training_figures(report, model)
    ]
    candidates = [f"{task}-{method}-candidates" for method in candidate_methods(report)]
    confusion = [f"{task}-{method}-confusion" for method in confusion_methods(report)]
    comparisons = [f"{task}-{kind}-comparison" for kind in comparison_figures(report)]
    return training + comparisons + candidates + confusion


def table_files(spec: str | Mapping[str, Any] | ReportSpec) -> list[str]:
    """File names of all tables in all formats."""
    return [name + suffix for name in table_names(spec) for suffix in TABLE_SUFFIXES]


def figure_files(spec: str | Mapping[str, Any] | ReportSpec, task: str) -> list[str]:
    """File names of all figures of a task."""
    return [name + FIGURE_SUFFIX for name in figure_names(spec, task)]


def training_figures(spec: ReportSpec, model: str) -> list[str]:
    """Kinds of figures about a model itself, before any forget set."""
    kinds = ["learning", "alignment", "observed"]
    if spec.performance(model).is_scalar or model in spec.rebalanced:
        kinds.append("distribution")
    return [*kinds, "optimizers"] if model in spec.learned_optimizers else kinds


def comparison_figures(spec: ReportSpec) -> list[str]:
    """Kinds of figures that show all models that are told one number side by side; none where there is but one."""
    return ["alignment", "observed"] if len(spec.scalar_models) > 1 else []


def candidate_methods(spec: ReportSpec) -> list[str]:
    """Methods that offer many networks to choose from."""
    return [method for method in spec.methods if method not in _WITHOUT_CANDIDATES]


def confusion_methods(spec: ReportSpec) -> list[str]:
    """Methods whose predictions are compared with the retrained network's."""
    return [method for method in spec.methods if method != RETRAINED]


def method_title(method: str) -> str:
    """How tables, figures and text call a method."""
    if method.endswith(EDIT):
        return f"{method_title(method.removesuffix(EDIT))} (editing)"
    return _METHOD_TITLES.get(method, method)


def corpus_title(task: TaskSpec, corpus: CorpusSpec) -> str:
    """How captions call a corpus: by its task alone, unless that has several."""
    if len(task.corpora) == 1:
        return task.name
    own = corpus.name.removeprefix(f"{MAIN_CORPUS}-")
    return f"{task.name} (main corpus)" if corpus.name == MAIN_CORPUS else f"{task.name} (corpus {own})"


def corpus_heading(spec: ReportSpec, task: TaskSpec, corpus: CorpusSpec) -> str:
    """What stands above the tables of a corpus: also who learns from it, where the task has several."""
    if len(task.corpora) == 1:
        return "What was collected"
    looks_up = [LOOKUP] if corpus.name == MAIN_CORPUS and LOOKUP in spec.methods else []
    users = ", ".join(method_title(method) for method in (*corpus.models, *looks_up))
    return f"What was collected for {users or 'no method'}: {corpus_title(task, corpus)}"


def performance_title(performance: Performance) -> str:
    """What a model is told of networks, in words."""
    if performance.classes == "each":
        return f"{performance.metric} of each class"
    if performance.classes == "mean":
        return f"mean {performance.metric} over classes"
    return f"{performance.metric} of class {performance.classes}"


def forget_title(forget: str) -> str:
    """``2-3`` as the set that it stands for: ``{2,3}``."""
    return "{" + forget.replace("-", ",") + "}"


def _task_table_names(task: TaskSpec) -> list[str]:
    prefixes = [task.name] * bool(task.forget) + [f"{task.name}-holdout"] * bool(task.holdout)
    return [
        *(f"{prefix}-{kind}" for prefix in prefixes for kind in ("individual", "paired")),
        f"{task.name}-comparison",
        *[f"{task.name}-strangers"] * bool(task.strangers.methods),
    ]


def _task_spec(name: str, entry: Mapping[str, Any]) -> TaskSpec:
    where = f"--spec, task {name!r}"

    def texts(key: str) -> tuple[str, ...]:
        return tuple(str(item) for item in _key(entry, key, where))

    return TaskSpec(
        name=name,
        classes=texts("classes"),
        pivots=texts("pivots"),
        forget=texts("forget"),
        holdout=texts("holdout"),
        corpora=tuple(
            CorpusSpec(corpus, tuple(models)) for corpus, models in _key(entry, "corpora", where).items()
        ),
        strangers=_strangers_spec(_key(entry, "strangers", where), f"{where}, strangers"),
        network=str(_key(entry, "network", where)),
        description=str(_key(entry, "description", where)),
    )


def _strangers_spec(entry: Mapping[str, Any], where: str) -> StrangersSpec:
    return StrangersSpec(
        tuple(_key(entry, "methods", where)), description=str(_key(entry, "description", where))
    )


def _key(mapping: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in mapping:
        raise UserError(f"{where} lacks the key {key!r}")
    return mapping[key]
