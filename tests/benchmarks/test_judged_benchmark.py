"""The benchmark of metrics finds what tells networks that know from networks that do not."""

from collections.abc import Callable
from types import ModuleType

import pytest

from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("judged")


def test_metrics_of_populations_are_told_from_those_of_networks(benchmark: ModuleType) -> None:
    assert {*benchmark._ALONE, *benchmark._TOGETHER} == set(AUDIT)
    assert benchmark._REGISTRY == METRICS | AUDIT
