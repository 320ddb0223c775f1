"""``hyperforget what-if``: what it writes, prints and refuses."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import save_file
from torch import nn
from typer.testing import CliRunner, Result

import hyperforget
from hyperforget.cli.main import app
from hyperforget.data.splits import load_task_data, publish_task_data
from hyperforget.generator.folder import write_generator
from hyperforget.generator.generator import Generator
from hyperforget.networks.given import join_networks, network_of
from hyperforget.store.store import Store
from hyperforget.unlearning.candidates import make_candidates, publish_candidates
from tests.generator.conftest import build, data, generator, layout, make_generator, network

# Fixtures.
__all__ = ["build", "data", "generator", "layout", "make_generator", "network"]

GIVEN = ("mine", "--network", "network.safetensors", "--data", "data.npz")


@pytest.fixture(autouse=True)
def folder(
    tmp_path: Path,
    generator: Generator,
    network: nn.Sequential,
    data: tuple[np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with a generator, a network, and data; the shell is in it."""
    monkeypatch.chdir(tmp_path)
    write_generator(tmp_path / "mine", generator)
    save_file(network.state_dict(), tmp_path / "network.safetensors")
    np.savez(tmp_path / "data.npz", images=data[0], labels=data[1])
    return tmp_path


def what_if(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["what-if", *map(str, arguments)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def test_every_set_has_a_row_as_requests_give_it(network: nn.Sequential, data: tuple[np.ndarray, np.ndarray]) -> None:
    printed = what_if(*GIVEN, "-o", "sets.csv").stdout
    assert printed.startswith("wrote sets.csv\n3 sets of 2 classes")
    table = pd.read_csv("sets.csv", keep_default_na=False)
    # Of the third free class no checkpoint shows how it is forgotten.
    assert table["forget"].tolist() == ["", "5", "11", "5-11"]
    loaded = hyperforget.load("mine")
    for row, classes in ((1, [5]), (2, [11]), (3, [5, 11])):
        found = loaded.accuracies(loaded.forget(network, classes), data)
        assert [table[f"accuracy_{label}"][row] for label in found] == pytest.approx(list(found.values()))
    assert sorted(path.name for path in Path().iterdir()) == ["data.npz", "mine", "network.safetensors", "sets.csv"]


def test_parquet_tells_what_was_asked(network: nn.Sequential, data: tuple[np.ndarray, np.ndarray]) -> None:
    pytest.importorskip("pyarrow", reason="no pyarrow: pip install pyarrow")
    what_if(*GIVEN, "-o", "sets.parquet", "--seed", 2)
    told = pd.read_parquet("sets.parquet").attrs
    assert (told["task"], told["seed"], told["free"], told["images"]) == ("shapes", 2, [5, 11], [20] * 4)
    found = hyperforget.load("mine").accuracies(network, data)
    assert told["before"] == pytest.approx({str(label): value for label, value in found.items()})


def test_one_set_is_told_beside_what_was_before(network: nn.Sequential, data: tuple[np.ndarray, np.ndarray]) -> None:
    lines = what_if(*GIVEN, "--classes", "5,11").stdout.splitlines()
    loaded = hyperforget.load("mine")
    before, after = (loaded.accuracies(each, data) for each in (network, loaded.forget(network, [5, 11])))
    assert [line.split() for line in lines] == [
        ["class", "before", "without"],
        *([str(label), f"{before[label]:.4f}", f"{after[label]:.4f}"] for label in before),
    ]
    told = json.loads(what_if(*GIVEN, "--classes", "5,11", "--json").stdout)
    [answer] = told["answers"]
    assert answer["forget"] == "5-11"
    assert [answer[f"accuracy_{label}"] for label in after] == pytest.approx(list(after.values()))


def test_a_run_gives_its_original_network_and_its_test_images(
    folder: Path, generator: Generator, network: nn.Sequential, data: tuple[np.ndarray, np.ndarray]
) -> None:
    run, store = folder / "results" / "shapes", Store(folder / "results" / "store")
    write_generator(run / "mine" / "generator", generator)
    images, places = data[0].reshape(80, 6), np.arange(80) % 4
    arrays = {
        f"{split}_{name}": values
        for split in ("train", "validation", "test")
        for name, values in (("images", images), ("labels", places))
    }
    publish_task_data(store, run / "dataset.json", arrays, {"labels": [2, 5, 11, 13], "mean": 5.0, "std": 3.0})
    candidates = make_candidates(join_networks([network_of(network)]), load_task_data(store, run / "dataset.json").test)
    publish_candidates(store, run / "original.json", candidates, 0, {"task": "shapes"})
    expected = what_if(*GIVEN, "--classes", "5").stdout
    assert what_if("results", "--classes", "5").stdout == expected
    assert what_if(run / "mine" / "generator", "--classes", "5").stdout == expected


def test_other_pixels_of_the_network_are_said(network: nn.Sequential) -> None:
    plain = what_if(*GIVEN, "--classes", "5").stdout
    assert what_if(*GIVEN, "--classes", "5", "--normalisation", "5,3").stdout == plain
    assert what_if(*GIVEN, "--classes", "5", "--normalisation", "0,1").stdout != plain


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("mine",), "no file for the table: name one with --output, or --classes"),
        ((*GIVEN, "-o", "sets.txt"), "ends in '.txt'; allowed are .parquet, .csv"),
        ((*GIVEN, "-o", "data.csv"), "data.csv exists; name another file, or say --overwrite"),
        ((*GIVEN, "--classes", "two"), "--classes is 'two'"),
        ((*GIVEN, "--classes", "13"), "class 13 is known to all networks that it learned from"),
        (("mine", "--data", "data.npz", "--classes", "5"), "in no results of a run that made it; say --network FILE"),
        ((*GIVEN[:3], "--classes", "5"), "in no results of a run that made it; say --data FILE"),
        (("nowhere", "--classes", "5"), "nowhere is no folder"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[object, ...], sentence: str) -> None:
    Path("data.csv").touch()
    printed = what_if(*arguments, status=2).output
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1
    assert sentence in printed
