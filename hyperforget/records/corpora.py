"""What a corpus holds: ``corpus-classes.csv``, ``corpus-forget-sets.csv`` and ``corpus-bins.csv``. Classes go by their
labels in the dataset.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ClassSummary:
    """Admitted checkpoints of one class; losses in nats, ``forgotten`` with an accuracy of at most 0.01.

    Of these, ``never_seen`` are of runs that never saw the class, and ``hidden`` tell it better than those do: their
    discriminability is above ``level``, the 97.5 percentile of theirs, None where there are none.
    """

    class_: int
    role: Literal["free", "pivot"]
    checkpoints: int
    forgotten: int
    never_seen: int
    hidden: int
    level: float | None
    lowest: float
    median: float
    highest: float


@dataclass(frozen=True)
class ForgetSummary:
    """Admitted checkpoints of runs that deleted, or never saw, exactly this set; some forgot all of it, and of these
    some hide a class of it, see `ClassSummary`. ``in_state`` are those of any run that know all classes but exactly
    these.
    """

    forget: str
    holdout: bool
    checkpoints: int
    forgotten: int
    hidden: int
    in_state: int


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
