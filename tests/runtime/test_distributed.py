"""One process alone, and what several agree on."""

import multiprocessing
import os
import socket
import time
from pathlib import Path

import pytest

from hyperforget.runtime.distributed import (
    all_equal,
    first_process_first,
    local_count,
    local_rank,
    max_over_processes,
    process_count,
    process_rank,
    together,
)

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["torch.distributed"])


def test_a_process_that_torchrun_did_not_start_is_alone_and_waits_for_nobody() -> None:
    with together(), first_process_first():
        assert (process_count(), process_rank(), local_count(), local_rank()) == (1, 0, 1, 0)
        assert [max_over_processes(value) for value in (-3, 0, 7)] == [-3, 0, 7]
        assert all_equal(5)


def test_torchrun_says_which_process_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"WORLD_SIZE": "8", "RANK": "5", "LOCAL_WORLD_SIZE": "4", "LOCAL_RANK": "1"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert (process_count(), process_rank(), local_count(), local_rank()) == (8, 5, 4, 1)


def agree(folder: Path, rank: int, port: int) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE="3", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    with together():
        assert max_over_processes(10 * rank) == 20
        assert max_over_processes(-rank) == 0
        assert all_equal(7)
        assert not all_equal(rank)
        assert not all_equal(int(rank == 1))
        with first_process_first():
            if rank == 0:
                time.sleep(0.3)
                (folder / "made").touch()
            assert (folder / "made").exists()
    (folder / str(rank)).touch()


@pytest.mark.processes
def test_several_agree_and_wait_for_the_first(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [PROCESSES.Process(target=agree, args=(tmp_path, rank, port)) for rank in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    assert {path.name for path in tmp_path.iterdir()} == {"made", "0", "1", "2"}
