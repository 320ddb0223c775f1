"""Whether a method forgot, hides or answers, keeps the rest, and is as close as retrained networks."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.answers import Answer, Tone, Yardstick, answer
from hyperforget.report.recognised import Recognised
from hyperforget.report.results import Metrics, Value
from tests.report.synthetic_results import SPEC, as_spec

UNKNOWN = Value(math.nan)
RETRAINED = Yardstick(
    recovered=(Value(0.2, 0.1, 0.3), Value(0.8, 0.7, 0.9)),
    selected=Value(0.97, median_low=0.96, median_high=0.98),
    kept=Value(0.96, median_low=0.955, median_high=0.965),
    distance=Value(0.1, 0.08, 0.12),
)
GOOD = Answer(
    recognised=Recognised(0.0, 90),
    recovered=(Value(0.3), Value(0.9)),
    kept=Value(0.96, median_low=0.95, median_high=0.97),
    kept_by_retrained=RETRAINED.selected,
    floors=1.2,
    yardstick=RETRAINED,
)


@pytest.mark.parametrize(
    ("changed", "tone"),
    [
        ({}, "forgot"),
        ({"recognised": Recognised(1 / 90, 90)}, "forgot"),
        ({"recognised": Recognised(3 / 90, 90)}, "unsure"),
        ({"recognised": Recognised(0.31, 90)}, "answers"),
        ({"floors": 1.21}, "differs"),
        ({"floors": math.nan}, "unsure"),
        ({"recovered": (Value(0.31), Value(0.9))}, "hides"),
        ({"recovered": (Value(0.3), Value(0.91))}, "hides"),
        ({"recovered": (Value(0.3), UNKNOWN)}, "unsure"),
        ({"kept": Value(0.957, median_low=0.947, median_high=0.967)}, "forgot"),
        ({"kept": Value(0.955, median_low=0.945, median_high=0.965)}, "loses"),
        ({"kept": Value(0.955)}, "loses"),
        ({"kept": Value(0.965)}, "forgot"),
        ({"kept": Value(0.5), "recovered": (Value(0.9), Value(0.9))}, "hides"),
        ({"kept": Value(0.5), "recognised": Recognised(0.9, 90)}, "answers"),
        ({"yardstick": replace(RETRAINED, distance=Value(0.1))}, "unsure"),
    ],
)
def test_the_tone_is_the_worst_that_is_known(changed: dict[str, Any], tone: Tone) -> None:
    assert replace(GOOD, **changed).tone == tone


def test_numbers_are_those_of_the_metrics_file(results: Path, spec: FullSpec) -> None:
    metrics = Metrics(results / "metrics.csv")
    found = answer(spec, metrics, "digits", "dihyfo-1", "2-3-4")
    assert (found.recognised.images, found.recognised.count) == (3 * 45, 0)
    assert found.kept == metrics.need("digits", "dihyfo-1", "2-3-4", "chosen", "accuracy", "retain")
    assert found.kept_by_retrained == metrics.need("digits", "retrained", "2-3-4", "selected", "accuracy", "retain")
    floor = metrics.need("digits", "retrained", "2-3-4", "population", "activation_distance", "test")
    distance = metrics.need("digits", "dihyfo-1", "2-3-4", "chosen-to-all", "activation_distance", "test")
    assert found.floors == distance.value / floor.value
    assert found.yardstick.farthest == floor.high / floor.value


def test_where_nothing_is_chosen_medians_are_compared(results: Path, spec: FullSpec) -> None:
    metrics = Metrics(results / "metrics.csv")
    found = answer(spec, metrics, "digits", "bias", "2")
    assert found.kept == metrics.need("digits", "bias", "2", "population", "accuracy", "retain")
    assert found.kept_by_retrained == metrics.need("digits", "retrained", "2", "population", "accuracy", "retain")


def test_without_retrained_networks_nothing_is_sure(tmp_path: Path) -> None:
    lines = ["task,method,forget,selection,set,metric,value,low,high,n,median_low,median_high"]
    for selection in ("chosen", "population", "chosen-to-all"):
        lines.append(f"digits-4,dihyfo-1,2,{selection},forget,accuracy,0.0,,,1,,")
        lines.append(f"digits-4,dihyfo-1,2,{selection},retain,accuracy,0.9,,,1,,")
        lines.append(f"digits-4,dihyfo-1,2,{selection},test,activation_distance,0.2,,,1,,")
    path = tmp_path / "metrics.csv"
    path.write_text("\n".join(lines))
    spec = as_spec({**SPEC, "methods": ["dihyfo-1"]})
    assert answer(spec, Metrics(path), "digits-4", "dihyfo-1", "2").tone == "unsure"
