"""What is known of a hypernetwork: ``history.csv`` of its training, and ``alignment.csv``, ``prompts.csv``,
``distribution.csv`` and ``optimizers.csv`` of what it does when asked.
"""

from dataclasses import dataclass
from typing import Literal

# What a number is about: a class that some runs forget, one that none forgets, or all classes together.
Role = Literal["free", "pivot", "all"]
# Whose random starts are asked for networks: those of runs that training saw, or of others.
Runs = Literal["seen", "unseen"]
# Whose values are counted: `DistributionRow` says what each word means.
Values = Literal["train", "rebalanced", "prompts"]
Optimizer = Literal["hypernetwork", "sgd", "adam"]


@dataclass(frozen=True)
class HistoryPoint:
    """Mean squared error in the model's space at one step, on fixed pairs of seen and of unseen runs."""

    step: int
    train_mse: float
    test_mse: float
    learning_rate: float


@dataclass(frozen=True)
class AlignmentRow:
    """Prompt alignment (R²) and correlation of a metric of one class, or ``all``, at one step, mean over networks."""

    step: int
    starts: Runs
    metric: str
    class_: str
    role: Role
    r_squared: float
    correlation: float


@dataclass(frozen=True)
class PromptRow:
    """One prompt of one network: target and observed performance of a class, in the metric's unit."""

    starts: Runs
    metric: str
    class_: str
    role: Role
    network: int
    target: float
    observed: float


@dataclass(frozen=True)
class DistributionRow:
    """Which share of some values lies between ``low`` and ``high``, in the metric's unit.

    ``values`` says of which: ``train``, the training set; ``rebalanced``, what training draws from it; ``prompts``,
    what the probe asks for.
    """

    metric: str
    class_: str
    role: Role
    values: Values
    low: float
    high: float
    share: float


@dataclass(frozen=True)
class OptimizerRow:
    """One network after a number of updates: mean loss over classes in nats, and accuracy.

    ``optimizer`` is ``hypernetwork``, which has no ``learning_rate``, or that of a recipe.
    """

    optimizer: Optimizer
    learning_rate: float | None
    update: int
    network: int
    loss: float
    accuracy: float
