"""The stage that compares a hypernetwork with SGD and Adam, on the tiny run."""

import csv
from pathlib import Path

import pytest
import torch

from hyperforget.collection.checkpoints import load_outcomes
from hyperforget.data.splits import load_task_data
from hyperforget.hypernet.sampling import Sampling, Starts, sample
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.initialisations import initialise
from hyperforget.runtime.randomness import generator_for
from hyperforget.store.store import Store
from hyperforget.unlearning.prompts import best_prompt
from tests.stages.tiny_pipeline import SETTINGS, TASK

pytestmark = pytest.mark.pipeline

MODEL = "dihyfo-1"
Key = tuple[str, str, int, int]
Curves = dict[Key, tuple[float, float]]


@pytest.fixture
def curves(results: Path) -> Curves:
    """Loss and accuracy by optimizer, learning rate, update and network."""
    with (results / TASK / MODEL / "optimizers.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["optimizer", "learning_rate", "update", "network", "loss", "accuracy"]
    found = {
        (name, rate, int(update), int(network)): (float(loss), float(accuracy))
        for name, rate, update, network, loss, accuracy in rows[1:]
    }
    assert len(found) == len(rows) - 1
    return found


def test_every_optimizer_has_all_networks_after_each_number_of_updates(curves: Curves) -> None:
    steps = [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 60]
    optimizers = {("hypernetwork", ""): [0, 1, 2], ("sgd", "0.3"): steps, ("adam", "0.01"): steps}
    assert list(curves) == [
        (*optimizer, update, network)
        for optimizer, updates in optimizers.items()
        for update in updates
        for network in range(3)
    ]


def test_all_optimizers_start_from_the_same_networks(curves: Curves) -> None:
    for network in range(3):
        starts = {value for key, value in curves.items() if key[2:] == (0, network)}
        assert len(starts) == 1


def test_one_update_is_one_sample_from_an_unseen_start_measured_on_test_images(results: Path, curves: Curves) -> None:
    store, folder = results / "store", results / TASK
    data = load_task_data(Store(store), folder / "dataset.json")
    hypernet = load_hypernetwork(Store(store), folder / MODEL / "hypernet.json", data.labels)
    layout = hypernet.model.layout
    outcomes = load_outcomes(Store(store), folder / "corpus.json", data.validation.class_sizes)
    told = performance_values(outcomes, hypernet.performance)
    starts = initialise(layout, 3, generator_for(0, "optimizers", TASK, "starts"))
    sampling = Sampling(SETTINGS.models[MODEL].sampling, generator_for(0, "optimizers", TASK, "updates", MODEL))
    sampled = sample(
        hypernet,
        best_prompt(outcomes.losses, told, SETTINGS.optimizers.best).expand(3, -1),
        Starts(starts.params, performance_values(measure(starts, data.validation), hypernet.performance)),
        sampling,
    )
    for update, networks in ((0, starts), (1, sampled)):
        tested = measure(networks, data.test)
        for network in range(3):
            loss, accuracy = curves["hypernetwork", "", update, network]
            assert loss == pytest.approx(float(tested.losses[network].mean()), rel=1e-5)
            assert accuracy == pytest.approx(int(tested.correct[network].sum()) / len(data.test.labels))
    assert not torch.allclose(starts.params, sampled.params)


def test_descent_descends(curves: Curves) -> None:
    for optimizer in (("sgd", "0.3"), ("adam", "0.01")):
        before, after = (sum(curves[(*optimizer, update, network)][0] for network in range(3)) for update in (0, 60))
        assert after < before
