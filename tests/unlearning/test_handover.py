"""Handing a network over, to be read without code of ours."""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from hyperforget.data.splits import TaskData
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.unlearning.candidates import Candidates, make_candidates
from hyperforget.unlearning.handover import export_chosen
from tests.unlearning.conftest import generator

ATTRIBUTES = {"task": "toy", "method": "dihyfo-1", "forget": "2"}


def test_the_exported_network_needs_no_code_of_ours(tmp_path: Path, batch: Candidates, data: TaskData) -> None:
    path = tmp_path / "new" / "forget-2.safetensors"
    export_chosen(path, batch, 4, data, ATTRIBUTES)
    network = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    network.load_state_dict(load_file(path))
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata == {**ATTRIBUTES, "sizes": "6-5-3", "labels": "2-5-11", "mean": "4.9", "std": "6.1"}
    pixels = data.test.images * 6.1 + 4.9
    with torch.no_grad():
        found = network((pixels - float(metadata["mean"])) / float(metadata["std"]))
    expected = forward(batch.networks[[4]], data.test.images)[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_deeper_networks_are_exported_too(tmp_path: Path, data: TaskData) -> None:
    deep = PerceptronLayout((6, 5, 4, 3))
    batch = make_candidates(initialise(deep, 2, generator()), data.validation)
    export_chosen(tmp_path / "deep.safetensors", batch, 1, data, ATTRIBUTES)
    network = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    network.load_state_dict(load_file(tmp_path / "deep.safetensors"))
    expected = forward(batch.networks[[1]], data.test.images)[0]
    torch.testing.assert_close(network(data.test.images).detach(), expected, atol=1e-5, rtol=1e-5)


def test_the_exported_file_is_the_same_each_time(tmp_path: Path, batch: Candidates, data: TaskData) -> None:
    contents = set()
    for copy in range(5):
        export_chosen(tmp_path / f"{copy}.safetensors", batch, 4, data, ATTRIBUTES)
        contents.add((tmp_path / f"{copy}.safetensors").read_bytes())
    assert len(contents) == 1
