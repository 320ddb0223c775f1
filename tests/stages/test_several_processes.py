"""A hypernetwork that two processes train together: one result, one record, and nothing left behind."""

import json
import multiprocessing
import os
import shutil
import socket
from pathlib import Path

import pytest
import torch

from hyperforget.errors import run_command
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.runtime.saved_state import FOLDER
from hyperforget.store.computations import read_records
from hyperforget.store.store import Store
from tests.stages.tiny_pipeline import TASK, Job, jobs, run

pytestmark = pytest.mark.pipeline

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["zarr", "hyperforget.hypernet.training", "torch._dynamo"])


def run_one(job: Job, rank: int, port: int, log: Path) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    run_command(lambda: run(job))


def run_both(job: Job, log: Path) -> list[int | None]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [PROCESSES.Process(target=run_one, args=(job, rank, port, log)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    return [process.exitcode for process in processes]


def test_it_is_trained_recorded_and_restored_once(copied: Path, tmp_path: Path) -> None:
    store, token = copied / "store", copied / TASK / "dihyfo-1" / "hypernet.json"
    expected = load_hypernetwork(Store(store), token, range(4))
    # The result of one process is forgotten, and the pack is to be made again.
    shutil.rmtree(store / "recipes")
    shutil.rmtree(store / "copies" / "recipes")
    shutil.rmtree(store / "packs")
    stage, arguments = jobs(copied)["train_hypernet/dihyfo-1"]
    hardware = {"device": "cpu", "processes": 2, "shard_optimizer": True, "save_every": 0}
    job = stage, [*arguments, "--hardware", json.dumps(hardware)]
    log = tmp_path / "log"
    assert run_both(job, log) == [0, 0], log.read_text()
    found = load_hypernetwork(Store(store), token, range(4))
    for step, weights in expected.snapshots.items():
        for name, value in weights.items():
            torch.testing.assert_close(found.snapshots[step][name], value, atol=1e-5, rtol=0)
    assert [record.computation.stage for record in read_records(Store(store))] == ["train_hypernet"]
    assert list((store / FOLDER).iterdir()) == []
    assert len(list((store / "packs").iterdir())) == 1
    printed = log.read_text()
    assert "warn" not in printed.lower()
    assert printed.count("training: ") == 1

    before = token.read_bytes()
    token.unlink()
    assert run_both(job, log) == [0, 0], log.read_text()
    assert token.read_bytes() == before
    assert log.read_text().count("known result") == 1


def test_a_missing_input_ends_both_with_one_sentence_each(copied: Path, tmp_path: Path) -> None:
    (copied / TASK / "corpus.json").unlink()
    log = tmp_path / "log"
    assert run_both(jobs(copied)["train_hypernet/dihyfo-1"], log) == [2, 2]
    assert log.read_text().count("corpus.json is missing") == 2
    assert "Traceback" not in log.read_text()
