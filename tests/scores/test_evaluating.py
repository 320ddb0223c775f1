"""``hyperforget.evaluate`` on networks that plain torch trained, and one sentence for input that does not fit."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from sklearn.metrics import accuracy_score
from torch import Tensor, nn

from hyperforget.errors import UserError
from hyperforget.metrics.registry import METRICS
from hyperforget.scores.evaluating import evaluate
from tests.scores.given import LABELS, data, hiding, part, trained

pytestmark = pytest.mark.pipeline


@cache
def retrained() -> tuple[nn.Sequential, ...]:
    """Without class 5."""
    return tuple(trained(seed, without=(5,)) for seed in range(4))


def scores(networks: object, **changes: object) -> pd.DataFrame:
    return evaluate(**{"networks": networks, "classes": [5], "data": data(), "retrained": list(retrained())} | changes)  # type: ignore[arg-type]


def row(table: pd.DataFrame, metric: str, images: str) -> dict[Any, Any]:
    [found] = table[(table["metric"] == metric) & (table["set"] == images)].to_dict("records")
    return found


def test_every_metric_is_there_on_its_sets_beside_that_of_retrained_networks() -> None:
    table = scores(trained(20, without=(5,)))
    expected = [(metric.name, images) for metric in METRICS.values() for images in metric.sets]
    assert list(zip(table["metric"], table["set"], strict=True)) == expected
    assert table["value"].notna().all()
    assert table["retrained"].notna().all()


def test_accuracies_are_those_of_scikit_learn() -> None:
    network, seen = trained(20), part(90, 1)
    predicted = np.array(LABELS)[network(seen.images).argmax(-1).numpy()]
    table = scores(network)
    for images, member in (("retain", seen.labels != 5), ("forget", seen.labels == 5), ("test", seen.labels > 0)):
        expected = accuracy_score(seen.labels[member], predicted[member.numpy()])
        assert row(table, "accuracy", images)["value"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("make", "knowledge", "words"),
    [
        (
            lambda: list(retrained()),
            "forgets",
            r"the median of 4 networks has forgotten class 5: .*; it keeps the other",
        ),
        (lambda: hiding(trained(20), 5), "hides", r"hides class 5: .* shift of output biases brings back 1.00 of them"),
        (lambda: trained(20), "answers", r"still answers class 5: accuracy 1.0000 on such test images"),
    ],
)
def test_networks_forget_hide_or_answer(make: Callable[[], object], knowledge: str, words: str) -> None:
    table = scores(make())
    assert table.attrs["knowledge"] == knowledge
    assert re.search(words, table.attrs["verdict"])
    assert table.attrs["keeps"] is True
    assert table.attrs["warning"] == ""
    assert row(table, "accuracy", "forget")["verdict"] == ("answered" if knowledge == "answers" else "forgotten")
    assert (row(table, "shift", "forget")["verdict"] == "above retrained") == (knowledge != "forgets")


def test_a_network_that_loses_the_other_classes_is_told() -> None:
    network = hiding(hiding(trained(20), 5), 9)
    table = scores(network)
    assert table.attrs["keeps"] is False
    assert "it loses some of the other classes: accuracy 0.5000" in table.attrs["verdict"]
    assert row(table, "accuracy", "retain")["verdict"] == "below retrained"


def test_the_floor_of_paired_metrics_are_pairs_of_retrained_networks() -> None:
    table = scores(retrained()[1])
    distance, count = row(table, "activation_distance", "test"), len(retrained())
    assert distance["n"] == count
    with torch.no_grad():
        answers = torch.stack([network(part(90, 1).images).softmax(-1) for network in retrained()]).double()
    pairs = torch.linalg.vector_norm(answers.unsqueeze(0) - answers.unsqueeze(1), dim=-1).mean(-1)
    first, second = torch.triu_indices(count, count, 1).unbind()
    assert distance["retrained"] == pytest.approx(float(pairs[first, second].quantile(0.5)), abs=1e-6)
    assert distance["value"] == pytest.approx(float(pairs[1].quantile(0.5)), abs=1e-6)


def test_several_networks_are_a_population() -> None:
    several = [trained(seed, without=(5,)) for seed in (30, 31, 32)]
    table = scores(several)
    alone = [row(scores(network), "accuracy", "retain")["value"] for network in several]
    found = row(table, "accuracy", "retain")
    assert found["value"] == np.median(alone)
    assert found["n"] == 3
    assert table.attrs["verdict"].startswith("the median of 3 networks")


def test_modules_state_dicts_files_and_other_widths_are_judged_alike(tmp_path: Path) -> None:
    network, path = trained(20, hidden=11), tmp_path / "network.safetensors"
    save_file(network.state_dict(), path)
    expected = scores(network)
    for given in (network.state_dict(), str(path), [network]):
        pd.testing.assert_frame_equal(scores(given)[expected.columns[:4]], expected[expected.columns[:4]])


def test_data_may_be_arrays_objects_or_a_file(tmp_path: Path) -> None:
    @dataclass
    class Mine:
        train: object
        test: object

    network, expected = trained(20), scores(trained(20))
    (images, labels), (test_images, test_labels) = data()["train"], data()["test"]
    squares = {"train": (images.reshape(-1, 2, 3).numpy(), labels.tolist()), "test": part(90, 1)}
    for given in (squares, Mine(part(150, 0), (test_images, test_labels))):
        pd.testing.assert_frame_equal(scores(network, data=given), expected)
    np.savez(
        tmp_path / "mine.npz",
        images=images.numpy(),
        labels=labels.numpy(),
        test_images=test_images.numpy(),
        test_labels=test_labels.numpy(),
    )
    assert scores(network, data=tmp_path / "mine.npz").attrs["knowledge"] == "answers"


def test_a_single_retrained_network_leaves_it_open_what_is_hidden() -> None:
    table = scores(hiding(trained(20), 5), retrained=retrained()[0])
    assert table.attrs["knowledge"] is None
    assert table.attrs["keeps"] is None
    assert "only with two or more retrained networks can be told" in table.attrs["verdict"]


def test_a_network_that_reads_other_pixels_is_warned_of() -> None:
    network = trained(20, without=(5,))
    with torch.no_grad():
        network[0].weight.mul_(-1)  # type: ignore[operator]
    assert "was it trained on pixels of another scale" in scores(network).attrs["warning"]


def with_nan() -> dict[str, Tensor]:
    state = trained(20).state_dict()
    return {name: torch.full_like(tensor, torch.nan) for name, tensor in state.items()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": 3}, "networks is 3; allowed are one or several modules, state dicts or files"),
        ({"networks": []}, r"networks is \[\]; allowed are one or several"),
        ({"networks": with_nan()}, r"networks\[0\] has numbers in '0.weight' that are NaN"),
        (
            {"networks": nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 3))},
            "reads 4 numbers and tells 3 classes",
        ),
        ({"networks": [trained(1), trained(1, hidden=4)]}, "network 1 is an MLP 6-4-3"),
        ({"networks": "none.safetensors"}, "none.safetensors is no file"),
        ({"retrained": None}, "there is nothing to judge by: give networks that were trained without the classes"),
        ({"retrained": [trained(1), 7]}, r"retrained\[1\] is of type int"),
        ({"classes": 5}, r"classes is 5; allowed is a list of class labels"),
        ({"classes": []}, "classes is empty"),
        ({"classes": ["x"]}, r"classes is \['x'\]"),
        ({"classes": [1]}, "classes '1': class 1 is not one of the task's classes 3, 5, 9; .* the nearest is '3'"),
        ({"classes": [3, 5, 9]}, "has all 3 classes, which leaves nothing to retain"),
        ({"classes": "5-3"}, "classes '5-3' is not sorted .* write '3-5'"),
        ({"data": "digit"}, "the data 'digit' are not known; .*; did you mean 'digits'"),
        ({"data": 4}, "the data have neither 'train' nor 'test'"),
        ({"data": {"train": data()["train"]}}, "the data lack the part 'test'"),
        ({"data": data() | {"tset": 1}}, "the data have a part 'tset'; .*; did you mean 'test'"),
        ({"data": data() | {"test": part(90, 1).images}}, "the data, part test, are no pair of images and labels"),
        ({"data": data() | {"test": (part(90, 1).images[:, :4], part(90, 1).labels)}}, "have images of 4 pixels"),
        ({"data": data() | {"test": (part(90, 1).images, part(90, 1).labels + 1)}}, "have the label 4; allowed are"),
        (
            {"data": data() | {"test": (part(90, 1).images, part(90, 1).labels[:7])}},
            "has 90 images; allowed are as many",
        ),
        ({"data": data() | {"test": (part(90, 1).images / 0, part(90, 1).labels)}}, "allowed are finite numbers"),
        ({"data": data(scale=-1)}, "retrained networks get .* of the retained images right, where one answer for all"),
    ],
)
def test_what_does_not_fit_is_told_by_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        scores(**{"networks": trained(20)} | changes)
    assert "\n" not in str(raised.value)
