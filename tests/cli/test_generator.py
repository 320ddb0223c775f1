"""``hyperforget forget`` and ``export-generator``: what they write, print and refuse."""

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from typer.testing import CliRunner, Result

import hyperforget
from hyperforget.cli.main import app
from hyperforget.generator.folder import CONFIG, WEIGHTS, write_generator
from hyperforget.generator.generator import Generator
from hyperforget.generator.receipt import Receipt, schema
from tests.generator.conftest import build, data, generator, layout, make_generator, network

# Fixtures.
__all__ = ["build", "data", "generator", "layout", "make_generator", "network"]

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "receipt.schema.json"


@pytest.fixture
def folder(
    tmp_path: Path,
    generator: Generator,
    network: nn.Sequential,
    data: tuple[np.ndarray, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with a generator, a network in two files, and data; the shell is in it."""
    monkeypatch.chdir(tmp_path)
    write_generator(tmp_path / "mine", generator)
    save_file(network.state_dict(), tmp_path / "network.safetensors", {"made": "by hand"})
    torch.save(network.state_dict(), tmp_path / "network.pt")
    np.savez(tmp_path / "data.npz", images=data[0], labels=data[1])
    np.savez(tmp_path / "bytes.npz", images=data[0] * 255 / 12, labels=data[1])
    return tmp_path


def forget(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["forget", *map(str, arguments)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_file_gives_what_python_gives(folder: Path, network: nn.Sequential) -> None:
    printed = forget("network.safetensors", "--classes", "5,11", "--with", "mine", "-o", "out.safetensors").stdout
    assert "which has forgotten 5, 11" in printed
    expected = hyperforget.load("mine").forget(network, [5, 11])
    torch.testing.assert_close(load_file("out.safetensors"), dict(expected.state_dict()), rtol=0, atol=0)
    with safe_open("out.safetensors", "pt") as file:
        about = file.metadata()
    assert about == {"made": "by hand", "forgotten": "5-11", "generator": digest(f"mine/{WEIGHTS}")}
    forget("network.pt", "--classes", "5-11", "--with", "mine", "-o", "new/out.pt")
    again = torch.load("new/out.pt", weights_only=True)
    torch.testing.assert_close(again, dict(expected.state_dict()), rtol=0, atol=0)


def test_with_data_it_is_told_what_is_recognised_and_the_receipt_says_so(folder: Path, network: nn.Sequential) -> None:
    arguments = ("network.safetensors", "--classes", 5, "--with", "mine", "--data", "data.npz", "--receipt", "r.json")
    printed = forget(*arguments, "-o", "out.safetensors", "--seed", 4).stdout
    told = Receipt.model_validate_json(Path("r.json").read_text())
    assert (told.network.sha256, told.result.sha256) == (digest("network.safetensors"), digest("out.safetensors"))
    assert (told.request.classes, told.request.seed, told.request.normalisation) == ([5], 4, (5.0, 3.0))
    loaded = hyperforget.load("mine")
    assert told.generator.weights_sha256 == digest(f"mine/{WEIGHTS}")
    assert told.generator.lineage == loaded.description.lineage
    assert told.measured is not None
    arrays = np.load("data.npz")
    pair = arrays["images"], arrays["labels"]
    for shares, state in ((told.measured.before, network), (told.measured.after, load_file("out.safetensors"))):
        assert shares == {str(label): share for label, share in loaded.accuracies(state, pair).items()}
    assert told.measured.forgotten_after == told.measured.after["5"]
    others = [told.measured.after[label] for label in ("2", "11", "13")]
    assert told.measured.retained_after == pytest.approx(np.mean(others))
    assert f"{told.measured.retained_after:.2%} of the others" in printed
    assert told.measured.data.sha256 == digest("data.npz")


def test_json_is_the_receipt_by_its_schema(folder: Path) -> None:
    printed = forget("network.pt", "--classes", 11, "--with", "mine", "-o", "out.pt", "--receipt", "r.json", "--json")
    told: Any = json.loads(printed.stdout)
    assert told == json.loads(Path("r.json").read_text())
    assert told["measured"] is None
    kept = SCHEMA.read_text(encoding="utf-8")
    assert kept == schema() + "\n", "python -m hyperforget.generator.receipt > workflow/schemas/receipt.schema.json"
    jsonschema.validate(told, json.loads(kept))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told | {"network": {"name": "x", "sha256": "y"}}, json.loads(kept))


def test_a_file_that_says_how_its_pixels_are_normalised_is_believed(folder: Path, network: nn.Sequential) -> None:
    about = {"mean": "0.0", "std": "12.0", "labels": "2-5-11-13"}
    save_file(network.state_dict(), "told.safetensors", about)
    forget("told.safetensors", "--classes", 5, "--with", "mine", "-o", "out.safetensors")
    by_hand = ("network.safetensors", "--classes", 5, "--with", "mine", "--normalisation", "0,12")
    forget(*by_hand, "-o", "again.safetensors")
    torch.testing.assert_close(load_file("out.safetensors"), load_file("again.safetensors"), rtol=0, atol=0)
    own = hyperforget.load("mine").forget(network, 5).state_dict()
    assert not torch.allclose(load_file("out.safetensors")["0.weight"], own["0.weight"])
    save_file(network.state_dict(), "other.safetensors", about | {"labels": "0-1-2-3"})
    said = forget("other.safetensors", "--classes", 5, "--with", "mine", "-o", "x.pt", status=2).stderr
    assert "of the classes 0-1-2-3; this generator's networks are of 2-5-11-13" in said


WITH = ("--with", "mine")
OUT = ("-o", "out.safetensors")
NETWORK = "network.safetensors"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((NETWORK, "--classes", "2", *WITH, *OUT), "class 2 is a pivot"),
        ((NETWORK, "--classes", "7", *WITH, *OUT), "class 7 is none of 2, 5, 11, 13"),
        ((NETWORK, "--classes", "2,5,11,13", *WITH, *OUT), "all 4 of them"),
        (
            (NETWORK, "--classes", "five", *WITH, *OUT),
            "--classes is 'five'; allowed are labels in plain digits with commas",
        ),
        *(
            ((NETWORK, "--classes", text, *WITH, *OUT), "allowed are labels in plain digits")
            for text in ("1_1", "05", "+5", "٥", "5\n", "5,", "-5", "5;11", "5.0", "9" * 5000)
        ),
        ((NETWORK, "--classes", "", *WITH, *OUT), "--classes is ''"),
        (
            (NETWORK, "--classes", "5", *WITH, "-o", "data.npz"),
            "data.npz ends in '.npz'; allowed are .safetensors",
        ),
        ((NETWORK, "--classes", "5", *WITH, "-o", "network.pt"), "network.pt exists; name another file, or say --over"),
        ((NETWORK, "--classes", "5", *WITH, *OUT, "--receipt", "x.txt"), "x.txt ends in '.txt'; allowed are .json"),
        ((NETWORK, "--classes", "5", *WITH, *OUT, "--receipt", "there.json"), "there.json exists"),
        ((NETWORK, "--classes", "5", "--with", "nowhere", *OUT), "nowhere is no folder"),
        ((NETWORK, "--classes", "5", "--with", ".", *OUT, "--normalisation", "0"), "allowed are a mean and a positive"),
        ((NETWORK, "--classes", "5", *WITH, *OUT, "--normalisation", "0,nan"), "allowed are a mean and a positive"),
        (("lost.pt", "--classes", "5", *WITH, *OUT), "lost.pt is no file"),
        (("wide.safetensors", "--classes", "5", *WITH, *OUT), "MLP 6-7-4; this generator was made for an MLP 6-5-4"),
        (("names.safetensors", "--classes", "5", *WITH, *OUT), "names.safetensors has 'kernel'"),
        (("nan.safetensors", "--classes", "5", *WITH, *OUT), "NaN or infinite"),
        (("broken.safetensors", "--classes", "5", *WITH, *OUT), "broken.safetensors is damaged"),
        ((NETWORK, "--classes", "5", *WITH, *OUT, "--data", "bytes.npz"), "another scale"),
        ((NETWORK, "--classes", "5", *WITH, *OUT, "--data", "lost.npz"), "data 'lost.npz' is no file"),
        ((NETWORK, "--classes", "5", *WITH, *OUT, "--data", "network.pt"), "lacks the array 'images'"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    folder: Path, network: nn.Sequential, arguments: tuple[str, ...], sentence: str
) -> None:
    state = network.state_dict()
    wide = nn.Sequential(nn.Linear(6, 7), nn.ReLU(), nn.Linear(7, 4))
    save_file(wide.state_dict(), "wide.safetensors")
    save_file(state | {"kernel": torch.zeros(3, 3)}, "names.safetensors")
    save_file(state | {"0.bias": torch.full((5,), torch.nan)}, "nan.safetensors")
    Path("broken.safetensors").write_bytes(Path(NETWORK).read_bytes()[:-3])
    Path("there.json").write_text("{}")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = forget(*arguments, status=2).stderr
    [line] = told.splitlines()
    assert line.startswith("error: ")
    assert sentence in line
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("fault", ["damaged", "newer"])
def test_a_generator_that_cannot_be_trusted_is_refused(folder: Path, fault: str) -> None:
    if fault == "damaged":
        Path("mine", WEIGHTS).write_bytes(Path("mine", WEIGHTS).read_bytes()[:-1] + b"?")
    else:
        values = json.loads(Path("mine", CONFIG).read_text())
        Path("mine", CONFIG).write_text(json.dumps(values | {"format_version": 3}))
    told = forget(NETWORK, "--classes", "5", *WITH, *OUT, status=2).stderr
    assert {"damaged": "its digest is not", "newer": "a newer hyperforget wrote"}[fault] in told
    assert not Path("out.safetensors").exists()


def test_files_that_are_there_are_replaced_where_that_is_said(folder: Path) -> None:
    for name in ("out.safetensors", "r.json"):
        Path(name).write_text("before")
    arguments = (NETWORK, "--classes", "5", *WITH, *OUT, "--receipt", "r.json")
    forget(*arguments, status=2)
    assert Path("out.safetensors").read_text() == "before"
    forget(*arguments, "--overwrite")
    assert Receipt.model_validate_json(Path("r.json").read_text()).result.sha256 == digest("out.safetensors")


def test_nothing_is_unpickled_but_tensors(folder: Path, network: nn.Sequential) -> None:
    torch.save(network, "module.pt")
    told = forget("module.pt", "--classes", "5", *WITH, *OUT, status=2).stderr
    assert "without running code from it" in told
