"""The mistakes that people are likeliest to make each get a sentence on the screen from which they can go on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
ASKED = ["-n", "--cores", "1", "--snakefile", str(ROOT / "Snakefile")]
OWN = """
tasks:
  mine: {dataset: {source: npz, path: my.npz}, classes: [0, 1, 2], hidden: [2], pivots: [0], forget: ["2"]}
"""


def said(folder: Path, *command: str) -> str:
    """What a command that fails shows, without a traceback."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            ["results/digit/forget-2.csv"],
            "error: task 'digit' is not in the configuration; allowed are digits-4, digits; did you mean 'digits'?",
        ),
        (["results/digits/forget-11.csv"], "class 11 is not one of the task's classes 0 to 9"),
        (["results/digits/forget-3-2.csv"], "write '2-3'"),
        (["results/digits/forget-9.csv"], "has the pivot class 9, which no hypernetwork learns to forget"),
        (["results/digits/dihyfo-3/forget-2.json"], "did you mean 'results/digits/dihyfo-2/forget-2.json'?"),
        (
            ["results/report.htm"],
            "error: nothing makes the file results/report.htm; did you mean 'results/report.html'?",
        ),
        (["results/report.html", "--config", "sed=1"], "error: unknown key 'sed' (value 1);"),
        (
            ["results/report.html", "--config", "hardware={device: gpu}"],
            "allowed are auto, cpu, cuda, cuda:0 and further numbers, mps; did you mean 'cpu'?",
        ),
        (["results/report.html", "--configfile", "broken.yaml"], "Config file is not valid JSON or YAML"),
        (
            ["results/report.html", "--configfile", "own.yaml"],
            "error: tasks.mine.dataset.path is 'my.npz', which is no file; allowed is an .npz file",
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_of_the_workflow(command: list[str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("tasks: {digits: [")
    (tmp_path / "own.yaml").write_text(OWN)
    assert sentence in said(tmp_path, "snakemake", *ASKED, *command)


def test_of_a_wrong_folder(tmp_path: Path) -> None:
    assert "No Snakefile found" in said(tmp_path, "snakemake", "-n", "results/report.html")


def test_of_no_number_of_cores() -> None:
    assert "use --cores N" in said(ROOT, "snakemake", "results/report.html", "--workflow-profile", "none")


def test_of_results_that_are_not_there_yet(tmp_path: Path) -> None:
    shown = said(tmp_path, "hyperforget.cli.main", "show", "results/digits/forget-2.csv")
    assert "'hyperforget run -- results/digits/forget-2.csv' makes it" in shown
