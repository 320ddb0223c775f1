"""Every key of the configuration with its default, unit, bounds and meaning."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

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
EDIT = "-edit"
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


class RecipeConfig(Section):
    """How every main network is trained: stochastic gradient descent on the cross-entropy."""

    steps: Count = Field(1000, description="steps of the original and the retrained networks")
    batch_size: Count = Field(64, description="images of a minibatch that all networks share")
    share: Fraction = Field(0.5, description="chance that a network draws an image of the shared minibatch")
    learning_rate: Positive = Field(0.1, description="constant learning rate")
    momentum: Fraction = Field(0.0, description="momentum")
    weight_decay: float = Field(
        0.01,
        ge=0,
        description="L2 penalty; without one, a network that fits its data has no gradient left to forget "
        "with",
    )


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
        (0.7, 1.4), description="range of the factor on `recipe.learning_rate` that a run draws"
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
    originals: Count = Field(
        16, description="trained networks that editing methods start from; the first is edited for the tables"
    )
    retrained: Whole = Field(
        32,
        ge=2,
        description="networks retrained per forget set; the first is the reference, the rest the noise floor",
    )


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

    steps: Count = Field(2400, description="optimiser steps")
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
    evaluation: EvaluationConfig = EvaluationConfig()

    def conditioning(self, model: str) -> str:
        """What a model is told, one of `CONDITIONING_NAMES`."""
        return self.models[model].conditioning or model

    @property
    def methods(self) -> list[str]:
        """Every producer of unlearned networks, in the order of the tables; G.pt forgets no class."""
        generators = [name for name in self.models if self.conditioning(name) != "gpt"]
        sampled = [
            [name, name + EDIT] if reads_start(self.conditioning(name)) else [name] for name in generators
        ]
        return [*(method for group in sampled for method in group), RETRAINED, *self.rivals]


def dataset_root(dataset: DatasetConfig) -> Path:
    """The folder that torchvision's datasets lie in."""
    return Path(dataset.root or os.environ.get("HYPERFORGET_DATA", "data"))


def reads_start(conditioning: str) -> bool:
    """Whether a hypernetwork reads start parameters, so that it can edit a trained network."""
    return conditioning != "dihyfo-2"
