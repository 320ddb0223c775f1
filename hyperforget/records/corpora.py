"""What a corpus holds: ``corpus-classes.csv``, ``corpus-forget-sets.csv`` and ``corpus-bins.csv``."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ClassSummary:
    """Admitted checkpoints of one class; losses in nats, ``forgotten`` with an accuracy of at most 0.01."""

    class_: int
    role: Literal["free", "pivot"]
    checkpoints: int
    forgotten: int
    lowest: float
    median: float
    highest: float


@dataclass(frozen=True)
class ForgetSummary:
    """Admitted checkpoints of runs that deleted, or never saw, exactly this set; some forgot all of it."""

    forget: str
    holdout: bool
    checkpoints: int
    forgotten: int


@dataclass(frozen=True)
class LevelCount:
    """Admitted and rejected checkpoints whose loss of a class lay between ``low`` and ``high`` nats.

    ``high`` is None where there is no bound. ``cap`` is the most that one joint bin takes; None under the relaxed rule.
    """

    class_: int
    low: float
    high: float | None
    cap: int | None
    admitted: int
    rejected: int
