"""A small whole run: stages one after another in a process of its own, which others can kill or run beside it."""

import multiprocessing
import os
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from hyperforget.runtime import saved_state as unfinished
from tests.stages.tiny_pipeline import jobs, run
from tests.torture import LONG

NAMES = ["fetch_dataset", "collect_checkpoints/0", "collect_checkpoints/1", "assemble_corpus", "train_original"]
NAMES += ["train_hypernet/dihyfo-2", "sample/dihyfo-2/2", "retrain/2"] if LONG else ["retrain/2"]

# Each run is a process that finds its libraries imported, so that it is in its work soon.
PROCESSES = multiprocessing.get_context("forkserver")
PRELOADED = ["zarr", "sklearn.datasets", "hyperforget.collection.collecting", "hyperforget.hypernet.training"]


def run_stages(results: Path, store: Path, log: Path) -> None:
    # It is the process that ends here, not the machine.
    vars(unfinished)["sync"] = lambda path: None
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), stream)
    every = jobs(results)
    for name in NAMES:
        stage, arguments = every[name]
        own = arguments.index("--store") + 1
        run((stage, [*arguments[:own], str(store), *arguments[own + 1 :]]))


def started(results: Path, store: Path, log: Path) -> ForkServerProcess:
    """A run that has begun."""
    PROCESSES.set_forkserver_preload(PRELOADED)
    process = PROCESSES.Process(target=run_stages, args=(results, store, log))
    process.start()
    return process
