"""Convolutional modules of other people, read as networks, against what torch makes of them."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from hyperforget.errors import UserError
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward
from hyperforget.networks.given import network_of, read_network
from hyperforget.networks.perceptron import PerceptronLayout
from tests.networks.test_networks import CONVOLUTIONAL

IMAGE = (6, 5, 2)
LAYOUT = ConvolutionalLayout(IMAGE, (4, 3), 3, 2, 3)


def sequential(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3))


class Mine(nn.Module):
    """Names that sort the wrong way round, functions instead of layers, and double precision."""

    def __init__(self, first: nn.Module | None = None, second: nn.Module | None = None) -> None:
        super().__init__()
        self.z = first or nn.Conv2d(2, 4, 3, 2, padding=1)
        self.y = second or nn.Conv2d(4, 3, 3, stride=(2, 2), padding=(1, 1))
        self.out = nn.Linear(3, 3)
        self.double()

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.out(self.y(self.z(images).relu()).relu().mean(dim=(2, 3)))
        return answers


@given(CONVOLUTIONAL, st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None, database=None)
def test_modules_of_every_layout_are_read_back(layout: ConvolutionalLayout, seed: int) -> None:
    torch.manual_seed(seed)
    module, images = layout.module(), torch.randn(5, layout.inputs)
    found = network_of(module, image=layout.image)
    assert found.networks.layout == layout
    state = found.state_dict(found.networks.params[0])
    assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())
    expected = module(layout.images_of_modules(images))
    torch.testing.assert_close(forward(found.networks, images)[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("like", [None, LAYOUT, PerceptronLayout((60, 4, 3))], ids=str)
def test_whatever_a_module_calls_its_layers(like: ConvolutionalLayout | None) -> None:
    module, images = Mine(), torch.randn(5, *IMAGE)
    found = network_of(module, like=like, image=IMAGE)
    assert found.networks.layout == LAYOUT
    assert found.names[:2] == ("z.weight", "z.bias")
    expected = module(images.permute(0, 3, 1, 2).double()).float()
    torch.testing.assert_close(forward(found.networks, images.flatten(1))[0], expected, rtol=1e-4, atol=1e-4)


def test_a_module_of_another_stride_keeps_it_whatever_is_expected() -> None:
    module = ConvolutionalLayout(IMAGE, (4, 3), 3, 1, 3).module()
    assert network_of(module, like=LAYOUT).networks.layout == ConvolutionalLayout(IMAGE, (4, 3), 3, 1, 3)


def test_a_perceptron_stays_one_beside_images() -> None:
    module = nn.Sequential(nn.Linear(60, 4), nn.ReLU(), nn.Linear(4, 3))
    for each in (module, module.state_dict()):
        assert network_of(each, like=LAYOUT, image=IMAGE).networks.layout == PerceptronLayout((60, 4, 3))


def test_a_state_dict_is_of_the_layout_that_it_should_be_like() -> None:
    module = Mine()
    found = network_of(module.state_dict(), like=LAYOUT)
    assert torch.equal(found.networks.params, network_of(module, image=IMAGE).networks.params)


@pytest.mark.parametrize("text", ["{", "resnet", '{"kind": "resnet"}', "[" * 100_000])
def test_a_file_that_tells_its_layout_needs_no_other(tmp_path: Path, text: str) -> None:
    module, path = LAYOUT.module(), tmp_path / "network.safetensors"
    told = {"network": json.dumps(LAYOUT.attributes["network"])}
    save_file(module.state_dict(), path, told)
    other = ConvolutionalLayout(IMAGE, (4, 3), 3, 1, 3)
    for like in (None, other):
        assert read_network(path, like)[0].networks.layout == LAYOUT
    save_file(module.state_dict(), path, {"network": text})
    assert read_network(path, other)[0].networks.layout == other


FIRST, SECOND = nn.Conv2d(2, 4, 3, 2, 1), nn.Conv2d(4, 3, 3, 2, 1)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Mine(second=nn.Conv2d(4, 3, 5, 2, 2)), r"a convolution with kernel_size \(5, 5\) beside one of 3; allow"),
        (Mine(first=nn.Conv2d(2, 4, 2, 2, 1)), r"kernel_size \(2, 2\); allowed are convolutions with a bias"),
        (Mine(first=nn.Conv2d(2, 4, (3, 1), 2, 1)), r"kernel_size \(3, 1\)"),
        (Mine(second=nn.Conv2d(4, 3, 3, 1, 1)), r"stride \(1, 1\) beside one of 2"),
        (Mine(first=nn.Conv2d(2, 4, 3, (2, 1), 1)), r"stride \(2, 1\);"),
        (Mine(first=nn.Conv2d(2, 4, 3, 2)), r"padding \(0, 0\) \(zeros\)"),
        (Mine(first=nn.Conv2d(2, 4, 3, 2, 1, padding_mode="reflect")), r"padding \(1, 1\) \(reflect\)"),
        (Mine(second=nn.Conv2d(4, 3, 3, 2, 1, bias=False)), "a convolution with no bias"),
        (Mine(first=nn.Conv2d(2, 4, 3, 2, 1, groups=2)), r"dilation \(1, 1\) and groups 2"),
        (Mine(first=nn.Conv2d(1, 4, 3, 2, 1)), r"Conv2d\(1, 4.* but images \(6, 5, 2\) have 2 channels"),
        (Mine(second=nn.Conv2d(3, 3, 3, 2, 1)), r"Conv2d\(3, 3.* but the layer before it gives 4 channels"),
        (Mine(nn.Conv2d(2, 4, 7, 2, 3), nn.Conv2d(4, 3, 7, 2, 3)), "kernels of 7 x 7 numbers, larger than images of 6"),
        (nn.Sequential(FIRST, nn.ReLU(), SECOND, nn.ReLU(), nn.Flatten()), "has 0 linear layers beside convolutions"),
        (sequential(FIRST, nn.ReLU(), SECOND), r"computes something else than the CNN 6x5x2-4-3-3 \(3x3/2\)"),
        (sequential(FIRST, nn.BatchNorm2d(4), nn.ReLU(), SECOND, nn.ReLU()), "allowed is the state dict of a CNN 6x5"),
        (
            nn.Sequential(FIRST, nn.ReLU(), SECOND, nn.ReLU(), nn.Flatten(), nn.Linear(12, 3)),
            r"has Linear\(in_features=12.* but the layer before it gives 3 channels",
        ),
    ],
)  # fmt: skip
def test_what_no_layout_has_is_told_by_one_sentence(module: nn.Module, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        network_of(module, "mine", image=IMAGE)
    assert str(raised.value).startswith("mine has") or "computes something else" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_images_without_height_and_width_are_told() -> None:
    with pytest.raises(UserError, match="images of 60 numbers have no height and width; allowed are images"):
        network_of(Mine(), image=(60,))


def test_tensors_that_fit_no_layout_are_told_by_one_sentence() -> None:
    state = Mine().state_dict()
    with pytest.raises(UserError, match=r"'z.weight', of shape \(4, 2, 3, 3\); allowed is a perceptron"):
        network_of(state)
    with pytest.raises(UserError, match=r"allowed is the state dict of a CNN 6x5x2-4-3-3 \(3x3/2\), as 0.weight"):
        network_of(state | {"out.weight": torch.ones(3, 4)}, like=LAYOUT)
    with pytest.raises(UserError, match=r"text \(\); allowed is the state dict"):
        network_of(state | {"text": "hello"}, like=LAYOUT)
    with pytest.raises(UserError, match=r"numbers in 'out\.bias' that are NaN or infinite"):
        network_of(state | {"out.bias": torch.full((3,), torch.inf)}, like=LAYOUT)


def test_images_are_taken_in_torchs_order_and_in_that_of_pictures() -> None:
    pictures = torch.randn(3, *IMAGE)
    for images in (pictures, pictures.permute(0, 3, 1, 2), pictures.flatten(1)):
        assert torch.equal(LAYOUT.flat_images(images), pictures.flatten(1))
    assert torch.equal(LAYOUT.images_of_modules(pictures.flatten(1)), pictures.permute(0, 3, 1, 2))
    grey, squares = ConvolutionalLayout((6, 5, 1), (4,), 3, 1, 3), torch.randn(3, 6, 5)
    for images in (squares, squares.unsqueeze(1), squares.unsqueeze(3), squares.flatten(1)):
        assert torch.equal(grey.flat_images(images), squares.flatten(1))
    for images in (squares.transpose(1, 2), squares.flatten(), pictures):
        with pytest.raises(
            UserError, match=r"allowed of a CNN 6x5-4-3 .* are \(B, 1, 6, 5\), \(B, 6, 5, 1\) and, flat"
        ):
            grey.flat_images(images)


def test_each_kind_says_what_its_modules_read() -> None:
    assert LAYOUT.reads == "images (B, 2, 6, 5), channels before height and width"
    assert PerceptronLayout((60, 4, 3)).reads == "images of 60 pixels, flattened row by row"
    assert (LAYOUT.named[:5], PerceptronLayout((60, 4, 3)).named) == ("a CNN", "an MLP 60-4-3")
