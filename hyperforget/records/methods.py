"""What unlearned networks are worth and cost: ``metrics.csv``, ``costs.csv``, and of each forget set the candidates
and the confusion.
"""

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


@dataclass(frozen=True)
class CostRow:
    """A method that asks a hypernetwork, or a rival without one, on one task, in ``results/costs.csv``.

    Times are seconds of wall clock. ``collection_seconds`` and ``training_seconds`` are paid once, the first for all
    models of a task; ``request_seconds`` at each forget set and ``retrain_seconds``, of one network trained alone, at
    each forget set without a hypernetwork: medians over the forget sets. ``retrain_together_seconds`` is the share of
    one of ``networks_together`` that are trained at once. A rival stands as its own ``model``, has nothing trained for
    it, and only looking up needs a collection. ``break_even_requests`` is infinite where a request costs as much as a
    retrain. None is not known.
    """

    task: str
    model: str
    method: str
    collection_seconds: float
    training_seconds: float
    request_seconds: float | None
    retrain_seconds: float | None
    retrain_together_seconds: float | None
    networks_together: int | None
    break_even_requests: float | None
