"""What the image of a container sets is enough for a user who has no name in it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkouts import Checkout

pytestmark = pytest.mark.workflow

TOKEN = "results/digits-4/dataset.json"
# Snakemake for a user whom the system does not know, as for a number given to `docker run -u`.
UNNAMED = """
import pwd

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
from snakemake.cli import main

main()
"""


def environment_of_the_image(checkout: Checkout) -> dict[str, str]:
    [line] = re.findall(r"^ENV (.*)$", (checkout.folder / "envs" / "Dockerfile").read_text(), flags=re.MULTILINE)
    return dict(pair.split("=", 1) for pair in line.split())


def run(checkout: Checkout, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    arguments = ["--cores", "1", "--snakefile", str(checkout.folder / "Snakefile"), TOKEN]
    return subprocess.run(
        [sys.executable, "-c", UNNAMED, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_user_without_a_name_may_run_it(checkout: Checkout, tmp_path: Path) -> None:
    environment = environment_of_the_image(checkout)
    without = {name: value for name, value in environment.items() if name != "USER"}
    assert "uid not found" in run(checkout, tmp_path, without).stdout
    printed = run(checkout, tmp_path, environment)
    assert printed.returncode == 0, printed.stdout
    assert (tmp_path / TOKEN).is_file()
