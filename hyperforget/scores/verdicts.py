"""Scores in words: what is as in retrained networks, and what that says of forgotten and of retained classes."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hyperforget.forget_set import FORGOTTEN_ACCURACY, ForgetSet
from hyperforget.metrics.knowledge import DECISIVE, Knowledge, is_above, knowledge
from hyperforget.metrics.registry import Metric
from hyperforget.records.methods import MetricRow

ABOVE, BELOW, LEVEL, FARTHER = "above retrained", "below retrained", "as retrained", "farther than retrained"


@dataclass(frozen=True)
class Verdict:
    """What networks know of the forgotten classes, and whether they keep the others as retrained networks do, None
    where that is not known; and both as a ``sentence``.
    """

    knowledge: Knowledge | None
    keeps: bool | None
    sentence: str


def word_on(metric: Metric, images: str, value: float, retrained: MetricRow | None) -> str:
    """Where a value lies beside the central 95 % of ``retrained`` networks, or of pairs of them; empty where that says
    nothing.
    """
    if (metric.name, images) == ("accuracy", "forget"):
        return "forgotten" if value <= FORGOTTEN_ACCURACY else "answered"
    if retrained is None or retrained.low is None or retrained.high is None:
        return ""
    above, below = is_above(value, retrained.high), is_above(retrained.low, value)
    if metric.paired:
        farther = below if metric.better == "higher" else above
        return FARTHER if farther else LEVEL
    return ABOVE if above else BELOW if below else LEVEL


def verdict_on(table: pd.DataFrame, forget: ForgetSet, networks: int) -> Verdict:
    """The verdict of a table of scores of some ``networks``."""
    rows: dict[tuple[str, str], dict[Any, Any]] = {(row["metric"], row["set"]): row for row in table.to_dict("records")}
    forgotten, retained = rows["accuracy", "forget"], rows["accuracy", "retain"]
    decisive = {name: rows[name, "forget"] for name in DECISIVE}
    known = knowledge(
        forgotten["value"],
        [row["value"] for row in decisive.values()],
        [row["retrained_high"] for row in decisive.values()],
    )
    low, high = retained["retrained_low"], retained["retrained_high"]
    keeps = None if math.isnan(low) else not is_above(low, retained["value"])
    classes = f"class {forget}" if len(forget.classes) == 1 else f"classes {', '.join(map(str, forget.classes))}"
    hidden = [
        _HIDDEN[name].format(row["value"]) + f" (retrained {row['retrained_low']:.2f} to {row['retrained_high']:.2f})"
        for name, row in decisive.items()
        if row["verdict"] == ABOVE
    ]
    knows = {
        "answers": f"still answers {classes}: accuracy {forgotten['value']:.4f} on such test images, where at most "
        f"{FORGOTTEN_ACCURACY} counts as forgotten",
        "hides": f"hides {classes}: no such image is answered, but {' and '.join(hidden)}",
        "forgets": f"has forgotten {classes}: no more comes back than in networks retrained without",
        None: f"does not answer {classes}; only with two or more retrained networks can be told whether it hides any",
    }[known]
    accuracy = f"accuracy {retained['value']:.4f} on their test images"
    keeping = {
        True: f"it keeps the other classes: {accuracy} (retrained {low:.4f} to {high:.4f})",
        False: f"it loses some of the other classes: {accuracy} (retrained {low:.4f} to {high:.4f})",
        None: f"of the other classes it has {accuracy}",
    }[keeps]
    whose = "the network" if networks == 1 else f"the median of {networks} networks"
    return Verdict(known, keeps, f"{whose} {knows}; {keeping}")


_HIDDEN = {
    "shift": "a shift of output biases brings back {:.2f} of them",
    "auc": "an AUC of {:.2f} tells them from others",
}
