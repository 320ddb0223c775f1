"""The whole configuration, and the sections that are about no single task or model."""

from typing import Literal, get_args

from pydantic import Field

from hyperforget.config.base import Count, Fraction, Name, Positive, Section, Whole
from hyperforget.config.hardware import HardwareConfig
from hyperforget.config.methods import RETRAINED, RIVALS, Method, Rival
from hyperforget.config.models import ModelConfig, reads_start
from hyperforget.config.performance import Performance
from hyperforget.config.tasks import TaskConfig

Protocol = Literal["validation", "thesis"]
PROTOCOLS: tuple[str, ...] = get_args(Protocol)


class PromptConfig(Section):
    """The grid of prompts: quantiles of the losses that the corpus holds."""

    forget: list[Fraction] = Field(
        [0.3, 0.5, 0.7, 0.9],
        min_length=1,
        description="quantiles of a forgotten class's losses, over checkpoints that have forgotten it",
    )
    retain: list[Fraction] = Field(
        [0.1, 0.3, 0.5],
        min_length=1,
        description="quantiles of a retained class's losses, over checkpoints that know it",
    )


class SelectionConfig(Section):
    """Which of the sampled networks is handed over."""

    rule: Literal["lowest-forget", "highest-retain"] = Field(
        "lowest-forget",
        description="`lowest-forget`: lowest accuracy on the forget set, then highest on the retain set (thesis); "
        "`highest-retain`: highest on the retain set among those with at most `tolerance` on the forget set",
    )
    tolerance: Fraction = Field(0.0, description="accuracy on the forget set that `highest-retain` allows")


class ProbeConfig(Section):
    """How prompt alignment is measured (thesis, section 3.2)."""

    prompts: Whole = Field(20, ge=3, description="evenly spaced target losses a class")
    networks: Count = Field(4, description="networks each, of seen and of unseen starts")
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


class Config(Section):
    """The whole configuration."""

    protocol: Protocol = Field(
        "validation",
        description="the split that conditions, admits and selects: `validation`, or `thesis` for the test "
        "split, as the thesis did",
    )
    seed: Whole = Field(0, ge=0, description="seed of everything random")
    store: str = Field("results/store", description="folder of the artifact store")
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
        list(RIVALS), description="methods without a hypernetwork: a stored checkpoint, a lowered output bias"
    )
    prompts: PromptConfig = PromptConfig()
    selection: SelectionConfig = SelectionConfig()
    probe: ProbeConfig = ProbeConfig()
    optimizers: OptimizersConfig = OptimizersConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    hardware: HardwareConfig = HardwareConfig()

    def conditioning(self, model: str) -> str:
        """What a model is told, one of `CONDITIONING_NAMES`."""
        return self.models[model].conditioning or model

    def performance(self, model: str) -> Performance:
        """What a model is told of a network, and asked for."""
        if self.conditioning(model) != "gpt":
            return Performance()
        metric, label = self.models[model].metric, self.models[model].metric_class
        return Performance(metric, "mean" if label is None else label)

    @property
    def learned_optimizers(self) -> list[str]:
        """The models that read a start, so that what they sample can be the next one."""
        return [name for name in self.models if reads_start(self.conditioning(name))]

    @property
    def methods(self) -> list[Method]:
        """Every producer of unlearned networks, in the order of the tables; G.pt forgets no class."""
        generators = [name for name in self.models if self.conditioning(name) != "gpt"]
        sampled = [
            method
            for name in generators
            for method in (Method(name), Method(name, edits=True))
            if not method.edits or reads_start(self.conditioning(name))
        ]
        return [*sampled, *(Method.parse(name) for name in (RETRAINED, *self.rivals))]

    def stranger_methods(self, task: str) -> list[Method]:
        """The methods that edit strangers; none for a task that has no strangers."""
        has_strangers = self.tasks[task].strangers.count > 0
        return [method.strangers() for method in self.methods if method.edits and has_strangers]

    def methods_on(self, task: str) -> list[Method]:
        """Every method of a task, those on strangers last."""
        return [*self.methods, *self.stranger_methods(task)]
