"""Which metrics there are, and what their declarations hold."""

import subprocess
import sys

import pytest

from hyperforget.metrics.registry import METRICS


def test_metrics_are_those_of_the_results_file() -> None:
    assert list(METRICS) == [
        "accuracy", "overlap", "activation_distance", "phi", "jsd", "mia", "mia_test",
        "shift", "auc", "probe", "relearn_10", "relearn_50", "usable_share",
    ]  # fmt: skip
    sets = {name for metric in METRICS.values() for name in metric.sets}
    assert sets == {"retain", "forget", "test", "retain-train", "forget-train", "choice"}


def test_what_is_brought_back_is_of_the_forget_set_and_to_be_as_in_retrained_networks() -> None:
    for name in ("shift", "auc", "probe", "relearn_10", "relearn_50"):
        assert (METRICS[name].sets, METRICS[name].paired, METRICS[name].better) == (("forget",), False, "retrained")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_sets_and_a_direction(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.sets
    assert len(set(metric.sets)) == len(metric.sets)
    assert metric.better in ("higher", "lower", "retrained")


def test_registry_imports_no_torch() -> None:
    code = "import sys, hyperforget.metrics.registry; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
