"""The benchmark of requests marks what lies beyond its limits, and measures what networks do."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch

from hyperforget.data.splits import Split, TaskData
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.costs import RequestRow


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("request")


@pytest.mark.parametrize(
    ("request_seconds", "with_data", "hundred", "missed"),
    [
        (0.004, 0.020, 0.040, []),
        (0.012, 0.020, 0.040, ["one request without data, ms"]),
        (0.0099, 0.020, 0.2, ["  retraining a hundred takes, times"]),
        (0.0099, 0.030, 0.040, ["  retraining takes, times"]),
    ],
)
def test_what_takes_too_long_is_marked(
    benchmark: ModuleType, request_seconds: float, with_data: float, hundred: float, missed: list[str]
) -> None:
    seconds = benchmark.Seconds(request_seconds, with_data, hundred, 0.25, 0.9)
    found = list(benchmark.compared(seconds, benchmark.LIMITS))
    assert [each.name for each in found if not each.met] == missed
    assert [str(each).endswith("!") for each in found] == [not each.met for each in found]
    assert found[1].value == pytest.approx(0.25 / request_seconds)


def test_rows_of_requests_are_what_the_limits_are_for(benchmark: ModuleType) -> None:
    edits = RequestRow("digits", "dihyfo-1-edit", 0.004, 0.02, 0.04, None)
    retraining = RequestRow("digits", "retrained", 0.25, None, 0.9, 0.01)
    assert benchmark.seconds_of(edits, retraining) == benchmark.Seconds(0.004, 0.02, 0.04, 0.25, 0.9)


def test_networks_are_measured_on_test_images(benchmark: ModuleType) -> None:
    """Networks that answer the class whose pixel is the brightest, and that never answer the first."""
    layout = PerceptronLayout((3, 3, 3))
    knows = torch.cat([torch.eye(3).flatten(), torch.zeros(3), torch.eye(3).flatten(), torch.zeros(3)])
    hides = knows.clone()
    hides[-3] = -100.0
    images, labels = 2 * torch.eye(3).repeat(10, 1), torch.arange(3).repeat(10)
    split = Split(images, labels, 3)
    data = TaskData(split, split, split, 0.0, 1.0, (0, 1, 2))
    forget = torch.tensor([True, False, False])
    of_one, of_other = (
        benchmark.medians(benchmark.outcomes(Networks(params.expand(2, -1), layout), data, forget))
        for params in (knows, hides)
    )
    assert (of_one["forget"], of_one["retain"]) == (1.0, 1.0)
    assert (of_other["forget"], of_other["retain"], of_other["shift"]) == (0.0, 1.0, 1.0)


def test_requests_of_some_tasks_have_limits_of_their_own(benchmark: ModuleType) -> None:
    for task, name in (("mnist-4", "mnist"), ("fashion-cnn-seed-1", "fashion-cnn")):
        assert benchmark.limits_of(task) == benchmark.OTHER_LIMITS[name]
    assert benchmark.limits_of("digits-cnn") == benchmark.LIMITS
