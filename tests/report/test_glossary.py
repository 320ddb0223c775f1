"""Every metric and every set of images is explained."""

import pytest

from hyperforget.config.audit import AUDIT_METRICS
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS
from hyperforget.report import glossary
from hyperforget.report.audit_glossary import AUDIT_WORDS


def test_exactly_the_metrics_and_sets_of_the_results_are_explained() -> None:
    assert list(glossary.METRICS) == list(METRICS)
    assert list(AUDIT_WORDS) == list(AUDIT) == list(AUDIT_METRICS)
    assert list(glossary.SETS) == [
        "retain", "forget", "test", "retain-train", "forget-train", "train", "layer-1", "layer-2", "layer-3", "layer-4",
        "parameters", "choice",
    ]  # fmt: skip
    metrics = [*METRICS.values(), *AUDIT.values()]
    assert {name for metric in metrics for name in metric.sets} == set(glossary.SETS)
    assert not set(METRICS) & set(AUDIT)


@pytest.mark.parametrize("name", [*METRICS, *AUDIT])
def test_every_metric_is_described(name: str) -> None:
    explanation = {**glossary.METRICS, **AUDIT_WORDS}[name]
    assert all(vars(explanation).values())
    assert explanation.description.endswith(".")
