"""A generator's folder: read back it is the same generator; damaged, it is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

import hyperforget
from hyperforget.errors import UserError
from hyperforget.generator.card import model_card
from hyperforget.generator.folder import CARD, CONFIG, WEIGHTS, read_generator, write_generator
from hyperforget.generator.generator import Generator


@pytest.fixture
def folder(generator: Generator, tmp_path: Path) -> Path:
    write_generator(tmp_path / "mine", generator)
    return tmp_path / "mine"


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
def test_what_is_read_answers_as_what_was_written(
    make_generator: Callable[..., Generator], conditioning: str, tmp_path: Path
) -> None:
    written = make_generator(conditioning)
    write_generator(tmp_path, written)
    torch.manual_seed(9)
    state = torch.random.get_rng_state()
    read = hyperforget.load(tmp_path)
    assert torch.equal(torch.random.get_rng_state(), state)
    for mine, other in zip(written.sample([[5], [5, 11]], 2), read.sample([[5], [5, 11]], 2), strict=True):
        for one, two in zip(mine, other, strict=True):
            torch.testing.assert_close(one.state_dict(), two.state_dict(), rtol=0, atol=0)
    expected = written.description.model_dump(exclude={"weights_sha256"})
    assert read.description.model_dump(exclude={"weights_sha256"}) == expected


def test_the_same_generator_is_the_same_bytes(generator: Generator, folder: Path, tmp_path: Path) -> None:
    write_generator(tmp_path / "again", hyperforget.load(folder))
    for name in (CONFIG, WEIGHTS, CARD):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_flipped_bit_of_the_weights_is_found(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-5] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(UserError, match=r"model\.safetensors is damaged: its digest is not the one"):
        read_generator(folder)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        read_generator(folder)


def with_config(folder: Path, **changes: object) -> Path:
    values = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(values | changes))
    return folder


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": "gpt2"}, "describes no generator: its format is 'gpt2'; allowed is 'hyperforget-generator'"),
        ({"format": None}, "its format is null"),
        ({"format_version": 2, "package_version": "9.1"}, "format version 2, which a newer hyperforget wrote.* 9.1"),
        ({"format_version": 10**400}, r"^.{0,400}format version 10{50,200}.{0,300}$"),
        ({"labels": [2, 5]}, "does not fit its classes"),
        ({"network": [6, 9, 4]}, "does not hold the tensors"),
        ({"conditioning": "dihyfo-2"}, "does not hold the tensors"),
        ({"process": "waves"}, "the key 'process'"),
        ({"extra": 1}, "the key 'extra'"),
        ({"labels": None}, "the key 'labels'"),
    ],
)
def test_a_description_that_is_none_of_this_version_is_refused(
    folder: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        read_generator(with_config(folder, **changes))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\ud800".encode(errors="replace").decode()])
def test_text_that_is_no_description_is_refused(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(text)
    with pytest.raises(UserError, match=r"config\.json (is damaged|describes no generator)"):
        read_generator(folder)


def test_the_card_says_what_the_description_does(generator: Generator, folder: Path) -> None:
    text = (folder / CARD).read_text()
    assert text == model_card(generator.description)
    _, front, body = text.split("---\n", 2)
    told = yaml.safe_load(front)
    assert told["library_name"] == "hyperforget"
    [model] = told["model-index"]
    [result] = model["results"]
    values = {metric["name"]: metric["value"] for metric in result["metrics"]}
    assert values["mine-edit without 5: retain"] == 0.5
    assert not any("retrained" in name for name in values)
    assert "| 5 | `retrained` | 0.500 (0.250–0.750) | 0.500 (0.250–0.750) | 0.500 (0.250–0.750) | - |" in body
    assert "any set of 5, 11, 13" in body


def test_the_card_of_what_was_not_measured_says_so(make_generator: Callable[..., Generator]) -> None:
    text = model_card(make_generator(measured=[]).description)
    assert "Nothing was measured" in text
    assert "model-index" not in text


def test_the_snippet_of_the_card_runs(folder: Path, network: nn.Sequential) -> None:
    body = (folder / CARD).read_text()
    code = body.split("```python\n")[1].split("```")[0].replace("path/to/this/folder", str(folder))
    names: dict[str, object] = {"network": network}
    exec(code, names)
    assert isinstance(names["forgotten"], nn.Sequential)
    assert isinstance(names["several"], list)
    assert len(names["several"]) == 16
