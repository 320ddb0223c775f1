"""What an audit comes to: of each criterion, a metric on a set of images, how networks of methods stand by it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CriterionRow:
    """One method by one criterion, of ``audit-{forget}-criteria.csv``.

    ``value`` is the median over ``n`` networks, or that of all together, and ``low`` to ``high`` its 95 % interval;
    ``difference`` is it less that of retrained networks, with its 95 % interval. ``spread_low`` to ``spread_high`` are
    the central 95 % of networks, None of what only all together have.
    """

    task: str
    forget: str
    metric: str
    set: str
    method: str
    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    spread_low: float | None
    spread_high: float | None
    n: int

    @property
    def criterion(self) -> tuple[str, str]:
        """The metric and the set of images."""
        return self.metric, self.set


@dataclass(frozen=True)
class ComparisonRow:
    """A ``method`` against a ``rival`` by one criterion, of ``audit-{forget}-comparisons.csv``: ``gain`` is how much
    nearer to retrained networks it is, in the unit of the metric, below 0 where it is farther, with its 95 % interval.
    """

    task: str
    forget: str
    metric: str
    set: str
    method: str
    rival: str
    gain: float
    low: float
    high: float

    @property
    def criterion(self) -> tuple[str, str]:
        """The metric and the set of images."""
        return self.metric, self.set


@dataclass(frozen=True)
class JudgedRow:
    """One criterion, judged on networks of which it is known what they know, of ``audit-{forget}-judged.csv``: the
    chance that an original network, and that one with lowered biases, is farther from retrained networks than one of
    these, with 95 % intervals; None without the rival `bias`.
    """

    task: str
    forget: str
    metric: str
    set: str
    originals: float
    originals_low: float
    originals_high: float
    hidden: float | None
    hidden_low: float | None
    hidden_high: float | None

    @property
    def criterion(self) -> tuple[str, str]:
        """The metric and the set of images."""
        return self.metric, self.set
