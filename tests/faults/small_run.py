"""A small whole run: stages one after another in a process of its own, which others can kill or run beside it."""

import multiprocessing
import os
import resource
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from hyperforget.errors import run_command
from hyperforget.runtime import saved_state as unfinished
from tests.stages.tiny_pipeline import jobs, run
from tests.torture import LONG

NAMES = ["fetch_dataset", "collect_checkpoints/0", "collect_checkpoints/1", "assemble_corpus", "train_original"]
NAMES += ["train_hypernet/dihyfo-2", "sample/dihyfo-2/2", "retrain/2"] if LONG else ["retrain/2"]

# Each run is a process that finds its libraries imported, so that it is in its work soon.
PROCESSES = multiprocessing.get_context("forkserver")
PRELOADED = ["zarr", "sklearn.datasets", "hyperforget.collection.collecting", "hyperforget.hypernet.training"]


def run_stages(results: Path, store: Path, log: Path, memory: int | None) -> None:
    # It is the process that ends here, not the machine.
    vars(unfinished)["sync"] = lambda path: None
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), stream)
    every = jobs(results)
    if memory is not None:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))

    def run_all() -> None:
        for name in NAMES:
            stage, arguments = every[name]
            own = arguments.index("--store") + 1
            run((stage, [*arguments[:own], str(store), *arguments[own + 1 :]]))

    try:
        run_command(run_all)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def started(results: Path, store: Path, log: Path, memory: int | None = None) -> ForkServerProcess:
    """A run that has begun, with so many bytes of memory more than it takes at its beginning, or any number."""
    PROCESSES.set_forkserver_preload(PRELOADED)
    process = PROCESSES.Process(target=run_stages, args=(results, store, log, memory))
    process.start()
    return process
