"""A wheel, built and installed offline, is all that a run takes."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.checkouts import ROOT, copy_repository

pytestmark = pytest.mark.workflow

BUILT_FROM = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "constraints.txt")
OFFLINE = ("--no-index", "--no-deps", "--quiet")
TOKEN = "results/digits-4/dataset.json"
DIGESTS = """
import json
from hyperforget.stages.interfaces import STAGES
print(json.dumps({name: stage.code(name) for name, stage in STAGES.items()}))
"""


def pip(*arguments: str) -> None:
    printed = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    assert printed.returncode == 0, printed.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Building leaves its own files beside the sources.
    source = copy_repository(tmp_path_factory.mktemp("source")).folder
    for file in BUILT_FROM:
        shutil.copy(ROOT / file, source / file)
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip("install", *OFFLINE, "--target", str(folder), str(wheel))
    return folder


def run(installed: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, of what is installed, both streams in ``stdout``."""
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def hyperforget(installed: Path, folder: Path, *arguments: str) -> str:
    printed = run(installed, folder, str(installed / "bin" / "hyperforget"), *arguments)
    assert printed.returncode == 0, printed.stdout
    return printed.stdout


def test_it_carries_the_workflow_and_says_that_it_is_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    for part in ("Snakefile", "config", "workflow", "envs/hyperforget.yaml"):
        files = (
            [ROOT / part]
            if (ROOT / part).is_file()
            else [path for path in (ROOT / part).rglob("*.*") if path.is_file()]
        )
        assert {f"hyperforget/shipped/{path.relative_to(ROOT).as_posix()}" for path in files} <= held
    assert {"hyperforget/py.typed", "hyperforget/__init__.pyi", "hyperforget/report/templates/page/page.html"} <= held
    assert not [name for name in held if "__pycache__" in name or name.startswith("tests/")]


def test_it_tells_its_version_and_plans_a_run_outside_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert hyperforget(installed, tmp_path, "--version").startswith("hyperforget 0.")
    planned = hyperforget(installed, tmp_path, "run", "--", "-n", "-p", "--quiet", "reason")
    assert "build_report" in planned
    assert "results/digits/forget-2-3-4.csv" in planned
    assert str(ROOT / "config") not in planned


def test_jobs_run_what_is_installed_by_the_code_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    hyperforget(installed, tmp_path, "run", str(ROOT / "tests/smoke/config.yaml"), "--", TOKEN, "--cores", "1")
    [recorded] = (tmp_path / "results/store/recipes").glob("*/*.json")
    # Not the commit of whatever repository lies around.
    assert json.loads(recorded.read_bytes())["provenance"]["git"] is None
    told = hyperforget(installed, tmp_path, "store", "show", TOKEN, "--json")
    digests = [run(place, tmp_path, sys.executable, "-P", "-c", DIGESTS).stdout for place in (installed, ROOT)]
    assert json.loads(digests[0]) == json.loads(digests[1])
    assert json.loads(told)["made_by"]["code"] == json.loads(digests[0])["fetch_dataset"]


def test_what_is_laid_out_runs_with_what_is_installed(installed: Path, tmp_path: Path) -> None:
    hyperforget(installed, tmp_path, "init", "mine")
    planned = run(installed, tmp_path / "mine", sys.executable, "-P", "-m", "snakemake", "-n", "--cores", "1", TOKEN)
    assert planned.returncode == 0, planned.stdout
    assert "fetch_dataset" in planned.stdout
