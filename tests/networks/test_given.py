"""Modules, state dicts and files, as torch makes them, and what is none of these."""

import itertools
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from hyperforget.errors import UserError
from hyperforget.networks.forward import forward
from hyperforget.networks.given import join_networks, network_of, read_network
from hyperforget.networks.perceptron import PerceptronLayout


def sequential(*sizes: int) -> nn.Sequential:
    torch.manual_seed(sum(sizes))
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Named(nn.Module):
    """Names that sort the wrong way round."""

    def __init__(self, last: nn.Module | None = None) -> None:
        super().__init__()
        self.z_first, self.a_last, self.after = nn.Linear(6, 5), nn.Linear(5, 3), last or nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        answers: Tensor = self.after(self.a_last(self.z_first(images.flatten(1)).relu()))
        return answers


@pytest.mark.parametrize("module", [sequential(6, 5, 3), sequential(6, 4, 4, 4, 3), sequential(6, *[3] * 11), Named()])
def test_a_module_answers_as_its_flat_parameters_do(module: nn.Module) -> None:
    images = torch.randn(7, 6)
    for given in (module, module.state_dict()):
        found = network_of(given)
        torch.testing.assert_close(forward(found.networks, images)[0], module(images))


def test_a_state_dict_is_given_back_by_the_owners_names() -> None:
    found = network_of(Named())
    assert found.names == ("z_first.weight", "z_first.bias", "a_last.weight", "a_last.bias")
    wanted, other = found.networks.params[0] + 1, Named()
    other.load_state_dict(found.state_dict(wanted))
    assert torch.equal(network_of(other).networks.params[0], wanted)


def test_what_is_given_is_left_as_it_is() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.9), nn.Linear(3, 2)).train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    found = network_of(module)
    found.networks.params.zero_()
    assert module.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_log_probabilities_at_the_end_are_logits_as_well() -> None:
    assert network_of(Named(nn.LogSoftmax(-1))).networks.layout == PerceptronLayout((6, 5, 3))


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_files_hold_the_same_network(tmp_path: Path, suffix: str) -> None:
    module, path = sequential(6, *[3] * 11), tmp_path / f"network{suffix}"
    if suffix == ".pt":
        torch.save(module.state_dict(), path)
    else:
        save_file(module.state_dict(), path, {"mean": "4.5"})
    found, about = read_network(path)
    assert torch.equal(found.networks.params, network_of(module).networks.params)
    assert about == ({} if suffix == ".pt" else {"mean": "4.5"})


def test_networks_of_one_shape_are_joined_and_others_are_refused() -> None:
    two = [network_of(sequential(6, 5, 3)), network_of(Named())]
    assert join_networks(two).params.shape == (2, 53)
    with pytest.raises(UserError, match=r"network 1 is an MLP 6-4-3, and network 0 an MLP 6-5-3"):
        join_networks([two[0], network_of(sequential(6, 4, 3))])


def changed(**tensors: object) -> dict[str, object]:
    return {**sequential(6, 5, 3).state_dict(), **tensors}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "the network is of type int; allowed are a torch.nn.Module and its state dict"),
        ({}, "the network has no tensors"),
        (OrderedDict(changed(mask=torch.ones(3))), r"has 'mask', of shape \(3,\); allowed is a perceptron"),
        (changed(**{"0.weight": torch.ones(5, 6, 1, 1)}), r"'0.weight', of shape \(5, 6, 1, 1\)"),
        (changed(**{"0.weight": torch.ones(5, 6).int()}), r"'0.weight', of shape \(5, 6\)"),
        (changed(**{"0.weight": "text"}), r"'0.weight', a str"),
        (changed(**{"4.weight": torch.ones(2, 3)}), "'4.weight', and nothing else of '4'"),
        (changed(**{"2.weight": torch.ones(3, 4)}), r"2.weight \(3, 4\).* at least one hidden layer"),
        (changed(**{"0.bias": torch.ones(4)}), r"0.bias \(4,\)"),
        (nn.Linear(6, 3), r"weight \(3, 6\)|'weight'"),
        (changed(**{"0.bias": torch.tensor([0, 1, 2, 3, torch.nan])}), "numbers in '0.bias' that are NaN or infinite"),
        (Named(nn.Softmax(-1)), "computes something else than the MLP 6-5-3 of its tensors"),
        (Named(nn.Unflatten(1, (2, 2))), r"cannot be asked about images \(8, 6\)"),
    ],
)
def test_what_is_no_perceptron_is_told_by_one_sentence(given: nn.Module, message: str) -> None:
    with pytest.raises(UserError, match=message):
        network_of(given)


def test_files_that_are_no_state_dict_are_told_by_one_sentence(tmp_path: Path) -> None:
    whole, pickled, text = tmp_path / "whole.pt", tmp_path / "damaged.safetensors", tmp_path / "text.pt"
    torch.save(sequential(6, 5, 3), whole)
    pickled.write_bytes(b"\x80" * 40)
    text.write_text("hello")
    for path in (whole, text):
        with pytest.raises(UserError, match="no state dict that can be read without running code from it"):
            read_network(path)
    with pytest.raises(UserError, match="is damaged, or no safetensors file"):
        read_network(pickled)
    with pytest.raises(UserError, match="is no file; allowed is a state dict"):
        read_network(tmp_path / "none.pt")
