"""What the README shows of one's own network, run as it stands there, on the tiny task."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits
from torch import nn
from typer.testing import CliRunner

import hyperforget
from hyperforget.cli.main import app
from tests.stages.conftest import results

pytestmark = pytest.mark.pipeline

# Fixtures.
__all__ = ["results"]

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.split("## Use it on your own network\n")[1].split("\n## ")[0]
# What differs in the tiny run.
CHANGES = {"digits": "digits-4", "2, 3, 4": "2", "2,3,4": "2", "(64, 7)": "(64, 2)", "(7, 10)": "(2, 4)"}


def shown(language: str) -> str:
    """The one block of code in a language, for the tiny run."""
    [block] = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    for old, new in CHANGES.items():
        block = block.replace(old, new)
    return str(block)


@pytest.fixture
def mine(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Sequential:
    """A network that was trained with torch alone, in a file beside the results; the shell is there."""
    (tmp_path / "results").symlink_to(results)
    monkeypatch.chdir(tmp_path)
    digits = load_digits(n_class=4)
    pixels, labels = torch.from_numpy(digits.data), torch.from_numpy(digits.target)
    images = hyperforget.load("results", task="digits-4", model="dihyfo-1").normalise(pixels)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 2), nn.ReLU(), nn.Linear(2, 4))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.3)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimiser.step()
    torch.save(network.state_dict(), "mine.pt")
    return network


def test_ten_lines_of_python(mine: nn.Sequential) -> None:
    code = shown("python")
    assert len([line for line in code.splitlines() if line]) <= 10
    names: dict[str, object] = {}
    exec(code, names)
    forgotten = names["forgotten"]
    assert isinstance(forgotten, nn.Sequential)
    assert not torch.equal(forgotten.get_parameter("0.weight"), mine.get_parameter("0.weight"))
    scores = getattr(names["scores"], "attrs", {})
    assert scores["knowledge"] in ("forgets", "hides", "answers")


def test_six_lines_of_shell(mine: nn.Sequential) -> None:
    lines = shown("bash").splitlines()
    assert len(lines) <= 6
    printed = []
    for line in lines:
        command, *arguments = shlex.split(line)
        assert command == "hyperforget"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        printed.append(result.stdout)
    assert "has forgotten 2" in printed[0]
    expected = hyperforget.load("results", task="digits-4", model="dihyfo-1").forget(mine, classes=[2])
    torch.testing.assert_close(load_file("forgotten.safetensors"), dict(expected.state_dict()))
    assert "digits-4" in printed[1] or "accuracy" in printed[1]


def test_what_is_said_of_other_pixels_holds(mine: nn.Sequential) -> None:
    generator = hyperforget.load("results", task="digits-4", model="dihyfo-1")
    images = generator.description.images
    scaled = {name: tensor.clone() for name, tensor in mine.state_dict().items()}
    scaled["0.weight"] = scaled["0.weight"] * 16 / images.std
    scaled["0.bias"] = scaled["0.bias"] - mine.state_dict()["0.weight"].sum(dim=1) * images.mean / images.std
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(0, 16, (5, 64))).float()
    answers = []
    for state, read, normalisation in (
        (mine.state_dict(), generator.normalise(pixels), None),
        (scaled, pixels / 16, (0.0, 16.0)),
    ):
        network = nn.Sequential(nn.Linear(64, 2), nn.ReLU(), nn.Linear(2, 4))
        network.load_state_dict(generator.forget(state, [2], normalisation=normalisation))
        answers.append(network(read))
    torch.testing.assert_close(answers[0], answers[1], rtol=1e-3, atol=1e-3)
