"""Jobs that are killed at any moment give what they would have given."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from hyperforget.runtime import saved_state as unfinished
from tests.stages.tiny_pipeline import Job, jobs, run, settings, text_files
from tests.torture import row

pytestmark = pytest.mark.pipeline

# Each job is a process that finds its libraries imported, so that it is in its work soon.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["zarr", "hyperforget.collection.collecting", "hyperforget.unlearning.editing"])


def run_in_process(job: Job, log: Path) -> None:
    # It is the process that ends here, not the machine.
    vars(unfinished)["sync"] = lambda path: None
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
    run(job)


def saved(store: Path) -> list[int]:
    """When states were saved, by file."""
    return [path.stat().st_mtime_ns for path in sorted((store / unfinished.FOLDER).glob("*.safetensors"))]


def kill_when_it_has_saved(process: multiprocessing.process.BaseProcess, store: Path, wait: float) -> None:
    before = saved(store)
    while saved(store) == before and process.is_alive():
        time.sleep(0.002)
    time.sleep(wait)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def job_of(results: Path, name: str) -> Job:
    """A job with enough to do to be killed in the midst of it."""
    long = {"steps": 60, "stochasticity": 1.0}
    return jobs(results, settings(models={"dihyfo-1": {"sampling": long, "editing": long}}))[name]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "name", ["collect_checkpoints/0", "sample/dihyfo-1/2", "edit/dihyfo-1/2", "sweep/dihyfo-1", "sweep/dihyfo-1-edit"]
)
def test_a_job_that_is_killed_time_and_again_ends_as_if_it_never_was(
    copied: Path, tmp_path: Path, name: str, seed: int
) -> None:
    stage, arguments = job_of(copied, name)
    run((stage, [*arguments, "--no-reuse"]))
    expected = text_files(copied)
    hardware = json.dumps({"device": "cpu", "save_every": 0})
    job = stage, [*arguments, "--no-reuse", "--hardware", hardware]
    store, log, waits = copied / "store", tmp_path / "log", random.Random(seed)
    left_unfinished = 0
    with row(f"kills of {name.split('/')[0]} in the midst of its work") as told:
        for _ in range(3):
            process = PROCESSES.Process(target=run_in_process, args=(job, log))
            process.start()
            kill_when_it_has_saved(process, store, waits.uniform(0, 0.05))
            left_unfinished += len(saved(store))
            told.tried += process.exitcode == -signal.SIGKILL
        assert left_unfinished > 0
        process = PROCESSES.Process(target=run_in_process, args=(job, log))
        process.start()
        process.join()
        assert process.exitcode == 0, log.read_text()
        assert log.read_text().count("resumed at") == left_unfinished
        assert saved(store) == []
        assert text_files(copied) == expected
