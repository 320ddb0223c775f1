"""What unlearned networks are worth: ``metrics.csv``, and of each forget set the candidates and the confusion."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricRow:
    """One line of ``results/metrics.csv``.

    ``n`` counts the networks, or the pairs of networks, behind ``value``. Where it exceeds one, ``value`` is their
    median, ``low`` and ``high`` their 2.5 and 97.5 percentiles, the central 95 % of networks; for a single one, and for
    a share of networks, these are None. ``median_low`` to ``median_high`` is the 95 % interval of ``value`` itself,
    over networks and test images, for accuracies on retained and on forgotten test images, else None.
    """

    task: str
    method: str
    forget: str
    selection: str
    set: str
    metric: str
    value: float
    low: float | None
    high: float | None
    n: int
    median_low: float | None = None
    median_high: float | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Task, method, forget set, selection, set and metric, which no two rows of a file share."""
        return self.task, self.method, self.forget, self.selection, self.set, self.metric


@dataclass(frozen=True)
class CandidateRow:
    """One candidate network: its accuracies on the split that selects, and whether it was chosen."""

    method: str
    candidate: int
    start: int
    prompt: int
    forget_accuracy: float
    retain_accuracy: float
    chosen: bool


@dataclass(frozen=True)
class ConfusionRow:
    """Images that the retrained network (seed 0) calls ``retrained`` and the chosen network ``predicted``, by
    their labels in the dataset.
    """

    method: str
    set: str
    retrained: int
    predicted: int
    count: int
