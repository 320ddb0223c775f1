"""Runs that are killed, that share a folder or a store, or beside which garbage is collected: all end alike."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from hyperforget.store.garbage import collect_garbage
from hyperforget.store.store import Store
from hyperforget.store.verification import verify
from tests.faults.small_run import NAMES, started
from tests.faults.small_store import bytes_lost, recorded
from tests.stages.tiny_pipeline import text_files
from tests.torture import counted, row

pytestmark = pytest.mark.pipeline

GRACE_SECONDS = 3600.0  # longer than the run, as `collect_garbage` demands


def test_a_run_that_is_killed_time_and_again_ends_as_if_it_never_was(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    draws, before = random.Random(0), dict[str, bytes]()
    folders = iter(range(10**6))
    results, log = tmp_path / f"{next(folders)}", tmp_path / "log"
    with row("runs killed by SIGKILL or SIGTERM") as told:
        told.bytes_lost = 0
        while True:
            last = told.tried >= counted(4, 50)
            process = started(results, results / "store", log)
            if not last:
                process.join(draws.uniform(0, 1.5))
            if process.is_alive() and not last:
                os.kill(process.pid or 0, draws.choice([signal.SIGKILL, signal.SIGTERM]))
            process.join()
            assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM), log.read_text()
            store = Store(results / "store")
            if (store.root / "store.json").exists():
                assert verify(store, 2) == []
                told.bytes_lost += bytes_lost(before, store)
                before = recorded(store)
            if process.exitcode:
                told.tried += 1
                continue
            assert text_files(results) == expected
            if last:
                break
            results, before = tmp_path / f"{next(folders)}", {}
        assert told.bytes_lost == 0


@pytest.mark.parametrize("shared", ["results and store", "store"])
def test_two_runs_at_once_end_as_one(tmp_path: Path, expected: dict[str, bytes], shared: str) -> None:
    with row(f"stages of two runs at once on one {shared}") as told:
        for number in range(counted(1, 3)):
            folder = tmp_path / str(number)
            folder.mkdir()
            places = [folder / name for name in ("a", "a" if "results" in shared else "b")]
            store = folder / "a" / "store"
            processes = [started(results, store, folder / f"{index}.log") for index, results in enumerate(places)]
            for index, process in enumerate(processes):
                process.join()
                assert process.exitcode == 0, (folder / f"{index}.log").read_text()
            told.tried += 2 * len(NAMES)
            for results in places:
                assert text_files(results) == expected
            assert verify(Store(store), 2) == []
            assert list((store / "unfinished").glob("*")) == []


def test_garbage_is_collected_beside_a_run(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with row("collections of garbage beside a run") as told:
        told.bytes_lost = 0
        for number in range(counted(1, 3)):
            results, log = tmp_path / str(number), tmp_path / f"{number}.log"
            store, seen = Store(results / "store"), dict[str, bytes]()
            process = started(results, store.root, log)
            while process.is_alive():
                if (store.root / "store.json").exists():
                    collect_garbage(store, [results], 1, dry_run=False, grace_seconds=GRACE_SECONDS)
                    told.tried += 1
                    seen |= recorded(store)
                time.sleep(0.02)
            process.join()
            assert process.exitcode == 0, log.read_text()
            assert text_files(results) == expected
            assert verify(store, 2) == []
            told.bytes_lost += bytes_lost(seen, store)
        assert told.bytes_lost == 0
