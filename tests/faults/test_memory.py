"""Memory that does not suffice, at any moment: a sentence, nothing lost, and the next run goes on."""

import errno
import random
import signal
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.runtime.memory import memory_told
from hyperforget.store.store import Store
from hyperforget.store.verification import verify
from tests.faults.small_run import started
from tests.faults.small_store import bytes_lost, recorded
from tests.stages.tiny_pipeline import text_files
from tests.torture import counted, row

LEAST, MOST = 1, 200  # megabytes beside what the libraries take


@pytest.mark.pipeline
def test_a_run_short_of_memory_says_so_and_goes_on_when_it_has_more(tmp_path: Path, expected: dict[str, bytes]) -> None:
    results, log, draws, before = tmp_path / "results", tmp_path / "log", random.Random(0), dict[str, bytes]()
    store, short, most = Store(results / "store"), 0, counted(3, 20)
    with row("runs short of memory") as told:
        told.bytes_lost = 0
        for trial in range(most):
            megabytes = LEAST * (MOST / LEAST) ** draws.uniform(trial / most, (trial + 1) / most)
            log.unlink(missing_ok=True)
            process = started(results, store.root, log, int(megabytes * 1e6))
            process.join()
            errors = [line for line in log.read_text().splitlines() if line.startswith("error: ")]
            # Where hardly any is left, a library may end the process, as a system does that has none: with no word.
            if process.exitcode == 2:
                short += 1
                assert len(errors) == 1, log.read_text()
                assert errors[0].startswith("error: stage ")
                assert "ran out of memory" in errors[0]
            assert process.exitcode in (0, 2, -signal.SIGSEGV, -signal.SIGABRT), (megabytes, log.read_text())
            assert "Traceback (most recent call last)" not in log.read_text()
            if (store.root / "store.json").exists():
                assert verify(store, 2) == []
                told.bytes_lost += bytes_lost(before, store)
                before = recorded(store)
            told.tried += 1
        process = started(results, store.root, log)
        process.join()
        assert process.exitcode == 0, log.read_text()
        assert text_files(results) == expected
        assert told.bytes_lost == 0
    assert short > 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 7.28 TiB for an array"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: \n you tried"),
        RuntimeError("can't start new thread"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_notices_it_the_sentence_is_one(error: Exception) -> None:
    sentence = r"^stage train_hypernet ran out of memory.*give its job more memory"
    with pytest.raises(UserError, match=sentence) as told, memory_told("train_hypernet"):
        raise error
    assert str(told.value).isprintable()


def test_memory_of_a_gpu_has_remedies_of_its_own() -> None:
    sentence = r"ran out of the GPU's memory \(CUDA out of memory.*hardware\.micro_batches"
    with pytest.raises(UserError, match=sentence), memory_told("train_hypernet"):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), OSError(errno.ENOENT, "none"), UserError("no")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, memory_told("train_hypernet"):
        raise error
    assert raised.value is error
