"""``hyperforget.evaluate`` on convolutional networks that plain torch trained, whichever way images are given."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from hyperforget.errors import UserError
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.scores.evaluating import evaluate

pytestmark = pytest.mark.pipeline

LABELS = (3, 5, 9)
CHANNELS, HEIGHT, WIDTH = 2, 4, 5
Part = tuple[Tensor, Tensor]


def part(images: int, seed: int, channels: int = CHANNELS) -> Part:
    """Images (B, channels, height, width); each class has a mean of its own in each channel."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.arange(images) % len(LABELS)
    means = torch.tensor([[2.0, 0.0], [-2.0, 0.5], [0.0, -2.0]])[places, :channels]
    noise = torch.randn(images, channels, HEIGHT, WIDTH, generator=generator)
    return means[:, :, None, None] + noise, torch.tensor(LABELS)[places]


def data(channels: int = CHANNELS) -> dict[str, Part]:
    return {"train": part(120, 0, channels), "test": part(90, 1, channels)}


def module(channels: int = CHANNELS, stride: int = 2) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, stride, 1),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, len(LABELS)),
    )


@cache
def trained(seed: int, without: tuple[int, ...] = (), channels: int = CHANNELS, stride: int = 2) -> nn.Sequential:
    """A network that learned all classes but some, by plain torch."""
    torch.manual_seed(seed)
    network, (images, labels) = module(channels, stride), part(120, 0, channels)
    rows = torch.tensor([label not in without for label in labels.tolist()])
    places = torch.tensor([LABELS.index(label) for label in labels.tolist()])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images[rows]), places[rows]).backward()
        optimizer.step()
    return network


def retrained(channels: int = CHANNELS) -> list[nn.Sequential]:
    return [trained(seed, (5,), channels) for seed in range(3)]


def scores(networks: object, **changes: object) -> pd.DataFrame:
    return evaluate(**{"networks": networks, "classes": [5], "data": data(), "retrained": retrained()} | changes)  # type: ignore[arg-type]


def accuracy(table: pd.DataFrame, images: str) -> float:
    [found] = table[(table["metric"] == "accuracy") & (table["set"] == images)].to_dict("records")
    value: Any = found["value"]
    return float(value)


def shares(network: nn.Module, test: Part) -> dict[str, float]:
    """Accuracies of a module on its own kind of images, by hand."""
    images, labels = test
    with torch.no_grad():
        right = torch.tensor(LABELS)[network(images).argmax(1)] == labels
    return {"retain": right[labels != 5].float().mean().item(), "forget": right[labels == 5].float().mean().item()}


def test_a_module_is_judged_by_what_it_answers_itself() -> None:
    table = scores(trained(20))
    for images, share in shares(trained(20), data()["test"]).items():
        assert accuracy(table, images) == pytest.approx(share)
    assert table.attrs["knowledge"] == "answers"
    assert scores(retrained()).attrs["knowledge"] == "forgets"


def test_one_of_another_stride_is_judged_as_well() -> None:
    network = trained(20, stride=1)
    assert accuracy(scores(network), "retain") == pytest.approx(shares(network, data()["test"])["retain"])


def test_state_dicts_and_files_are_of_the_modules_kind(tmp_path: Path) -> None:
    network, path = trained(20), tmp_path / "network.safetensors"
    save_file(network.state_dict(), path)
    expected = scores(network)
    for given in (network.state_dict(), path, [network]):
        pd.testing.assert_frame_equal(scores(given), expected)
    states = [each.state_dict() for each in retrained()]
    pd.testing.assert_frame_equal(scores(network, retrained=states), expected)
    # A file that tells its layout needs no module beside it.
    layout = ConvolutionalLayout((HEIGHT, WIDTH, CHANNELS), (6, 8), 3, 2, 3)
    save_file(network.state_dict(), path, {"network": json.dumps(layout.attributes["network"])})
    alone = scores(path, retrained=[path, path])
    assert accuracy(alone, "retain") == accuracy(expected, "retain")


def test_channels_may_come_last_and_grey_images_may_have_none(tmp_path: Path) -> None:
    last = {name: (images.permute(0, 2, 3, 1), labels) for name, (images, labels) in data().items()}
    pd.testing.assert_frame_equal(scores(trained(20), data=last), scores(trained(20)))
    grey = {"networks": trained(20, channels=1), "retrained": retrained(1)}
    expected = scores(**grey, data=data(1))
    squares = {name: (images.squeeze(1), labels) for name, (images, labels) in data(1).items()}
    pd.testing.assert_frame_equal(scores(**grey, data=squares), expected)
    (images, labels), (test_images, test_labels) = squares.values()
    np.savez(tmp_path / "mine.npz", images=images, labels=labels, test_images=test_images, test_labels=test_labels)
    assert scores(**grey, data=tmp_path / "mine.npz").attrs["verdict"]


def test_perceptrons_and_convolutional_networks_stand_side_by_side_where_both_read_alike() -> None:
    torch.manual_seed(0)
    perceptron = nn.Sequential(nn.Flatten(), nn.Linear(HEIGHT * WIDTH, 5), nn.ReLU(), nn.Linear(5, 3))
    table = scores(perceptron, data=data(1), retrained=retrained(1))
    assert accuracy(table, "retain") == pytest.approx(shares(perceptron, data(1)["test"])["retain"])
    wider = nn.Sequential(nn.Flatten(), nn.Linear(2 * HEIGHT * WIDTH, 5), nn.ReLU(), nn.Linear(5, 3))
    with pytest.raises(
        UserError, match=r"read pixels of images \(2, 4, 5\) in several orders; allowed are networks of"
    ):
        scores(wider)


def with_nan() -> nn.Sequential:
    network = module()
    with torch.no_grad():
        network[0].bias.fill_(torch.nan)  # type: ignore[operator]
    return network


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"networks": module().state_dict(), "retrained": [module().state_dict()] * 3},
            r"networks\[0\] is the state dict of a network with convolutions, .* allowed is its module",
        ),
        ({"networks": with_nan()}, "numbers in '0.bias' that are NaN"),
        ({"networks": module(channels=1)}, r"has Conv2d\(1, 6.* but images \(2, 4, 5\) have"),
        ({"networks": [module(), module(stride=1)]}, r"network 1 is a CNN 4x5x2-6-8-3 \(3x3/1\), and network 0 a CNN"),
        ({"data": {name: (images.flatten(1), labels) for name, (images, labels) in data().items()}}, "no height and"),
        (
            {"data": data() | {"test": (part(90, 1)[0].transpose(2, 3), part(90, 1)[1])}},
            r"the data, part test, have images of shape \(2, 5, 4\); allowed are those of part train, \(2, 4, 5\)",
        ),
        (
            {"networks": module().state_dict() | {"0.weight": torch.ones(6, 2, 5, 5)}},
            "0.weight .* allowed is the state dict of a CNN 4x5x2-6-8-3",
        ),
    ],
)
def test_what_does_not_fit_is_told_by_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        scores(**{"networks": trained(20)} | changes)
    assert "\n" not in str(raised.value)
