"""The numbers that the thesis printed: its tables 3.1 to 3.4 (section 3.5), and how ours compare with them.

The thesis chose its networks on the test set, by accuracy, and measured them against one retrained network for
each forget set.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hyperforget.config.methods import RETRAINED
from hyperforget.metrics.registry import METRICS
from hyperforget.report.tables.model import Label, Published, Verdict, text

_DECIMALS = 4
# Beside another study, whose retrained networks are not ours, the thesis' plain reading: retain and forget.
_ACCURACY_BETTER = {"retain": "higher", "forget": "lower"}


@dataclass(frozen=True)
class Entry:
    """Which number of a table: one metric of one method, for a forget set of a task, on one set of images."""

    task: str
    method: str
    forget: str
    metric: str
    set: str


@dataclass(frozen=True)
class ThesisTable:
    """One table as printed: ``rows`` by metric and set, their values in the order of ``columns``.

    ``columns`` are methods and forget sets.
    """

    number: str
    task: str
    columns: tuple[tuple[str, str], ...]
    rows: Mapping[tuple[str, str], tuple[float, ...]]


_MNIST_4 = ("2", "2-3")
_MNIST = ("2", "2-3-4", "0-1-2-3-4")
_UNLEARNED = ("dihyfo-1", "dihyfo-2")
_ALL = (*_UNLEARNED, RETRAINED)


def _columns(methods: tuple[str, ...], forget_sets: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((method, forget) for method in methods for forget in forget_sets)


TABLES = (
    ThesisTable(
        number="3.1",
        task="mnist-4",
        columns=_columns(_ALL, _MNIST_4),
        rows={
            ("accuracy", "retain"): (0.9838, 0.9967, 0.9844, 0.9995, 0.9938, 0.9991),
            ("accuracy", "forget"): (0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000),
            ("mia", "forget-train"): (0.6310, 0.6338, 0.4432, 0.3994, 0.4171, 0.3398),
        },
    ),
    ThesisTable(
        number="3.2",
        task="mnist-4",
        columns=_columns(_UNLEARNED, _MNIST_4),
        rows={
            ("overlap", "retain"): (0.9851, 0.9967, 0.9854, 0.9995),
            ("overlap", "forget"): (0.3499, 0.6812, 0.6657, 0.7988),
            ("overlap", "test"): (0.8270, 0.8411, 0.9062, 0.9008),
            ("activation_distance", "test"): (0.4467, 0.3597, 0.1657, 0.1555),
            ("phi", "test"): (0.8537, 0.9272, 0.9630, 0.9723),
        },
    ),
    ThesisTable(
        number="3.3",
        task="mnist",
        columns=_columns(_ALL, _MNIST),
        rows={
            ("accuracy", "retain"): (0.9110, 0.9411, 0.9362, 0.7281, 0.9460, 0.9519, 0.9193, 0.9479, 0.9504),
            ("accuracy", "forget"): (0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000),
            ("mia", "forget-train"): (0.3376, 0.3992, 0.4379, 0.3604, 0.3241, 0.3270, 0.3562, 0.3406, 0.3798),
        },
    ),
    ThesisTable(
        number="3.4",
        task="mnist",
        columns=_columns(_UNLEARNED, _MNIST),
        rows={
            ("overlap", "retain"): (0.9160, 0.9641, 0.9560, 0.7197, 0.9386, 0.9506),
            ("overlap", "forget"): (0.5731, 0.7946, 0.7891, 0.4035, 0.7067, 0.6331),
            ("overlap", "test"): (0.8807, 0.9128, 0.8703, 0.6868, 0.8684, 0.7875),
            ("activation_distance", "test"): (0.1760, 0.1282, 0.1715, 0.9508, 0.1878, 0.2928),
            ("phi", "test"): (0.9876, 0.9952, 0.9943, 0.4124, 0.9852, 0.9535),
        },
    ),
)

PUBLISHED = {
    Entry(table.task, method, forget, metric, set_): value
    for table in TABLES
    for (metric, set_), values in table.rows.items()
    for (method, forget), value in zip(table.columns, values, strict=True)
}


def compare(entry: Entry, ours: float, retrained: float) -> Published | None:
    """Our value of an entry beside the published one, or None where there is none.

    ``retrained`` is the same number of our retrained network, the target of some metrics.
    """
    published = PUBLISHED.get(entry)
    if published is None:
        return None
    better = _ACCURACY_BETTER[entry.set] if entry.metric == "accuracy" else METRICS[entry.metric].better
    if entry.method == RETRAINED:
        # The yardstick itself is not judged.
        gain = math.nan
    elif better == "higher":
        gain = ours - published
    elif better == "lower":
        gain = published - ours
    else:
        target = PUBLISHED.get(replace(entry, method=RETRAINED), math.nan)
        gain = abs(published - target) - abs(ours - retrained)
    return Published(published, ours - published, _verdict(gain))


def published_note(task: str, metrics: Sequence[str]) -> Label:
    """What the caption of a table with published values says about them."""
    number = next(
        table.number for table in TABLES if table.task == task and any(metric in metrics for metric, _ in table.rows)
    )
    nearer = " (MIA: nearer to the retrained network of its study)"
    has_target = any(METRICS[metric].better == "retrained" for metric in metrics)
    return text(
        f" Small: the thesis, table {number}, and ours minus it: ✓ better{nearer if has_target else ''}, = level, "
        "✗ worse; it selected on the test set, against one retrained network."
    )


def _verdict(gain: float) -> Verdict | None:
    if math.isnan(gain):
        return None
    # Level to the decimals that the thesis printed: it says no more.
    rounded = round(gain, _DECIMALS)
    return "level" if rounded == 0 else "better" if rounded > 0 else "worse"
