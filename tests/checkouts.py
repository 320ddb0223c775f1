"""A copy of the workflow that tests may run and edit, and one finished run of the reduced configuration."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.made_once import made_once

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "config", "hyperforget", "envs", "tests/smoke")


@cache
def planner() -> subprocess.Popen[str]:
    """The process that makes dry runs; it ends with this one, which holds its standard input."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, str(ROOT / "tests/planner.py")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)


@dataclass(frozen=True)
class Checkout:
    """A folder with a copy of the repository; its own package is the one that runs."""

    folder: Path

    def snakemake(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run Snakemake and return what it printed, both streams in ``stdout``."""
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=cwd or self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def dry_run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The same for a run that starts no job: it plans, or is refused."""
        command = ["--cores", "2", *arguments]
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "output"
            asked = {
                "package": str(self.folder),
                "folder": str(cwd or self.folder),
                "arguments": command,
                "output": str(output),
            }
            process = planner()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            status = int(process.stdout.readline())
            return subprocess.CompletedProcess(command, status, output.read_text())

    def planned(self, *arguments: str) -> dict[str, int]:
        """How many jobs of each rule a dry run would execute."""
        printed = self.dry_run("-n", *arguments)
        assert printed.returncode == 0, printed.stdout
        if "Nothing to be done" in printed.stdout:
            return {}
        table = printed.stdout.split("Job stats:")[1].split("\n\n")[0]
        counts = {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)$", table, flags=re.MULTILINE)}
        return {name: count for name, count in counts.items() if name not in ("total", "all", "default")}

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Change a file of the copy."""
        file = self.folder / path
        before = file.read_text()
        after = change(before)
        assert after != before, f"{path} was not changed"
        file.write_text(after)


def copy_repository(folder: Path) -> Checkout:
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return Checkout(folder)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy for tests that plan but do not run."""
    return copy_repository(tmp_path_factory.mktemp("checkout"))


def run_to_the_report(folder: Path) -> None:
    """Run the reduced configuration in a new copy of the repository."""
    printed = copy_repository(folder).snakemake("results/report.html", "--configfile", "tests/smoke/config.yaml")
    assert printed.returncode == 0, printed.stdout[-5000:]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy in which the reduced configuration was run to the report; tests may change it and put it back."""
    return Checkout(made_once(tmp_path_factory, "finished", run_to_the_report, writable=True))


@pytest.fixture
def another(tmp_path: Path) -> Checkout:
    """A copy in which nothing was run yet."""
    return copy_repository(tmp_path)
