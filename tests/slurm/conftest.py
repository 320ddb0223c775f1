"""One run of the reduced configuration on a real cluster, in which a training job is cancelled halfway."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from hyperforget.runtime.interface import parser
from hyperforget.runtime.saved_state import FOLDER
from hyperforget.runtime.stage import computation_of
from hyperforget.stages.interfaces import STAGES
from tests.checkouts import Checkout
from tests.slurm.single_node import ACCOUNT, PARTITION, SingleNode, missing_programs, single_node

PROFILE = Path("profiles/slurm/profile.v9+.yaml")
TRAINING, CANCELLED_MODEL = "train_hypernet", "dihyfo-1"
STAGE = {"hyperforget.stages", TRAINING}
# Far above what is needed, so that a cluster that hangs is a failure and not a test without end.
RUN_SECONDS, TRAINING_SECONDS = 900, 300

Found = TypeVar("Found")


@dataclass(frozen=True)
class ClusterRun:
    """What a run left: its folder, how Snakemake ended and what it printed, each of SLURM's jobs as `scontrol` tells
    it, which of them was cancelled, and the processes that were still there when the cluster had stopped.
    """

    folder: Path
    status: int
    printed: str
    jobs: dict[str, dict[str, str]]
    cancelled: str
    processes: list[str]


@pytest.fixture(scope="session")
def cluster_run(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> ClusterRun:
    """The reduced configuration through the profile, on four processors, to the report; the cluster has stopped."""
    missing = missing_programs()
    if missing and os.environ.get("REQUIRE_SLURM"):
        pytest.fail(f"REQUIRE_SLURM is set, but SLURM is not installed: no {', '.join(missing)}")
    if missing:
        pytest.skip(f"SLURM is not installed: no {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("cluster") / "checkout"
    shutil.copytree(checkout.folder, folder, ignore=shutil.ignore_patterns(".snakemake", "results"))
    edit_profile(folder / PROFILE)
    with single_node(cpus=4, gpus=4) as node:
        with run_snakemake(node, folder) as process:
            cancelled = cancel_halfway(node, folder, process)
            status = process.wait()
        jobs = {job["JobId"]: job for job in described_jobs(node)}
    printed = (folder / "printed.txt").read_text()
    return ClusterRun(folder, status, printed, jobs, cancelled, node.processes())


def edit_profile(profile: Path) -> None:
    """Do what the profile's comments ask of its user."""
    text = profile.read_text()
    for key, value in (("slurm_account", ACCOUNT), ("slurm_partition", PARTITION)):
        text, count = re.subn(rf"^(  {key}): \w+(?= +# EDIT)", rf"\1: {value}", text, flags=re.MULTILINE)
        assert count == 1, key
    profile.write_text(text)


@contextlib.contextmanager
def run_snakemake(node: SingleNode, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Snakemake at work on the report; ended if the test fails meanwhile."""
    command = [
        *("timeout", "--signal=INT", "--kill-after=60", str(RUN_SECONDS)),
        *(
            sys.executable,
            "-m",
            "snakemake",
            "results/report.html",
            "--configfile",
            "tests/smoke/config.yaml",
        ),
        *("--workflow-profile", str(PROFILE.parent)),
        # Nothing else is on this cluster, so there is no reason to ask it as rarely as a profile should.
        *("--slurm-init-seconds-before-status-checks", "1"),
        *("--config", "hardware={save_every: 0.5}"),
        # As docs/cluster.md has it. These GPUs compute nothing, so that the device `auto` is the CPU.
        *("--set-resources", *(f"{rule}:gpu=1" for rule in ("train_hypernet", "probe_hypernet"))),
    ]
    environment = node.environment | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    with open(folder / "printed.txt", "wb") as printed:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(120)


def cancel_halfway(node: SingleNode, folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Cancel the job that trains a model, once that training has saved a state; returns the job's id."""

    def training() -> tuple[str, list[str]] | None:
        running = [(job, arguments) for job, arguments in node.running() if set(arguments) >= STAGE]
        return next((found for found in running if CANCELLED_MODEL in found[1]), None)

    job, arguments = wait_for(training, process)
    stage = STAGES[TRAINING]
    options = parser(TRAINING, stage).parse_args(arguments[arguments.index("hyperforget.stages") + 2 :])
    with contextlib.chdir(folder):
        computation = computation_of(TRAINING, stage, options)
        wait_for((options.store.root / FOLDER / f"{computation.id}.safetensors").is_file, process)
    node.call("scancel", job)
    return job


def wait_for(look: Callable[[], Found | None], process: subprocess.Popen[bytes]) -> Found:
    """The first true value that ``look`` gives, while ``process`` runs."""
    deadline = time.monotonic() + TRAINING_SECONDS
    while not (found := look()):
        assert process.poll() is None, "the run ended before its training was seen"
        assert time.monotonic() < deadline, f"no training was seen in {TRAINING_SECONDS} s"
        time.sleep(0.05)
    return found


def described_jobs(node: SingleNode) -> list[dict[str, str]]:
    """Every job that SLURM still knows, as `scontrol` describes it."""
    blocks = node.call("scontrol", "show", "jobs").split("\n\n")
    return [dict(re.findall(r"(\S+?)=(\S*)", block)) for block in blocks if block.strip()]
