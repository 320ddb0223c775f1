"""What comes back of a class that networks hide, and of one that they were never shown, on a task of four clusters."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.registry import METRICS
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.methods import MetricRow
from hyperforget.unlearning.candidates import StoredCandidates, make_candidates
from hyperforget.unlearning.recovery import recovery_rows

LAYOUT = PerceptronLayout((8, 6, 4))
FORGET = torch.tensor([False, False, True, False])
# Class 2 lies beside class 3, in a direction in which no other class varies.
CENTRES = 3.0 * torch.eye(8)[[0, 1, 2, 2]] + 3.0 * torch.eye(8)[[3, 3, 4, 3]]
RECOVERY = ["shift", "auc", "probe", "relearn_10", "relearn_50"]
NETWORKS = 4


def split_of(seed: int, count: int) -> Split:
    labels = torch.arange(count) % 4
    noise = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    return Split(CENTRES[labels] + noise, labels, 4)


DATA = TaskData(split_of(0, 400), split_of(1, 200), split_of(2, 400), 0.0, 1.0, (0, 1, 2, 3))


def trained(shown: Tensor) -> Networks:
    """Networks trained by plain gradient descent on the training images of the classes ``shown``."""
    params = initialise(LAYOUT, NETWORKS, torch.Generator().manual_seed(3)).params.requires_grad_()
    optimizer = torch.optim.Adam([params], lr=0.03)
    kept = shown[DATA.train.labels]
    images, labels = DATA.train.images[kept], DATA.train.labels[kept]
    for _ in range(300):
        optimizer.zero_grad()
        logits = forward(Networks(params, LAYOUT), images)
        cross_entropy(logits.flatten(0, 1), labels.repeat(NETWORKS)).backward()
        optimizer.step()
    return Networks(params.detach(), LAYOUT)


def hidden(networks: Networks) -> Networks:
    """The same with the output bias of the forgotten class far below all others."""
    params = networks.params.clone()
    LAYOUT.split(params)[-1][:, FORGET] -= 100
    return Networks(params, LAYOUT)


def rows_of(
    networks: Networks, chosen: int = 0, population: list[int] | None = None, most: int = 16
) -> list[MetricRow]:
    members = list(range(len(networks))) if population is None else population
    stored = StoredCandidates(make_candidates(networks, DATA.validation), chosen, members)
    return recovery_rows(stored, DATA, FORGET, Subject("toy", "bias", "2"), most)


def medians(rows: list[MetricRow]) -> dict[str, float]:
    return {row.metric: row.value for row in rows if row.selection == "population"}


@pytest.fixture(scope="module")
def original() -> Networks:
    return trained(torch.ones(4, dtype=torch.bool))


@pytest.fixture(scope="module")
def unshown() -> Networks:
    return trained(~FORGET)


def test_a_lowered_bias_is_undone_by_a_shift_and_a_class_that_was_never_shown_comes_back_less(
    original: Networks, unshown: Networks
) -> None:
    lowered = hidden(original)
    before = measure(original, DATA.test).accuracies[:, 2]
    assert before.min() > 0.8
    for networks in (lowered, unshown):
        assert measure(networks, DATA.test).accuracies[:, 2].max() <= 0.01
    found, never = medians(rows_of(lowered)), medians(rows_of(unshown))
    assert found["shift"] > 0.8
    assert found["shift"] == pytest.approx(float(before.median()), abs=0.1)
    assert never["shift"] < found["shift"] - 0.2
    assert never["auc"] < found["auc"] - 0.05
    assert never["probe"] < found["probe"]


def test_what_does_not_read_the_bias_finds_the_same_before_and_after_it_is_lowered(original: Networks) -> None:
    before, after = medians(rows_of(original)), medians(rows_of(hidden(original)))
    for metric in ("auc", "probe"):
        assert after[metric] == pytest.approx(before[metric], abs=1e-3)
    assert after["shift"] == pytest.approx(before["shift"], abs=0.02)


def test_rows_are_of_the_forget_set_and_of_all_metrics_of_recovery(unshown: Networks) -> None:
    rows = rows_of(unshown)
    assert [(row.metric, row.selection) for row in rows] == [
        (metric, selection) for metric in RECOVERY for selection in ("chosen", "population")
    ]
    for row in rows:
        assert (row.task, row.method, row.forget, row.set) == ("toy", "bias", "2", "forget")
        assert METRICS[row.metric].sets == ("forget",)
        assert 0 <= row.value <= 1
        if row.selection == "chosen":
            assert (row.low, row.high, row.n) == (None, None, 1)
        else:
            assert row.n == NETWORKS
            assert row.low is not None
            assert row.high is not None
            assert row.low <= row.value <= row.high


@pytest.mark.parametrize(("chosen", "population"), [(2, [0, 1, 2]), (3, [0, 1]), (0, [1])])
def test_the_chosen_network_and_the_population_are_measured_by_themselves(
    original: Networks, unshown: Networks, chosen: int, population: list[int]
) -> None:
    networks = Networks(torch.cat([hidden(original).params[:2], unshown.params[:2]]), LAYOUT)
    alone = [medians(rows_of(networks[[index]])) for index in range(4)]
    rows = rows_of(networks, chosen, population)
    for row in rows:
        if row.selection == "chosen":
            assert row.value == pytest.approx(alone[chosen][row.metric], abs=1e-6)
        else:
            values = torch.tensor([alone[index][row.metric] for index in population], dtype=torch.float64)
            assert row.value == pytest.approx(float(values.quantile(0.5)), abs=1e-6)
            assert row.n == len(population)


def test_no_more_of_a_population_are_measured_than_allowed(unshown: Networks) -> None:
    few = [row for row in rows_of(unshown, chosen=3, most=2) if row.selection == "population"]
    assert {row.n for row in few} == {2}
    two = [row for row in rows_of(unshown, population=[0, 1]) if row.selection == "population"]
    assert [row.value for row in few] == [row.value for row in two]


def test_measuring_repeats_and_leaves_networks_alone(unshown: Networks) -> None:
    before = unshown.params.clone()
    torch.manual_seed(0)
    rows = rows_of(unshown)
    torch.manual_seed(1)
    assert rows_of(unshown) == rows
    assert torch.equal(unshown.params, before)
