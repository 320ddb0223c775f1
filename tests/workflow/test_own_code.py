"""Functions of the user's own in a run: what an edit of them reruns, and what is said where they fail."""

import json
from pathlib import Path

import pytest

from tests.checkouts import Checkout

pytestmark = pytest.mark.workflow

METHOD = """
from hyperforget.networks.batch import Networks

def own(assignment, by=20.0):
    layout = assignment.originals.layout
    parts = [part.clone() for part in layout.split(assignment.originals.params)]
    parts[-1] -= by * assignment.forget
    return Networks(layout.join(parts), layout)
"""
CONFIG = """
tasks:
  digits-4:
    classes: [0, 1, 2, 3]
    hidden: [2]
    pivots: [0, 1]
    forget: ["2"]
    recipe: {steps: 20}
    originals: 2
    strangers: {count: 0}
methods:
  own: {file: code/own.py}
"""
OWN, BUILT_IN = "results/digits-4/own/forget-2.json", "results/digits-4/finetune/forget-2.json"


def test_an_edit_of_the_file_reruns_what_uses_it_and_a_fault_in_it_is_one_sentence(
    another: Checkout, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    file = folder / "code" / "own.py"
    file.parent.mkdir(parents=True)
    file.write_text(METHOD)
    (folder / "my.yaml").write_text(CONFIG)
    # Relative to the configuration, which lies elsewhere than the run.
    target = (OWN, BUILT_IN, "--configfile", str(folder / "my.yaml"))
    made = another.snakemake(*target)
    assert made.returncode == 0, made.stdout
    assert another.planned(*target) == {}
    before = json.loads((another.folder / OWN).read_text())["object_id"]

    file.write_text(METHOD.replace("by=20.0", "by=30.0"))
    assert another.planned(*target) == {"edit_original": 1}
    made = another.snakemake(*target)
    assert made.returncode == 0, made.stdout
    assert json.loads((another.folder / OWN).read_text())["object_id"] != before

    changed = ("--config", "methods={own: {settings: {by: 40.0}}}")
    assert another.planned(*target, *changed) == {"edit_original": 1}

    file.write_text(METHOD.replace("return Networks", "return 1 / 0 or Networks"))
    assert another.snakemake(*target).returncode != 0
    log = (another.folder / "results/logs/edit_original/digits-4/own/forget-2.log").read_text()
    assert "Traceback" in log
    assert log.splitlines()[-1].startswith("error: the method 'own' of ")
    assert log.splitlines()[-1].endswith("own.py' failed with ZeroDivisionError: division by zero")
