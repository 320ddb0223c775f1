"""Snakemake for many dry runs: imported once, and forked for each, so that each costs half as much.

Every line of standard input asks for one, as JSON: the folder whose package it imports, the one that it runs in, its
arguments, and the file for what it prints. The answer is a line with its exit status.
"""

import json
import os
import sys
from pathlib import Path

from snakemake.cli import main


def run(package: str, folder: str, arguments: list[str], output: str) -> None:
    """Be Snakemake: what `python -m snakemake` does, of this process."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(folder)
    os.environ["PYTHONPATH"] = package
    sys.path[0] = package
    sys.argv = ["snakemake", *arguments]
    sys.exit(main())


def status_of(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    assert "hyperforget" not in sys.modules, "each run has a package of its own"
    assert Path(sys.path[0]) == Path(__file__).parent
    for line in sys.stdin:
        if child := os.fork():
            print(status_of(child), flush=True)
        else:
            run(**json.loads(line))
