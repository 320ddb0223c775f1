import subprocess
import sys

import pytest

from hyperforget.metrics.registry import METRICS, SETS


def test_metrics_are_those_of_the_results_file():
    assert list(METRICS) == [
        "accuracy", "overlap", "activation_distance", "phi", "jsd", "mia", "mia_test", "usable_share",
    ]  # fmt: skip
    assert list(SETS) == ["retain", "forget", "test", "retain-train", "forget-train", "choice"]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_described(name):
    metric = METRICS[name]
    assert metric.name == name
    assert metric.sets
    assert len(set(metric.sets)) == len(metric.sets)
    assert set(metric.sets) <= set(SETS)
    assert metric.better in ("higher", "lower", "retrained")
    assert all((metric.title, metric.unit, metric.ideal))
    assert metric.description.endswith(".")


def test_registry_imports_no_torch():
    code = "import sys, hyperforget.metrics.registry; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
