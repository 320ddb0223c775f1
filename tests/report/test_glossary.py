"""Every metric and every set of images is explained."""

import pytest

from hyperforget.metrics.registry import METRICS
from hyperforget.report import glossary


def test_exactly_the_metrics_and_sets_of_the_results_are_explained() -> None:
    assert list(glossary.METRICS) == list(METRICS)
    assert list(glossary.SETS) == ["retain", "forget", "test", "retain-train", "forget-train", "choice"]
    assert {name for metric in METRICS.values() for name in metric.sets} == set(glossary.SETS)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_described(name: str) -> None:
    explanation = glossary.METRICS[name]
    assert all(vars(explanation).values())
    assert explanation.description.endswith(".")
