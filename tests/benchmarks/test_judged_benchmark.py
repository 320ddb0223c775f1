"""The benchmark of metrics finds what tells networks that know from networks that do not."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from sklearn.metrics import roc_auc_score

from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("judged")


def test_areas_are_those_of_scikit_learn_within_their_intervals(benchmark: ModuleType) -> None:
    generator = torch.Generator().manual_seed(0)
    within, without = torch.randint(0, 6, (12,), generator=generator), torch.randint(2, 8, (9,), generator=generator)
    found = benchmark.area(within.double(), without.double())
    expected = roc_auc_score([1] * 12 + [0] * 9, torch.cat([within, without]))
    assert found.value == pytest.approx(expected)
    assert 0 <= found.low < found.value < found.high <= 1
    assert benchmark.area(within.double(), without.double()) == found


def test_what_tells_all_and_what_tells_none(benchmark: ModuleType) -> None:
    low, high = torch.zeros(8), torch.ones(8)
    assert str(benchmark.area(high, low)) == "1.00 [1.00, 1.00]"
    assert str(benchmark.area(low, low)) == "0.50 [0.50, 0.50]"
    assert benchmark.area(low, high).value == 0


@pytest.mark.parametrize(
    ("originals", "hidden", "said"),
    [
        (1.0, 1.0, "trust"),
        (1.0, 0.5, "sees answers"),
        (0.5, 0.5, "tells nothing"),
        (0.5, 1.0, "sees what is hidden, not what is answered"),
    ],
)
def test_a_metric_is_trusted_that_tells_both(benchmark: ModuleType, originals: float, hidden: float, said: str) -> None:
    areas = [benchmark.Area(value, value, value) for value in (originals, hidden)]
    assert benchmark.verdict(*areas) == said
    assert benchmark.verdict(benchmark.Area(0.9, 0.7, 1.0), areas[1]) != "trust"


def test_further_is_away_from_where_good_values_lie(benchmark: ModuleType) -> None:
    assert benchmark.further(METRICS["shift"], 0.1, 0.4) == pytest.approx(0.3)
    assert benchmark.further(AUDIT["klom"], 2.0, 0.4) == 2.0
    assert benchmark.further(AUDIT["tow"], 0.9, 0.4) == -0.9


def test_metrics_of_populations_are_told_from_those_of_networks(benchmark: ModuleType) -> None:
    assert {*benchmark._ALONE, *benchmark._TOGETHER} == set(AUDIT)
    assert benchmark._REGISTRY == METRICS | AUDIT
