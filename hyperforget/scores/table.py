"""The scores of networks beside those of retrained ones, as a data frame."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from hyperforget.metrics.registry import METRICS, Metric
from hyperforget.records.methods import MetricRow
from hyperforget.scores.verdicts import word_on

_NUMBERS = ("value", "low", "high", "n", "median_low", "median_high")


def scores_table(own: Sequence[MetricRow], retrained: Sequence[MetricRow], several: bool) -> pd.DataFrame:
    """One row a metric and set of images: the numbers of ``own`` rows, of all networks where there are ``several``,
    those of retrained networks, and a word on both.

    A single network is compared with every retrained one, several each with the first of these.
    """
    ours, floors = ({(row.selection, row.metric, row.set): row for row in rows} for rows in (own, retrained))
    rows = []
    for metric in METRICS.values():
        for images in metric.sets:
            row = ours.get((_selection(metric, several), metric.name, images))
            if row is None:
                continue
            floor = floors.get(("population", metric.name, images))
            level = {name: getattr(floor, name) if floor else None for name in ("value", "low", "high")}
            rows.append(
                {"metric": metric.name, "set": images}
                | {name: asdict(row)[name] for name in _NUMBERS}
                | {"retrained" if name == "value" else f"retrained_{name}": number for name, number in level.items()}
                | {"verdict": word_on(metric, images, row.value, floor)}
            )
    table = pd.DataFrame(rows)
    numbers = [name for name in table.columns if name not in ("metric", "set", "n", "verdict")]
    return table.astype(dict.fromkeys(numbers, float))


def _selection(metric: Metric, several: bool) -> str:
    if several or metric.name == "usable_share":
        return "population"
    return "chosen-to-all" if metric.paired else "chosen"
