"""What the page of a release shows, run as it stands there by whoever has no more than its folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from hyperforget.generator.generator import Generator
from hyperforget.release.dataset_card import Exported
from hyperforget.release.making import make_release
from hyperforget.release.readme import readme
from hyperforget.store.store import Store
from tests.generator.conftest import data
from tests.stages.conftest import results as tiny

# Fixtures.
__all__ = ["data", "tiny"]

ROOT = Path(__file__).parents[2]
# A shell in which the command is that of the package under test.
SHELL = f'set -euo pipefail\nhyperforget() {{ {sys.executable} -m hyperforget.cli.main "$@"; }}\n'
CORPORA = [Exported("shapes.parquet", "shapes", 200, 59, "MLP 6-5-4", [2, 5, 11, 13], "validation")]


def blocks(page: str) -> list[tuple[str, str]]:
    """Language and code of what a page shows, in its order."""
    return re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL)


def follow(folder: Path, language: str, code: str) -> str:
    """Run code of the page in a folder, and return what it printed."""
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-c", SHELL + code]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.pipeline
@pytest.mark.processes
def test_a_stranger_forgets_a_class_of_their_own_network(tiny: Path, tmp_path: Path) -> None:
    results = tmp_path / "run" / "results"
    shutil.copytree(tiny, results)
    (results / "report.html").write_text("<p>a report")
    make_release(Store(results / "store"), results, tmp_path / "run" / "out")
    folder = tmp_path / "elsewhere"
    shutil.move(tmp_path / "run" / "out", folder)
    shutil.rmtree(tmp_path / "run")
    follow(folder, "bash", "sha256sum --check --quiet SHA256SUMS")
    page = (folder / "README.md").read_text()
    assert [language for language, _ in blocks(page)] == ["python", "bash", "bash"]
    printed = [follow(folder, language, code) for language, code in blocks(page)]
    assert "wrote forgotten.safetensors, which has forgotten 2" in printed[1]
    assert re.search(r"\d% of 2 \(before: ", printed[1])
    mine, forgotten = torch.load(folder / "mine.pt", weights_only=True), load_file(folder / "forgotten.safetensors")
    assert {name: tensor.shape for name, tensor in forgotten.items()} == {
        name: tensor.shape for name, tensor in mine.items()
    }
    assert not torch.equal(forgotten["0.weight"], mine["0.weight"])
    assert re.search(r"^The network \w+ .*class 2", printed[2], re.MULTILINE)
    assert "results/metrics.csv ← gather_metrics" in printed[2]
    assert (folder / "results" / "report.html").read_text() == "<p>a report"


def test_of_another_dataset_it_takes_the_readers_own_images(
    generator: Generator, results: Path, data: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    make_release(Store(results / "store"), results, tmp_path / "out")
    np.savez(tmp_path / "out" / "images.npz", images=data[0], labels=data[1])
    (language, code), (_, command), *_ = blocks((tmp_path / "out" / "README.md").read_text())
    before = Path.cwd()
    os.chdir(tmp_path / "out")
    try:
        names: dict[str, Any] = {}
        exec(code, names)
    finally:
        os.chdir(before)
    assert language == "python"
    assert names["generator"].classes == generator.classes
    held_out = np.load(tmp_path / "out" / "held-out.npz")
    assert held_out["images"].shape == (40, 2, 3)
    assert command.startswith("hyperforget forget mine.pt --classes 5 --with generators/shapes/mine ")


def test_every_generator_is_listed_with_what_it_can_do(generator: Generator) -> None:
    about = generator.description
    page = readme(
        {"a/new": about.model_copy(update={"conditioning": "dihyfo-2"}), "b/change": about}, CORPORA, "release-1"
    )
    assert "| [a/new](generators/a/new/README.md) | shapes | MLP 6-5-4 | 5, 11, 13 | makes a network |" in page
    assert "| [b/change](generators/b/change/README.md) | shapes | MLP 6-5-4 | 5, 11, 13 | changes a network" in page
    assert "--with generators/b/change" in page
    assert "hyperforget evaluate forgotten.safetensors --task b --classes 5\n" in page
    assert "store checkout release-1\n" in page
    assert "200 checkpoints" in page


def test_nothing_is_shown_that_the_generators_cannot_do(generator: Generator) -> None:
    about = generator.description
    page = readme({"a/new": about.model_copy(update={"conditioning": "dihyfo-2"})}, CORPORA, "release-1")
    assert "mine.pt" not in page
    assert "hyperforget evaluate" not in page
    unmeasured = readme({"a/change": about.model_copy(update={"measured": []})}, CORPORA, "release-1")
    assert "hyperforget forget mine.pt --classes 5 " in unmeasured
    assert "hyperforget evaluate" not in unmeasured
