"""Generators of convolutional networks: a module in, a module like it out, whichever way images are given."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from typer.testing import CliRunner, Result

import hyperforget
from hyperforget.cli.main import app
from hyperforget.errors import UserError
from hyperforget.generator.asking import renormalised, split_of
from hyperforget.generator.card import model_card
from hyperforget.generator.description import read_description
from hyperforget.generator.folder import CONFIG, write_generator
from hyperforget.generator.generator import Generator
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward
from hyperforget.networks.given import network_of
from tests.generator.conftest import LABELS

LAYOUT = ConvolutionalLayout((5, 4, 2), (3, 4), 3, 2, 4)
Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def of_convolutional(make_generator: Callable[..., Generator]) -> Generator:
    generator = make_generator(of=LAYOUT)
    with torch.no_grad():
        for parameter in generator.hypernet.model.parameters():
            parameter.mul_(0.5)
    return generator


@pytest.fixture
def convolutional() -> nn.Sequential:
    torch.manual_seed(3)
    return LAYOUT.module()


@pytest.fixture(scope="module")
def images() -> Data:
    """As torch has them, (B, channels, height, width), on the scale of the dataset."""
    rng = np.random.default_rng(1)
    drawn = rng.normal(5.0, 3.0, size=(80, 2, 5, 4))
    return np.clip(drawn, 0, 12).astype(np.float32), np.array(LABELS)[np.arange(80) % 4]


class Mine(nn.Module):
    """The same layers by other names, in double precision."""

    def __init__(self, like: nn.Sequential) -> None:
        super().__init__()
        self.z, self.second, self.a = nn.Conv2d(2, 3, 3, 2, 1), nn.Conv2d(3, 4, 3, 2, 1), nn.Linear(4, 4)
        for mine, theirs in zip((self.z, self.second, self.a), (like[0], like[2], like[-1]), strict=True):
            mine.load_state_dict(theirs.state_dict())
        self.double()

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.a(self.second(self.z(images).relu()).relu().mean(dim=(2, 3)))
        return answers


def test_a_module_gives_one_like_it_and_a_state_dict_a_state_dict(
    of_convolutional: Generator, convolutional: nn.Sequential
) -> None:
    forgotten = of_convolutional.forget(convolutional, classes=[5, 11])
    assert isinstance(forgotten, nn.Sequential)
    assert forgotten(torch.zeros(2, 2, 5, 4)).shape == (2, 4)
    state = of_convolutional.forget(convolutional.state_dict(), classes=[5, 11])
    for name, tensor in forgotten.state_dict().items():
        assert tensor.shape == convolutional.state_dict()[name].shape
        torch.testing.assert_close(state[name], tensor)
        assert not torch.equal(tensor, convolutional.state_dict()[name])
    mine = of_convolutional.forget(Mine(convolutional), classes=[5, 11])
    assert isinstance(mine, Mine)
    torch.testing.assert_close(mine.second.weight.float(), forgotten.get_parameter("2.weight"))


def test_new_networks_are_modules_that_read_channels_first(of_convolutional: Generator) -> None:
    one, other = of_convolutional.sample(classes=[5], count=2)
    assert one(torch.zeros(3, 2, 5, 4)).shape == (3, 4)
    assert isinstance(one[0], nn.Conv2d)
    assert not torch.equal(one[0].weight, other.get_parameter("0.weight"))


def test_accuracies_are_the_modules_own_whichever_way_images_are_given(
    of_convolutional: Generator, convolutional: nn.Sequential, images: Data
) -> None:
    pixels, labels = images
    with torch.no_grad():
        answers = convolutional(of_convolutional.normalise(pixels)).argmax(1).numpy()
    expected = {label: float((answers[labels == label] == place).mean()) for place, label in enumerate(LABELS)}
    last = pixels.transpose(0, 2, 3, 1)
    for given in (pixels, last, last.reshape(80, -1), torch.from_numpy(pixels)):
        for network in (convolutional, convolutional.state_dict()):
            assert of_convolutional.accuracies(network, (given, labels)) == pytest.approx(expected)
    with_data = of_convolutional.forget(convolutional, classes=[5], data=images)
    again = of_convolutional.forget(convolutional, classes=[5], data=(last, labels))
    torch.testing.assert_close(with_data.state_dict(), again.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(80, 4, 5, 2), (80, 2, 4, 5), (80, 5, 4), (80, 40, 1), (80, 39)])
def test_images_of_another_shape_are_refused(of_convolutional: Generator, images: Data, shape: tuple[int, ...]) -> None:
    wrong = np.resize(images[0], shape)
    with pytest.raises(UserError, match=r"data must be a pair \(images, labels\), but images are of shape \(80, .*CNN"):
        split_of((wrong, images[1]), of_convolutional.description)


def test_pixels_divided_by_another_number_are_the_same_function_and_another_mean_is_refused(
    of_convolutional: Generator, convolutional: nn.Sequential, images: Data
) -> None:
    given = network_of(convolutional, image=LAYOUT.image).networks
    flat = LAYOUT.flat_images(torch.from_numpy(images[0])) - 5.0
    scaled = renormalised(given, (5.0, 3.0), (5.0, 12.0))
    torch.testing.assert_close(forward(scaled, flat / 12), forward(given, flat / 3), rtol=1e-4, atol=1e-5)
    with pytest.raises(UserError, match=r"takes 0 off each pixel, and the generator 5; allowed of a CNN .* is 5"):
        of_convolutional.forget(convolutional, [5], normalisation=(0.0, 12.0))


def other(image: tuple[int, int, int] = (5, 4, 2), kernel: int = 3, stride: int = 2) -> nn.Sequential:
    return ConvolutionalLayout(image, (3, 4), kernel, stride, 4).module()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (other(kernel=1), r"the network is a CNN .* \(1x1/2\); this generator was made for a CNN .* \(3x3/2\) and no"),
        (other(stride=1), r"the network is a CNN .* \(3x3/1\); this generator was made for"),
        (other(kernel=1).state_dict(), r"0.weight \(3, 2, 1, 1\).*allowed is the state dict of a CNN"),
        (other(image=(5, 4, 1)), r"has Conv2d\(1, 3.* but images \(5, 4, 2\) have 2 channels"),
        (nn.Sequential(nn.Linear(40, 3), nn.ReLU(), nn.Linear(3, 4)), "the network is an MLP 40-3-4; this generator"),
        (
            {name: tensor / 0 for name, tensor in other().state_dict().items()},
            "numbers in '0.weight' that are NaN or infinite",
        ),
        (nn.Sequential(*list(other())[:1], *list(other())[2:]), "computes something else than the CNN"),
    ],
)
def test_networks_of_another_shape_are_refused(of_convolutional: Generator, network: object, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        of_convolutional.forget(network, [5])
    assert "\n" not in str(raised.value)


def test_a_perceptrons_generator_refuses_convolutions(generator: Generator, convolutional: nn.Sequential) -> None:
    with pytest.raises(UserError, match=r"has '0.weight', of shape \(3, 2, 3, 3\); allowed is a perceptron"):
        generator.forget(convolutional, [5])


def test_a_folder_gives_the_same_generator_back_and_its_card_says_what_networks_read(
    of_convolutional: Generator, convolutional: nn.Sequential, tmp_path: Path
) -> None:
    write_generator(tmp_path, of_convolutional)
    read = hyperforget.load(tmp_path)
    assert read.layout == LAYOUT
    expected = of_convolutional.forget(convolutional, [5]).state_dict()
    torch.testing.assert_close(read.forget(convolutional, [5]).state_dict(), expected, rtol=0, atol=0)
    told = json.loads((tmp_path / CONFIG).read_text())["network"]
    assert told == {
        "kind": "convolutional", "image": [5, 4, 2], "channels": [3, 4], "kernel": 3, "stride": 2, "outputs": 4
    }  # fmt: skip
    card = model_card(read.description)
    assert "classifiers (CNN 5x4x2-3-4-4 (3x3/2), ReLU)" in card
    assert "Networks read images (B, 2, 5, 4), channels before height and width, from 0 to 12 in the dataset" in card


@pytest.mark.parametrize(
    "network",
    [
        {"kind": "recurrent"},
        {"kind": "convolutional", "image": [5, 4], "channels": [3], "kernel": 3, "stride": 2, "outputs": 4},
        {"kind": "convolutional", "image": [5, 4, 1], "channels": [3, 4], "kernel": 3, "stride": 2, "outputs": 4},
    ],
)
def test_a_description_of_no_such_network_is_damaged(of_convolutional: Generator, network: dict[str, object]) -> None:
    text = of_convolutional.description.model_copy(update={"network": network}).model_dump_json()
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        read_description(text, "config.json")


def forget(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["forget", *map(str, arguments)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def test_files_are_answered_by_files(
    of_convolutional: Generator,
    convolutional: nn.Sequential,
    images: Data,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_generator(tmp_path / "mine", of_convolutional)
    save_file(convolutional.state_dict(), "network.safetensors")
    for name, array in (("first", images[0]), ("last", images[0].transpose(0, 2, 3, 1))):
        np.savez(f"{name}.npz", images=array, labels=images[1])
    np.savez("wrong.npz", images=images[0].transpose(0, 1, 3, 2), labels=images[1])
    asked = ("network.safetensors", "--classes", "5,11", "--with", "mine")
    forget(*asked, "-o", "out.safetensors")
    expected = of_convolutional.forget(convolutional, [5, 11]).state_dict()
    torch.testing.assert_close(load_file("out.safetensors"), dict(expected), rtol=0, atol=0)
    first, last = (forget(*asked, "-o", f"{name}.pt", "--data", f"{name}.npz").stdout for name in ("first", "last"))
    assert first.replace("first", "") == last.replace("last", "")
    told = forget(*asked, "-o", "wrong.pt", "--data", "wrong.npz", status=2).stderr
    assert "images are of shape (80, 2, 4, 5); allowed of a CNN 5x4x2-3-4-4 (3x3/2) are (B, 2, 5, 4)" in told
    save_file(other(kernel=1).state_dict(), "other.safetensors")
    told = forget("other.safetensors", *asked[1:], "-o", "wrong.pt", status=2).stderr
    assert "0.weight (3, 2, 1, 1)" in told
    assert "allowed is the state dict of a CNN 5x4x2" in told
    assert not Path("wrong.pt").exists()


def test_what_the_document_shows_runs(
    make_generator: Callable[..., Generator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layout = ConvolutionalLayout((8, 8, 1), (8, 16), 3, 2, 4)
    write_generator(tmp_path / "results" / "digits-cnn" / "dihyfo-1" / "generator", make_generator(of=layout))
    torch.save(layout.module().state_dict(), "mine.pt")
    text = (Path(__file__).parents[2] / "docs" / "own-networks.md").read_text(encoding="utf-8")
    section = text.split("## Deeper and convolutional networks\n")[1].split("\n## ")[0]
    [code] = [part.split("```")[0] for part in section.split("```python\n")[1:]]
    names: dict[str, Any] = {}
    exec(code.replace("Linear(16, 10)", "Linear(16, 4)").replace("[2, 3]", "[5, 11]"), names)
    for made in (names["forgotten"], names["new"]):
        assert made(torch.zeros(2, 1, 8, 8)).shape == (2, 4)
