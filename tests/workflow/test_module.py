"""The workflow as a module of another one."""

import re
import shlex
from pathlib import Path

import pytest

from tests.checkouts import Checkout

pytestmark = pytest.mark.workflow

OTHER = """
module forgetting:
    snakefile: "{snakefile}"
    config: config
    prefix: "theirs"

use rule * from forgetting

rule everything:
    input: "theirs/results/report.html"
    default_target: True
"""


def test_with_a_prefix_all_results_lie_below_it(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(OTHER.format(snakefile=checkout.folder / "Snakefile"))
    configuration = str(checkout.folder / "tests/smoke/config.yaml")
    printed = checkout.dry_run("-n", "-p", "--configfile", configuration, cwd=tmp_path)
    assert printed.returncode == 0, printed.stdout
    commands = re.findall(r"^ *Shell command: (python .*)$", printed.stdout, flags=re.MULTILINE)
    assert any("build_report" in command for command in commands)
    for command in commands:
        words = shlex.split(command)
        told = {index + 1 for index, word in enumerate(words) if word in ("--spec", "--hardware", "--store")}
        named = [word for index, word in enumerate(words) if "results" in word and index not in told]
        assert named, command
        assert all(word.lstrip(">").startswith("theirs/results/") for word in named), named
