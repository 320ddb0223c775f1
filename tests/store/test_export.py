"""Exports: loaded here by other libraries alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
import zarr
from safetensors import safe_open

from hyperforget.errors import UserError
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward
from hyperforget.networks.kinds import stored_attributes
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.store.export import export_networks, layout_of
from hyperforget.store.objects import StoredObject
from tests.store.conftest import Run

SUFFIXES = (".safetensors", ".npz", ".zarr.zip")


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    if path.name.endswith(".safetensors"):
        with safe_open(path, framework="numpy") as file:
            return safetensors.numpy.load_file(path), json.loads(file.metadata()["metadata"])
    if path.name.endswith(".npz"):
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        return arrays, json.loads(str(arrays.pop("metadata")))
    group = zarr.open_group(zarr.storage.ZipStore(path, mode="r"), mode="r")
    return {name: np.asarray(array[...]) for name, array in group.arrays()}, dict(group.attrs)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["networks", "shard-0"])
def test_all_arrays_and_metadata_come_out(run: Run, tmp_path: Path, suffix: str, name: str) -> None:
    target = tmp_path / "new" / f"networks{suffix}"
    export_networks(run.store, run.objects[name], target)
    arrays, metadata = load(target)
    stored = run.store.read(run.objects[name])
    assert sorted(arrays) == sorted(stored.arrays)
    for each, array in stored.arrays.items():
        assert arrays[each].dtype == array.dtype
        np.testing.assert_array_equal(arrays[each], array)
    assert metadata["object_id"] == stored.id
    assert metadata["kind"] == stored.kind
    assert {key: metadata[key] for key in stored.attributes} == stored.attributes
    assert list(target.parent.iterdir()) == [target]
    before = target.read_bytes()
    export_networks(run.store, run.objects[name], target)
    assert target.read_bytes() == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_network_is_rebuilt_from_the_file_alone(run: Run, tmp_path: Path, suffix: str) -> None:
    export_networks(run.store, run.objects["networks"], tmp_path / f"networks{suffix}")
    arrays, metadata = load(tmp_path / f"networks{suffix}")
    params = torch.from_numpy(arrays["params"])
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2))
    images = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    for row, expected in enumerate(forward(Networks(params, PerceptronLayout((3, 2, 2))), images)):
        state = {
            entry["name"]: params[row, entry["offset"] :][: int(np.prod(entry["shape"]))].view(entry["shape"])
            for entry in metadata["layout"]
        }
        network.load_state_dict(state)
        torch.testing.assert_close(network(images), expected)


@pytest.mark.parametrize("sizes", [[3, 2, 2], [64, 7, 10], [5, 4, 3, 2]])
def test_the_layout_is_that_of_the_networks(sizes: list[int]) -> None:
    parameters = PerceptronLayout(tuple(sizes)).parameters
    expected = [{"name": p.name, "shape": list(p.shape), "offset": p.offset} for p in parameters]
    assert layout_of(StoredObject("0" * 64, "networks", {"sizes": sizes}, {})) == expected


def test_the_layout_of_other_kinds_is_told_by_the_object() -> None:
    layout = ConvolutionalLayout((8, 8, 1), (3, 4), 3, 2, 5)
    stored = StoredObject("0" * 64, "networks", json.loads(json.dumps(stored_attributes(layout))), {})
    expected = [{"name": p.name, "shape": list(p.shape), "offset": p.offset} for p in layout.parameters]
    assert layout_of(stored) == expected


def test_wrong_requests_leave_the_target_alone(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "a.npz"
    target.write_text("mine")
    with pytest.raises(UserError, match=r"has none of the endings .*; did you mean '\.safetensors'"):
        export_networks(run.store, run.objects["networks"], tmp_path / "a.safetensor")
    with pytest.raises(UserError, match=r"corpus .* cannot be exported; only networks and segment .* by its token"):
        export_networks(run.store, run.objects["corpus"], target)
    with pytest.raises(UserError, match="is missing from store"):
        export_networks(run.store, "0" * 64, target)
    bare = run.store.publish("networks", {"params": np.zeros((1, 2))}, {})
    with pytest.raises(UserError, match=f"networks {bare} does not name the sizes of its layers"):
        export_networks(run.store, bare, target)
    assert target.read_text() == "mine"
    assert list(tmp_path.glob("*.partial")) == list(tmp_path.glob("a.s*")) == []
