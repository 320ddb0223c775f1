"""What the pad holds: the networks that were handed over, bit by bit, and nothing twice."""

import base64
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from hyperforget.config import load_config
from hyperforget.config.report_specs import ReportSpec
from hyperforget.config.slices import report_spec
from hyperforget.errors import UserError
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.report import pad as module
from hyperforget.report.pad import GROUPS, NOT_DIGITS, Pad, gather_pad, page_json
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import load_candidates
from tests.report.synthetic_networks import make_networks
from tests.report.synthetic_results import TASKS, as_spec

METHODS = ["dihyfo-1", "retrained", "bias"]
TOLD = {**TASKS["digits-4"], "handwritten_digits": True}
LAYOUTS = [PerceptronLayout((64, 5, 3, 4)), ConvolutionalLayout((8, 8, 1), (3, 2), 3, 2, 4)]


def spec_with(**changes: Any) -> ReportSpec:
    return as_spec(
        {
            "tasks": {"digits-4": {**TOLD, **changes}},
            "models": ["dihyfo-1"],
            "methods": METHODS,
            "protocol": "validation",
        }
    )


@pytest.fixture(scope="module", params=LAYOUTS, ids=["perceptron", "convolutional"])
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pad")
    make_networks(folder, "digits-4", TOLD, request.param, METHODS)
    return folder


def gathered(results: Path, **changes: Any) -> Pad:
    return gather_pad(spec_with(**changes), results, Store(results / "store"))


def numbers(task: dict[str, Any], places: list[int]) -> list[np.ndarray]:
    kind = f"<f{task['bits']['networks'] // 8}"
    return [np.frombuffer(base64.b64decode(task["blobs"][place]), kind) for place in places]


def test_networks_are_those_that_were_handed_over_and_the_original_the_chosen_one(results: Path) -> None:
    (task,) = gathered(results).tasks
    for method, networks in task["networks"].items():
        for forget, places in networks.items():
            handed = load_file(results / "digits-4" / method / f"forget-{forget}.safetensors")
            for tensor, found in zip(task["tensors"], numbers(task, places), strict=True):
                assert tuple(tensor["shape"]) == handed[tensor["name"]].shape
                np.testing.assert_array_equal(found, handed[tensor["name"]].ravel())
    stored = load_candidates(Store(results / "store"), results / "digits-4" / "original.json")
    original = np.concatenate(numbers(task, task["original"]))
    assert stored.chosen == 1
    assert torch.equal(torch.from_numpy(original), stored.candidates.networks.params[1])


def test_equal_tensors_stand_once(results: Path) -> None:
    (task,) = gathered(results).tasks
    assert len(task["blobs"]) == len(set(task["blobs"]))
    for places in task["networks"]["bias"].values():
        assert places[:-1] == task["original"][:-1]
        assert places[-1] != task["original"][-1]


def test_weights_come_before_biases_and_layers_in_their_order(results: Path) -> None:
    (task,) = gathered(results).tasks
    names = [tensor["name"] for tensor in task["tensors"]]
    assert names == sorted(names, key=lambda name: (int(name.split(".")[0]), name.endswith("bias")))


def test_examples_are_test_images_of_their_class(results: Path) -> None:
    (task,) = gathered(results).tasks
    assert [len(task["examples"][label]) for label in task["labels"]] == [4, 4, 4, 4]
    stored = Store(results / "store").read(read_token(results / "digits-4" / "dataset.json").object_id)
    for label in task["labels"]:
        images = stored.arrays["test_images"][stored.arrays["test_labels"] == label]
        assert [base64.b64decode(text) for text in task["examples"][label]] == [image.tobytes() for image in images]


def test_what_has_no_room_is_rounded_and_what_is_too_large_left_out(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (exact,) = gathered(results).tasks
    size = sum(array.nbytes for array in numbers(exact, list(range(len(exact["blobs"])))))
    monkeypatch.setattr(module, "_MOST_BYTES", size - 1)
    (rounded,) = gathered(results).tasks
    assert (exact["bits"]["networks"], rounded["bits"]["networks"]) == (32, 16)
    for before, after in zip(*(numbers(task, task["original"]) for task in (exact, rounded)), strict=True):
        np.testing.assert_array_equal(before.astype("<f2"), after)
    monkeypatch.setattr(module, "_MOST_BYTES", size // 2 - 1)
    none = gathered(results)
    assert none.tasks == []
    assert "no room" in none.left_out[0].reason


@pytest.mark.parametrize(
    ("changes", "reason"), [({"groups": ["0", "1"]}, GROUPS), ({"handwritten_digits": False}, NOT_DIGITS)]
)
def test_tasks_without_digits_are_left_out_with_the_reason(results: Path, changes: dict[str, Any], reason: str) -> None:
    pad = gathered(results, **changes)
    assert (pad.tasks, pad.left_out[0].reason) == ([], reason)


def test_a_network_that_is_missing_or_damaged_is_named(results: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(results, tmp_path / "results")
    path = copy / "digits-4" / "bias" / "forget-2-3.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=r"bias/forget-2-3\.safetensors is no network"):
        gathered(copy)
    path.unlink()
    with pytest.raises(UserError, match=r"bias/forget-2-3\.safetensors is missing"):
        gathered(copy)


def test_the_extent_of_digits_is_the_longer_side_of_their_ink() -> None:
    images = np.zeros((3, 10, 10), dtype=bool)
    images[0, 2:8, 4] = images[1, 3, 1:9] = images[2, 5, 5] = True
    assert module._extent(images) == 0.6


def test_json_ends_no_script() -> None:
    assert page_json({"a": "</script>"}) == '{"a":"\\u003c/script>"}'


@pytest.mark.parametrize(
    ("dataset", "drawn"),
    [
        ({"source": "digits"}, True),
        ({"source": "torchvision", "name": "MNIST"}, True),
        ({"source": "torchvision", "name": "FashionMNIST"}, False),
        ({"source": "openml", "name": "letters"}, False),
    ],
)
def test_which_images_are_digits_the_configuration_tells(dataset: dict[str, Any], drawn: bool) -> None:
    task = {"dataset": dataset, "classes": [0, 1, 2], "hidden": [2], "pivots": [0], "forget": ["2"]}
    spec = report_spec(load_config({"tasks": {"some": task}, "models": {"dihyfo-1": {}}}), {})
    assert spec.tasks[0].handwritten_digits is drawn
