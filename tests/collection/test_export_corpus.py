"""A whole corpus as one file, opened by other libraries alone."""

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from hyperforget.cli.main import app
from hyperforget.collection import export
from hyperforget.collection.dataset import corpus
from hyperforget.collection.export import export_corpus
from hyperforget.collection.stored import find_corpus
from hyperforget.errors import UserError
from hyperforget.networks.convolutional import ConvolutionalLayout
from tests.collection.small_corpus import IMAGES, LABELS, SAVED, make_corpus, segment
from tests.store.test_export import load

SUFFIXES = (".npz", ".zarr.zip")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_all_runs_of_all_segments_come_out_without_padding(task: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "new" / f"digits{suffix}"
    assert export_corpus(find_corpus(task), target) == sum(map(sum, SAVED))
    arrays, _ = load(target)
    segments = [segment(seed) for seed in range(len(SAVED))]
    held = [arrays["saved"][:, None] > np.arange(4) for arrays in segments]
    for name, source in (("params", "theta"), ("losses", "loss"), ("correct", "correct"), ("step", "step")):
        joined = np.concatenate([arrays[source][mask] for arrays, mask in zip(segments, held, strict=True)])
        np.testing.assert_array_equal(arrays[name], joined)
    for name in ("switch", "rate_before", "rate_after", "learning_rate", "recipe"):
        np.testing.assert_array_equal(arrays[name], np.concatenate([arrays[name] for arrays in segments]))
    assert np.bincount(arrays["run"]).tolist() == list(sum(SAVED, ()))
    np.testing.assert_array_equal(arrays["start"], arrays["step"] == 0)
    assert (tuple(arrays["labels"]), tuple(arrays["images"])) == (LABELS, IMAGES)
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_file_says_what_is_in_it(task: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"digits{suffix}"
    export_corpus(find_corpus(task), target)
    arrays, about = load(target)
    assert set(about["arrays"]) == set(arrays)
    for name, note in about["arrays"].items():
        assert note["unit"]
        assert note["description"]
        assert len(note["dimensions"]) == arrays[name].ndim
    first = {p["name"]: arrays["params"][0, p["offset"] :][: np.prod(p["shape"])] for p in about["layout"]}
    own = corpus(task, starts=True)
    for name, tensor in own.layout.state_dict(own[0][0]).items():
        np.testing.assert_array_equal(first[name], tensor.flatten())
    assert (about["kind"], about["task"], about["measured_on"]) == ("corpus", "digits", "validation")
    assert about["pixels"] == {"mean": 5.0, "std": 6.0}
    before = target.read_bytes()
    export_corpus(find_corpus(task), target)
    assert target.read_bytes() == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_of_convolutional_networks_it_says_all_that_a_module_needs(tmp_path: Path, suffix: str) -> None:
    layout = ConvolutionalLayout((8, 8, 1), (4, 6), 3, 2, 10)
    task, target = make_corpus(tmp_path, layout=layout), tmp_path / f"digits{suffix}"
    own = corpus(task)
    assert own.layout == layout
    module = own.layout.module()
    module.load_state_dict(own.layout.state_dict(own[3][0]))
    images = torch.randn(5, 1, 8, 8)
    export_corpus(find_corpus(task), target)
    arrays, about = load(target)
    network = about["network"]
    assert (network["kind"], network["image"], network["outputs"]) == ("convolutional", [8, 8, 1], 10)
    made: list[nn.Module] = []
    for inputs, outputs in zip([1, *network["channels"]], network["channels"], strict=False):
        border = (network["kernel"] - 1) // 2
        made += [nn.Conv2d(inputs, outputs, network["kernel"], network["stride"], border), nn.ReLU()]
    last = nn.Linear(network["channels"][-1], network["outputs"])
    by_hand = nn.Sequential(*made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
    flat = torch.from_numpy(arrays["params"][~arrays["start"]][3])
    parameters = {p["name"]: flat[p["offset"] :][: math.prod(p["shape"])].view(p["shape"]) for p in about["layout"]}
    by_hand.load_state_dict(parameters)
    torch.testing.assert_close(by_hand(images), module(images))


def test_rows_are_those_of_the_data_set(task: Path, tmp_path: Path) -> None:
    export_corpus(find_corpus(task), tmp_path / "digits.npz")
    arrays, _ = load(tmp_path / "digits.npz")
    own = corpus(task, "loss", starts=True)
    assert torch.from_numpy(arrays["params"]).equal(own.parameters(torch.arange(len(own))))
    for name, values in (("losses", own.performance), ("run", own.run), ("step", own.step), ("start", own.start)):
        np.testing.assert_array_equal(arrays[name], values)


def test_the_command_takes_the_token(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["store", "export", "results/digits/corpus.json"]
    printed = CliRunner().invoke(app, [*arguments, "digits.npz"])
    assert printed.exit_code == 0, printed.output
    text = (Path(__file__).parents[2] / "docs" / "corpus.md").read_text(encoding="utf-8")
    [shown] = [part.split("```")[0] for part in text.split("```python\n")[1:] if "numpy.load" in part]
    names: dict[str, Any] = {}
    exec(shown, names)
    assert names["accuracies"].max() <= 1
    assert names["first"]["2.weight"].shape == (10, 7)
    (tmp_path / "digits.safetensors").write_text("mine")
    refused = CliRunner().invoke(app, [*arguments, "digits.safetensors"])
    assert refused.exit_code == 2
    assert "has none of the endings .npz, .zarr.zip" in refused.output
    (copied / "dataset.json").unlink()
    refused = CliRunner().invoke(app, [*arguments, "again.npz"])
    assert refused.exit_code == 2
    assert "dataset.json does not exist" in refused.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.npz", "digits.safetensors", "results"]


def test_a_damaged_segment_leaves_the_target_alone(copied: Path, tmp_path: Path) -> None:
    target = tmp_path / "digits.npz"
    target.write_text("mine")
    for path in (copied.parent / "store" / "objects").rglob("theta/c/*/*/*"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="is damaged"):
        export_corpus(find_corpus(copied), target)
    assert target.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.npz", "results"]


def test_a_parquet_file_has_a_row_a_checkpoint_with_what_is_told_of_its_run(task: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="no pyarrow: pip install -e '.[parquet]'")
    target = tmp_path / "digits.parquet"
    for path in (target.with_suffix(".npz"), target):
        export_corpus(find_corpus(task), path)
    arrays, about = load(tmp_path / "digits.npz")
    table = parquet.read_table(target)
    assert table.num_rows == len(arrays["run"])
    assert parquet.ParquetFile(target).num_row_groups == len(SAVED)
    for name in table.column_names:
        of_run = about["arrays"][name]["dimensions"][0] == "run"
        expected = arrays[name][arrays["run"]] if of_run else arrays[name]
        np.testing.assert_array_equal(np.array(table[name].to_pylist(), expected.dtype), expected)
    assert set(table.column_names) == set(arrays) - {"labels", "images"}
    told = json.loads(table.schema.metadata[b"metadata"])
    assert told.pop("classes") == {name: arrays[name].tolist() for name in ("labels", "images")}
    assert told == about
    before = target.read_bytes()
    export_corpus(find_corpus(task), target)
    assert target.read_bytes() == before


def test_without_pyarrow_a_parquet_file_is_refused_before_anything_is_read(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else found(name))
    monkeypatch.setattr(export, "read_segments", None)
    with pytest.raises(UserError, match=r"needs pyarrow: pip install pyarrow; or name a .npz file"):
        export_corpus(find_corpus(task), tmp_path / "digits.parquet")
    assert list(tmp_path.iterdir()) == []
