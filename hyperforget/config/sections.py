"""The whole configuration, and the sections that are about no single task or model."""

from typing import Literal, get_args

from pydantic import Field

from hyperforget.config.audit import AuditMetric
from hyperforget.config.base import Count, FilePath, Fraction, Name, Positive, Section, Seed, Whole
from hyperforget.config.hardware import HardwareConfig
from hyperforget.config.methods import DEFAULT_RIVALS, EDITING_RIVALS, ON_STRANGERS, RETRAINED, Method, Rival
from hyperforget.config.models import ModelConfig, reads_start
from hyperforget.config.own_code import OwnFunction, OwnMetric
from hyperforget.config.performance import Performance
from hyperforget.config.tasks import TaskConfig

Protocol = Literal["validation", "thesis"]
PROTOCOLS: tuple[str, ...] = get_args(Protocol)


class PromptConfig(Section):
    """The grid of prompts: quantiles of what the corpus holds, by default a single prompt, so that nothing is chosen
    among prompts.
    """

    conditional: bool = Field(
        True,
        description="whether prompts ask for what networks show that know all classes but the forgotten ones, by "
        "regression over the corpus, or for quantiles of each class on its own (thesis: false)",
    )
    forget: list[Fraction] = Field(
        [0.6],
        min_length=1,
        description="quantiles of a forgotten class's losses, over checkpoints that never saw it, or that have "
        "forgotten it where losses alone are told; of its discriminability and separability one minus these, so that "
        "0.5 asks for what networks without the class have, and a little more makes up for what comes out short",
    )
    retain: list[Fraction] = Field(
        [0.3],
        min_length=1,
        description="quantiles of how good the networks are that prompts ask for, 0 the best; of prompts that are not "
        "`conditional`, of a retained class's losses over checkpoints that know it, and one minus these of the others",
    )


class SelectionConfig(Section):
    """Which of the sampled networks is handed over."""

    rule: Literal["lowest-forget", "highest-retain", "retrained-level"] = Field(
        "lowest-forget",
        description="`lowest-forget`: lowest accuracy on the forget set, then highest on the retain set "
        "(thesis); `highest-retain`: highest on the retain set among those with at most "
        "`tolerance` on the forget set; `retrained-level`: of these, among those at most `margin` below the "
        "highest on the retain set, the one that tells forgotten classes as well as networks that never saw "
        "them do",
    )
    tolerance: Fraction = Field(0.0, description="accuracy on the forget set that the last two rules allow")
    margin: Fraction = Field(0.02, description="accuracy on the retain set that `retrained-level` gives up")


class TradeOffConfig(Section):
    """The figure of what is kept against what is hidden as prompts vary; all else is as for requests."""

    forget: list[Fraction] = Field(
        [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98],
        min_length=1,
        description="quantiles that take the place of `prompts.forget`",
    )
    networks: Count = Field(
        8, description="random starts, or trained networks that are edited at the most, for each quantile"
    )


class ProbeConfig(Section):
    """How prompt alignment is measured (thesis, section 3.2)."""

    prompts: Whole = Field(20, ge=3, description="evenly spaced target losses a class")
    networks: Count = Field(2, description="networks each, of seen and of unseen starts")
    range: tuple[Fraction, Fraction] = Field(
        (0.05, 0.9), description="quantiles of a class's losses between which prompts are spaced"
    )


class OptimizersConfig(Section):
    """How hypernetworks that read a start are compared, as learned optimisers, with SGD and Adam."""

    networks: Count = Field(16, description="unseen random initialisations that every optimiser starts from")
    updates: Count = Field(
        5, description="updates in a row by a hypernetwork: each network that it samples is its next start"
    )
    best: float = Field(
        0.01,
        gt=0,
        le=1,
        description="share of checkpoints, those with the lowest mean loss, whose median performance a "
        "hypernetwork is asked for",
    )
    sgd_learning_rates: list[Positive] = Field(
        [0.1],
        max_length=4,
        description="learning rates of SGD, compared beside a task's recipe of Adam; without momentum and L2 penalty",
    )
    adam_learning_rates: list[Positive] = Field(
        [0.001, 0.01],
        max_length=4,
        description="learning rates of Adam, compared beside a task's recipe of SGD; without L2 penalty",
    )


class EvaluationConfig(Section):
    """What is measured on the test split."""

    membership_networks: Count = Field(
        32, description="networks of a population that membership inference attacks at the most"
    )
    recovery_networks: Count = Field(
        16, description="networks of a population in which forgotten classes are tried to be brought back at the most"
    )


class Config(Section):
    """The whole configuration."""

    protocol: Protocol = Field(
        "validation",
        description="the split that conditions, admits and selects: `validation`, or `thesis` for the test "
        "split, as the thesis did",
    )
    seeds: list[Seed] = Field(
        [0],
        min_length=1,
        description="seeds of everything random: the first is that of all tables and figures, and of how images are "
        "split; all but the split is done again for each further one, and a table says what changes",
    )
    store: FilePath = Field("results/store", description="folder of the artifact store")
    reuse: bool = Field(
        True, description="whether results that the store knows are restored; `false` computes them again and compares"
    )
    tasks: dict[Name, TaskConfig] = Field(min_length=1, description="tasks by name")
    models: dict[Name, ModelConfig] = Field(
        {"dihyfo-1": ModelConfig(), "dihyfo-2": ModelConfig()},
        min_length=1,
        description="hypernetworks by name; several may share a conditioning, to compare their settings",
    )
    rivals: list[Rival] = Field(
        list(DEFAULT_RIVALS),
        description="methods without a hypernetwork; by default a stored checkpoint, lowered output biases, masked "
        "outputs, and finetuning on retained images; docs/methods.md describes all",
    )
    methods: dict[Name, OwnFunction] = Field(
        {},
        description="methods of your own by name, which edit trained networks as the rivals do: the function is given "
        "an `Assignment` (hyperforget/unlearning/assignment.py) and the settings, and returns `Networks`",
    )
    metrics: dict[Name, OwnMetric] = Field(
        {},
        description="metrics of your own by name: the function is given the `Answers` of networks on the images "
        "of a set (hyperforget/metrics/own_metrics.py) and the settings, and returns a number a network",
    )
    audit: list[AuditMetric] = Field(
        [],
        description="further built-in metrics, which take seconds a method and are told by `hyperforget explain`: they "
        "are measured of every method, and of the originals, and stand in `results/metrics.csv` beside the others",
    )
    prompts: PromptConfig = PromptConfig()
    selection: SelectionConfig = SelectionConfig()
    trade_off: TradeOffConfig = TradeOffConfig()
    probe: ProbeConfig = ProbeConfig()
    optimizers: OptimizersConfig = OptimizersConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    hardware: HardwareConfig = HardwareConfig()

    @property
    def repetitions(self) -> dict[str, tuple[str, int]]:
        """What is done again: the name in paths of each task with each further seed, and both of these."""
        return {f"{task}-seed-{seed}": (task, seed) for task in self.tasks for seed in self.seeds[1:]}

    def repeated(self, name: str) -> tuple[str, int]:
        """The task, by its name in the configuration, and the seed that a name in paths stands for."""
        return self.repetitions.get(name, (name, self.seeds[0]))

    def conditioning(self, model: str) -> str:
        """What a model is told, one of `CONDITIONING_NAMES`."""
        return self.models[model].conditioning or model

    def performance(self, model: str) -> Performance:
        """What a model is told of a network, and asked for."""
        if self.conditioning(model) != "gpt":
            first, *also = self.models[model].told
            return Performance(first, also=tuple(also))
        metric, label = self.models[model].metric, self.models[model].metric_class
        return Performance(metric, "mean" if label is None else label)

    @property
    def learned_optimizers(self) -> list[str]:
        """The models that read a start, so that what they sample can be the next one."""
        return [name for name in self.models if reads_start(self.conditioning(name))]

    @property
    def generators(self) -> list[str]:
        """The models that forget on demand; G.pt forgets no class."""
        return [name for name in self.models if self.conditioning(name) != "gpt"]

    def own_method(self, method: str) -> OwnFunction | None:
        """The user's own function behind a method, on strangers too; None of all others."""
        return self.methods.get(Method.parse(method).base)

    @property
    def all_methods(self) -> list[Method]:
        """Every producer of unlearned networks, in the order of the tables."""
        sampled = [
            method
            for name in self.generators
            for method in (Method(name), Method(name, edits=True))
            if not method.edits or reads_start(self.conditioning(name))
        ]
        return [*sampled, *(Method.parse(name) for name in (RETRAINED, *self.rivals, *self.methods))]

    def stranger_methods(self, task: str) -> list[Method]:
        """The methods that edit strangers, of rivals one; none for a task that has no strangers."""
        if not self.tasks[self.repeated(task)[0]].strangers.count:
            return []
        spared = {rival for rival in EDITING_RIVALS if rival != ON_STRANGERS}
        return [method.strangers() for method in self.all_methods if method.edits and method.base not in spared]

    def methods_on(self, task: str) -> list[Method]:
        """Every method of a task, those on strangers last."""
        return [*self.all_methods, *self.stranger_methods(task)]
