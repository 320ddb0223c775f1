"""Every key of the configuration with its default, unit, bounds and meaning."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from hyperforget.config.performance import Performance

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


def _no_flag(value: object) -> object:
    """Pydantic would take ``true`` for 1; numbers written as text, as command lines give them, are welcome."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "input should be a valid integer")
    return value


Whole = Annotated[int, BeforeValidator(_no_flag)]
Count = Annotated[int, BeforeValidator(_no_flag), Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

RETRAINED = "retrained"
LOOKUP = "nearest"
MAIN_CORPUS = "corpus"
EDIT = "-edit"
STRANGERS = "-strangers"
CONDITIONING_NAMES = ("gpt", "dihyfo-1", "dihyfo-2")


class Section(BaseModel):
    """A block of the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False)


class DatasetConfig(Section):
    """Where images and labels come from, and how they are split."""

    source: Literal["digits", "torchvision", "npz"] = Field(
        "digits",
        description="`digits`: scikit-learn's 1,797 embedded images of 8 x 8 pixels; `torchvision`: a set "
        "with a train and a test part; `npz`: a file with arrays `images` and `labels` (and `test_images`, "
        "`test_labels`)",
    )
    path: str | None = Field(None, description="the file of source `npz`")
    name: str = Field(
        "MNIST", description="class name of source `torchvision`, such as MNIST or FashionMNIST"
    )
    root: str | None = Field(
        None,
        description="folder of source `torchvision`; without one the environment variable "
        "`HYPERFORGET_DATA`, else `data`",
    )
    download: bool = Field(
        True, description="whether source `torchvision` may download what the folder lacks"
    )
    test: Share = Field(
        0.25, description="share of each class for the test split, where the source has none of its own"
    )
    validation: Share = Field(0.25, description="share of each class of the rest for the validation split")


class UpdateConfig(Section):
    """How a main network is initialised and updated."""

    optimizer: Literal["sgd", "adam"] = Field(
        "sgd",
        description="`sgd`: stochastic gradient descent; `adam`: Adam with the betas and epsilon that are torch's "
        "defaults",
    )
    initialisation: Literal["uniform", "kaiming", "xavier"] = Field(
        "uniform",
        description="`uniform`: as `torch.nn.Linear`; `kaiming`: Kaiming normal weights for ReLU, zero biases; "
        "`xavier`: Xavier uniform weights, zero biases",
    )
    learning_rate: Positive = Field(0.1, description="constant learning rate")
    momentum: Fraction = Field(0.0, description="momentum of `sgd`")
    weight_decay: float = Field(
        0.01,
        ge=0,
        description="L2 penalty; without one, a network that fits its data has no gradient left to forget "
        "with",
    )


class RecipeConfig(UpdateConfig):
    """How every main network is trained, on the cross-entropy."""

    steps: Count = Field(1000, description="steps of the original and the retrained networks")
    batch_size: Count = Field(64, description="images of a minibatch that all networks share")
    share: Fraction = Field(0.5, description="chance that a network draws an image of the shared minibatch")

    @property
    def description(self) -> str:
        """What makes the recipe, in words."""
        return (
            f"{self.initialisation} initialisation, {self.steps} steps of {self.optimizer} with learning rate "
            f"{self.learning_rate:g} and weight decay {self.weight_decay:g}"
        )


class StrangerRecipeConfig(UpdateConfig):
    """How strangers are trained."""

    optimizer: Literal["sgd", "adam"] = Field("adam", description="as `recipe.optimizer`")
    initialisation: Literal["uniform", "kaiming", "xavier"] = Field(
        "kaiming", description="as `recipe.initialisation`"
    )
    learning_rate: Positive = Field(0.001, description="constant learning rate")
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty")
    steps: Count = Field(4000, description="steps; at this learning rate Adam needs thousands")
    batch_size: Count | None = Field(
        None, description="images of a minibatch that all strangers share; without it, that of `recipe`"
    )


class StrangersConfig(Section):
    """Networks trained otherwise than the corpus, to see what editing does to them."""

    count: Whole = Field(8, ge=0, description="strangers; 0 for none, and no table of them")
    recipe: StrangerRecipeConfig = StrangerRecipeConfig()


class CollectionConfig(Section):
    """Optimisation and de-optimisation runs, and which of their checkpoints are kept (thesis, section
    3.3.1).
    """

    runs: Count = Field(4000, description="training runs in all")
    shards: Count = Field(2, description="jobs that the runs are divided among")
    steps: Count = Field(1500, description="steps of a run; more than `recipe.steps` leaves time to forget")
    checkpoints: Count = Field(8, description="checkpoints kept of a run at the most, beside its start")
    reviews: Count = Field(30, description="steps at which runs may be reviewed, evenly spaced")
    reviews_per_run: Positive = Field(8.0, description="expected number of them at which a run is reviewed")
    review_schedule: Literal["uniform", "early", "ends"] = Field(
        "early",
        description="where reviews fall: `uniform`; `early`: after the start and after a deletion (second "
        "proof of concept); `ends`: first and last steps (DiHyFo-2's corpus)",
    )
    starts: Literal["random", "shared"] = Field(
        "random", description="`random`: an own initialisation a run; `shared`: one for all"
    )
    deoptimisation: Fraction = Field(
        0.6, description="share of runs that delete classes on the way; the others undersample"
    )
    switch: tuple[Fraction, Fraction] = Field(
        (0.3, 0.75), description="range of the point of deletion, as shares of `steps`"
    )
    undersampling: list[Fraction] = Field(
        [0.0, 0.02, 0.1, 0.3],
        min_length=1,
        description="rates drawn for the undersampled classes of an optimisation run",
    )
    learning_rates: tuple[Positive, Positive] = Field(
        (0.7, 1.4), description="range of the factor on the learning rate that a run draws"
    )
    recipes: list[UpdateConfig] = Field(
        [],
        description="ways to initialise and update, one of which each run draws; several teach a hypernetwork to edit "
        "networks that were trained otherwise; without any, that of `recipe`",
    )
    admission: Literal["bins", "relaxed"] = Field(
        "relaxed",
        description="`bins`: joint bins of the free classes' loss levels, capped, rarer ones preferred "
        "(figure 3.7); `relaxed`: accurate pivots suffice (second proof of concept)",
    )
    pivot_accuracy: Fraction = Field(0.8, description="γ: accuracy that each pivot class must reach")
    loss_levels: list[Positive] = Field(
        [0.25, 0.5, 1.0, 2.0, 4.0], min_length=1, description="bounds between loss levels, nats"
    )
    bin_cap: Fraction = Field(
        0.1, description="largest share of `runs` x `checkpoints` that one joint bin may take"
    )
    minimum_runs: Count = Field(
        200, description="fewest runs with an admitted checkpoint that a hypernetwork is trained on"
    )
    minimum_forgotten: Count = Field(
        20, description="fewest admitted checkpoints that must have forgotten a class (accuracy at most 0.01)"
    )

    def runs_of(self, shard: int) -> int:
        """How many of the runs belong to a shard; the first shards take what does not divide evenly."""
        return self.runs // self.shards + (shard < self.runs % self.shards)


class CorpusConfig(CollectionConfig):
    """A further corpus of a task: all keys of its `collection`, each with the value that it has there unless
    it is set here, and these.
    """

    models: list[str] = Field(
        min_length=1,
        description="the models that are trained on this corpus; all others, and `nearest`, use that of `collection`",
    )


class TaskConfig(Section):
    """A dataset, a main network and what is to be forgotten."""

    dataset: DatasetConfig = DatasetConfig()
    classes: list[Whole] = Field(min_length=2, description="labels of the dataset that the task keeps")
    hidden: list[Count] = Field(
        min_length=1, description="hidden units of each layer of the main network (ReLU between layers)"
    )
    pivots: list[Whole] = Field(
        min_length=1, description="classes that stay good in every checkpoint and are never forgotten"
    )
    forget: list[str] = Field(min_length=1, description="forget sets of the tables, e.g. `2-3`")
    holdout: list[str] = Field(
        [], description="forget sets that no checkpoint is collected for, and that are evaluated too"
    )
    recipe: RecipeConfig = RecipeConfig()
    collection: CollectionConfig = CollectionConfig()
    corpora: dict[Name, CorpusConfig] = Field({}, description="further corpora by name")
    originals: Count = Field(
        16, description="trained networks that editing methods start from; the first is edited for the tables"
    )
    retrained: Whole = Field(
        32,
        ge=2,
        description="networks retrained per forget set; the first is the reference, the rest the noise floor",
    )
    strangers: StrangersConfig = StrangersConfig()

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, values: Any) -> Any:
        """Give each further corpus what `collection` sets and it does not; faults of either keep their keys."""
        if not isinstance(values, Mapping):
            return values
        collection, corpora = values.get("collection"), values.get("corpora")
        if not isinstance(collection, Mapping) or not isinstance(corpora, Mapping):
            return values
        merged = {
            name: {**collection, **corpus} if isinstance(corpus, Mapping) else corpus
            for name, corpus in corpora.items()
        }
        return {**values, "corpora": merged}

    @property
    def collections(self) -> dict[str, CollectionConfig]:
        """What is collected for each corpus, by its name in paths: `corpus`, and `corpus-ends` for `corpora.ends`."""
        further = {f"{MAIN_CORPUS}-{name}": corpus for name, corpus in self.corpora.items()}
        return {MAIN_CORPUS: self.collection, **further}

    def corpus_of(self, model: str) -> str:
        """The corpus that a model is trained on, by its name in paths."""
        for name, corpus in self.corpora.items():
            if model in corpus.models:
                return f"{MAIN_CORPUS}-{name}"
        return MAIN_CORPUS

    def recipes_of(self, collection: CollectionConfig) -> list[RecipeConfig]:
        """The recipes that runs of one of the task's collections draw from."""
        own = self.recipe.model_dump()
        return [RecipeConfig(**(own | other.model_dump())) for other in collection.recipes] or [self.recipe]

    @property
    def stranger_recipe(self) -> RecipeConfig:
        """The recipe of strangers; what theirs leaves open is the task's."""
        return RecipeConfig(**(self.recipe.model_dump() | self.strangers.recipe.model_dump(exclude_none=True)))


class ArchitectureConfig(Section):
    """Size and shape of a hypernetwork."""

    tokens: Literal["layers", "units"] = Field(
        "units",
        description="`layers`: pieces of layers, with positions (thesis); `units`: one token a hidden unit, "
        "equivariant",
    )
    prompt: Literal["separate", "joint"] = Field(
        "joint",
        description="`separate`: one token a scalar (thesis); `joint`: one token for all, added to the "
        "others",
    )
    width: Count = Field(128, description="width of the tokens (thesis: 1536)")
    layers: Count = Field(4, description="transformer blocks (thesis: 12)")
    heads: Count = Field(4, description="attention heads (thesis: 16); must divide `width`")
    frequencies: Count = Field(16, description="frequencies that encode a scalar")
    largest_exponent: Positive = Field(4.0, description="the highest frequency is 2 to this power")


class TrainingConfig(Section):
    """How a hypernetwork is trained."""

    steps: Count = Field(2000, description="optimiser steps")
    batch_size: Count = Field(128, description="pairs of checkpoints a step")
    learning_rate: Positive = Field(
        1e-3, description="highest learning rate of AdamW, after warm-up and before cosine decay"
    )
    warmup: Whole = Field(100, ge=0, description="steps of linear warm-up")
    weight_decay: float = Field(0.01, ge=0, description="decoupled weight decay of AdamW")
    clip: Positive = Field(1.0, description="largest gradient norm")
    ema: Fraction = Field(0.995, description="decay of the moving average of weights that is sampled from")
    from_start: Fraction = Field(
        0.2, description="chance that a pair's earlier checkpoint is the run's random start"
    )
    pair_weighting: Literal["uniform", "relative"] = Field(
        "relative",
        description="`uniform`: every pair counts alike (thesis); `relative`: a pair's error counts "
        "relative to its change of parameters, without which edits of trained networks are "
        "hardly learned",
    )
    rebalance: bool = Field(
        False,
        description="whether wanted values are drawn evenly over their range, as prompts are, instead of as often as "
        "the corpus holds them; of several classes, evenly for one at a time",
    )
    loss_matching: float = Field(
        0.25,
        ge=0,
        description="weight of the error of a generated network's class losses on training images, beside that of its "
        "parameters (thesis: 0)",
    )
    matching_images: Count = Field(24, description="training images of each class a step for `loss_matching`")
    permute: bool = Field(
        False, description="permutation augmentation of hidden units (thesis); of no effect on `units` tokens"
    )
    unseen_runs: Fraction = Field(
        0.05, gt=0, lt=1, description="share of runs kept out of training, for the test curves"
    )
    snapshots: Count = Field(
        6, description="moments of training at which prompt alignment is measured, the end included"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="`auto`: bfloat16 autocast where the processor computes in it, else float32"
    )


class SamplingConfig(Section):
    """How networks are sampled for a forget set."""

    steps: Count = Field(
        10, description="evaluations of the hypernetwork a sample (1000 with `stochasticity` 1 is DDPM)"
    )
    stochasticity: Fraction = Field(0.0, description="η of DDIM: 0 deterministic, 1 ancestral")
    candidates: Count = Field(16, description="networks sampled for each prompt")


class EditingConfig(SamplingConfig):
    """How trained networks are edited for a forget set."""

    steps: Count = Field(1, description="evaluations of the hypernetwork an edit; one suffices")
    candidates: Count = Field(1, description="edits for each prompt and trained network")


class ModelConfig(Section):
    """A hypernetwork."""

    conditioning: Literal["gpt", "dihyfo-1", "dihyfo-2"] | None = Field(
        None,
        description="what it is told: `gpt` one number and a start, `dihyfo-1` the losses of all classes and a "
        "start, `dihyfo-2` the losses alone; without one, the model's name says it",
    )
    metric: Literal["loss", "error", "accuracy"] = Field(
        "loss",
        description="the number that `gpt` is told: `loss` in nats, `error` or `accuracy` as shares of images; "
        "the others are always told losses",
    )
    metric_class: Whole | None = Field(
        None,
        description="the class whose `metric` `gpt` is told; without one, the mean over classes",
    )
    process: Literal["ddpm", "flow"] = Field(
        "ddpm", description="`ddpm`: linear β, T = 1000 (thesis); `flow`: flow matching"
    )
    architecture: ArchitectureConfig = ArchitectureConfig()
    training: TrainingConfig = TrainingConfig()
    sampling: SamplingConfig = SamplingConfig()
    editing: EditingConfig = EditingConfig()


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
        description="`lowest-forget`: lowest accuracy on the forget set, then highest on the retain set "
        "(thesis); `highest-retain`: highest on the retain set among those with at most "
        "`tolerance` on the forget set",
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
        description="share of checkpoints, those with the lowest mean loss, whose median performance a hypernetwork is "
        "asked for",
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

    protocol: Literal["validation", "thesis"] = Field(
        "validation",
        description="the split that conditions, admits and selects: `validation`, or `thesis` for the test "
        "split, as the thesis did",
    )
    seed: Whole = Field(0, ge=0, description="seed of everything random")
    store: str = Field("results/store", description="folder of the artifact store")
    reuse: bool = Field(
        True,
        description="whether results that the store knows are restored; `false` computes them again and compares",
    )
    tasks: dict[Name, TaskConfig] = Field(min_length=1, description="tasks by name")
    models: dict[Name, ModelConfig] = Field(
        {"dihyfo-1": ModelConfig(), "dihyfo-2": ModelConfig()},
        min_length=1,
        description="hypernetworks by name; several may share a conditioning, to compare their settings",
    )
    rivals: list[Literal["nearest", "bias"]] = Field(
        ["nearest", "bias"],
        description="methods without a hypernetwork: a stored checkpoint, a lowered output bias",
    )
    prompts: PromptConfig = PromptConfig()
    selection: SelectionConfig = SelectionConfig()
    probe: ProbeConfig = ProbeConfig()
    optimizers: OptimizersConfig = OptimizersConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

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
    def methods(self) -> list[str]:
        """Every producer of unlearned networks, in the order of the tables; G.pt forgets no class."""
        generators = [name for name in self.models if self.conditioning(name) != "gpt"]
        sampled = [
            [name, name + EDIT] if reads_start(self.conditioning(name)) else [name] for name in generators
        ]
        return [*(method for group in sampled for method in group), RETRAINED, *self.rivals]

    @property
    def editing_methods(self) -> list[str]:
        """The methods that start from trained networks."""
        return [
            method
            for method in self.methods
            if method.endswith(EDIT) or (method in self.rivals and method != LOOKUP)
        ]

    def stranger_methods(self, task: str) -> list[str]:
        """The methods that edit strangers; none for a task that has no strangers."""
        has_strangers = self.tasks[task].strangers.count > 0
        return [method + STRANGERS for method in self.editing_methods if has_strangers]


def dataset_root(dataset: DatasetConfig) -> Path:
    """The folder that torchvision's datasets lie in."""
    return Path(dataset.root or os.environ.get("HYPERFORGET_DATA", "data"))


def collection_key(task: str, corpus: str) -> str:
    """The key that says what is collected for a corpus, which goes by its name in paths."""
    if corpus == MAIN_CORPUS:
        return f"tasks.{task}.collection"
    return f"tasks.{task}.corpora.{corpus.removeprefix(f'{MAIN_CORPUS}-')}"


def reads_start(conditioning: str) -> bool:
    """Whether a hypernetwork reads start parameters, so that it can edit a trained network."""
    return conditioning != "dihyfo-2"
