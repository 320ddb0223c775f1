"""Sections of a hypernetwork: what it is told, its shape, its training and its sampling."""

from typing import Literal

from pydantic import Field

from hyperforget.config.base import Count, Fraction, Positive, Section, Size, Whole

CONDITIONING_NAMES = ("gpt", "dihyfo-1", "dihyfo-2")


class ArchitectureConfig(Section):
    """Size and shape of a hypernetwork."""

    space: Literal["weights", "subspace"] = Field(
        "weights",
        description="what noise is added to: `weights`: all parameters, denoised by a transformer on tokens "
        "(thesis); `subspace`: coefficients of principal components of the corpus, denoised by a residual "
        "perceptron; for a corpus of shared starts",
    )
    components: Size = Field(256, description="principal components of `subspace`")
    tokens: Literal["layers", "units"] = Field(
        "units",
        description="of `weights`; `layers`: pieces of layers, with positions (thesis); `units`: one token "
        "a hidden unit, equivariant",
    )
    prompt: Literal["separate", "joint"] = Field(
        "joint",
        description="of `weights`; `separate`: one token a scalar (thesis); `joint`: one token for all, "
        "added to the others",
    )
    width: Size = Field(
        128,
        description="width of the tokens (thesis: 1536), or of the perceptron, better no narrower than `components`",
    )
    layers: Count = Field(4, le=1000, description="blocks of the transformer (thesis: 12) or of the perceptron")
    heads: Count = Field(4, description="of `weights`; attention heads (thesis: 16), which must divide `width`")
    activation: Literal["gelu", "gelu-tanh"] = Field(
        "gelu",
        description="of every block; `gelu`: exact, and on processors in a third of the time of `gelu-tanh`, the "
        "approximation of GPT-2 (thesis)",
    )
    compressed: bool = Field(
        True,
        description="whether what is told is compressed, log(1 + value), as differences matter most where it is small "
        "(thesis: false)",
    )
    frequencies: Size = Field(16, description="frequencies that encode a scalar")
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
    second_moment_decay: Fraction = Field(
        0.99, lt=1, description="decay of AdamW's average of squared gradients, β₂ (G.pt: 0.999)"
    )
    clip: Positive = Field(1.0, description="largest gradient norm")
    ema: Fraction = Field(0.995, description="decay of the moving average of weights that is sampled from")
    from_start: Fraction = Field(0.2, description="chance that a pair's earlier checkpoint is the run's random start")
    pair_weighting: Literal["uniform", "relative"] = Field(
        "relative",
        description="`uniform`: every pair counts alike (thesis); `relative`: a pair's error counts relative to its "
        "change of parameters, without which edits of trained networks are hardly learned",
    )
    rebalance: bool = Field(
        False,
        description="whether wanted values are drawn evenly over their range, as prompts are, instead of as "
        "often as the corpus holds them; of several classes, evenly for one at a time",
    )
    loss_matching: float = Field(
        0.25,
        ge=0,
        description="weight of the error of a generated network's class losses on training images, beside "
        "that of its parameters (thesis: 0)",
    )
    discriminability_matching: float = Field(
        0.25,
        ge=0,
        description="weight of the errors of its classes' discriminability and separability, where the model is "
        "told them: without it, a generated network hides classes instead of forgetting them (thesis: 0)",
    )
    recombined: Fraction = Field(
        0.25,
        description="share of a batch that is asked for losses put together, class by class, from two "
        "checkpoints: prompts that no checkpoint answers, learned by `loss_matching` alone; of no effect "
        "without it, and on `gpt` (thesis: 0)",
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


class SolverConfig(Section):
    """How a hypernetwork is evaluated to sample a network."""

    steps: Count = Field(
        10, description="evaluations of the hypernetwork a sample (1000 with `stochasticity` 1 is DDPM)"
    )
    stochasticity: Fraction = Field(0.0, description="η of DDIM: 0 deterministic, 1 ancestral")


class SamplingConfig(SolverConfig):
    """How networks are sampled for a forget set."""

    candidates: Count = Field(32, description="networks sampled for each prompt")
    rounds: Count = Field(
        1,
        description="rounds of sampling, each from what the one before it gave; more than one only of models that read "
        "a start",
    )


class EditingConfig(SamplingConfig):
    """How trained networks are edited for a forget set."""

    steps: Count = Field(1, description="evaluations of the hypernetwork an edit; one suffices")
    candidates: Count = Field(1, description="edits for each prompt and trained network")
    rounds: Count = Field(
        2,
        description="rounds of edits, each of what the one before it gave; networks that were trained otherwise than "
        "the corpus need several",
    )
    offered: Literal["last", "all"] = Field(
        "last", description="whether the edits of the `last` round, or those of `all`, are offered to choose from"
    )


class ModelConfig(Section):
    """A hypernetwork."""

    conditioning: Literal["gpt", "dihyfo-1", "dihyfo-2"] | None = Field(
        None,
        description="what it is told: `gpt` one number and a start, `dihyfo-1` what `told` says of all classes and a "
        "start, `dihyfo-2` that alone; without one, the model's name says it",
    )
    told: list[Literal["loss", "discriminability", "separability"]] = Field(
        ["loss", "discriminability", "separability"],
        min_length=1,
        max_length=3,
        description="what all but `gpt` are told, and asked for, of each class: its `loss` in nats (thesis: "
        "`[loss]`), and its `discriminability`, how well outputs tell it from the others whatever they answer, "
        "and its `separability`, how well hidden units do; told losses alone, generated networks hide what they "
        "should forget",
    )
    metric: Literal["loss", "error", "accuracy"] = Field(
        "loss",
        description="the number that `gpt` is told: `loss` in nats, `error` or `accuracy` as shares of images",
    )
    metric_class: Whole | None = Field(
        None, description="the class, by its label, whose `metric` `gpt` is told; without one, the mean over classes"
    )
    process: Literal["ddpm", "flow"] = Field(
        "flow", description="`ddpm`: linear β, T = 1000 (thesis); `flow`: flow matching"
    )
    architecture: ArchitectureConfig = ArchitectureConfig()
    training: TrainingConfig = TrainingConfig()
    sampling: SamplingConfig = SamplingConfig()
    editing: EditingConfig = EditingConfig()


def reads_start(conditioning: str) -> bool:
    """Whether a hypernetwork reads start parameters, so that it can edit a trained network."""
    return conditioning != "dihyfo-2"
