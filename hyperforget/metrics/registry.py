"""The metrics of ``results/metrics.csv``, the sets of images of each, and which values are good."""

from dataclasses import dataclass
from typing import Literal

# A network that has forgotten is of use down to this much below the retrained median on the retain set.
USABLE_RETAIN_MARGIN = 0.05


@dataclass(frozen=True)
class Metric:
    """A metric and the sets of images that it is reported on.

    A ``paired`` metric compares a network with a retrained one. ``better`` says where good values lie; ``retrained``
    means close to the value of the retrained network.
    """

    name: str
    sets: tuple[str, ...]
    paired: bool
    better: Literal["higher", "lower", "retrained"]


_TEST_SETS = ("retain", "forget", "test")
_ACCURACY_SETS = (*_TEST_SETS, "retain-train", "forget-train")

_METRICS = (
    Metric("accuracy", _ACCURACY_SETS, paired=False, better="retrained"),
    Metric("overlap", _TEST_SETS, paired=True, better="higher"),
    Metric("activation_distance", _TEST_SETS, paired=True, better="lower"),
    Metric("phi", _TEST_SETS, paired=True, better="higher"),
    Metric("jsd", _TEST_SETS, paired=True, better="lower"),
    Metric("mia", ("forget-train",), paired=False, better="retrained"),
    Metric("mia_test", ("forget",), paired=False, better="retrained"),
    Metric("shift", ("forget",), paired=False, better="retrained"),
    Metric("auc", ("forget",), paired=False, better="retrained"),
    Metric("probe", ("forget",), paired=False, better="retrained"),
    Metric("relearn_10", ("forget",), paired=False, better="retrained"),
    Metric("relearn_50", ("forget",), paired=False, better="retrained"),
    Metric("usable_share", ("choice",), paired=False, better="higher"),
)

METRICS = {metric.name: metric for metric in _METRICS}
