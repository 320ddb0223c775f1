"""Training that is stopped goes on to the same result, bit for bit."""

import multiprocessing
import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from torch import Tensor

from hyperforget.runtime.saved_state import Unfinished
from tests.hypernet.small_training import CONFIG, flat, result, same, train, train_to_file
from tests.hypernet.stopping import Stopped, Stopping

pytestmark = pytest.mark.pipeline

# Its children are forked from a process that has imported torch and has run nothing.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["hyperforget.hypernet.training", "safetensors.torch", "torch._dynamo"])


@pytest.mark.parametrize("loss_matching", [0.0, 0.25])
def test_stopped_at_any_step_it_goes_on_to_the_same_result(
    tmp_path: Path, loss_matching: float, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONFIG.model_copy(update={"loss_matching": loss_matching})
    expected = flat(train(config=config))
    assert len(expected["history"]) == CONFIG.steps
    for step in range(1, CONFIG.steps + 1):
        path = tmp_path / f"{step}.safetensors"
        with pytest.raises(Stopped):
            train(Stopping(path, step), config)
        capsys.readouterr()
        again = Stopping(path, CONFIG.steps + 1)
        assert same(flat(train(again, config)), expected)
        assert f"resumed at step {step - 1}\n" in capsys.readouterr().err


def test_stopped_after_every_step_too(tmp_path: Path) -> None:
    for _ in range(CONFIG.steps - 1):
        with pytest.raises(Stopped):
            train(Stopping(tmp_path / "state.safetensors", 2))
    done = train(Stopping(tmp_path / "state.safetensors", 2))
    assert same(flat(done), flat(train()))


def run(folder: Path, interval: float, **options: int) -> BaseProcess:
    process = PROCESSES.Process(target=train_to_file, args=(folder, interval), kwargs=options)
    process.start()
    return process


def start_and_wait_for_a_state(folder: Path) -> BaseProcess:
    """A process that saves after every step, and has done so once."""
    process = run(folder, 0)
    while not (folder / "state.safetensors").exists() and process.is_alive():
        time.sleep(0.001)
    return process


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    run(folder, 3600).join()
    return result(folder)


def test_killed_at_20_random_moments_it_gives_the_uninterrupted_result_each_time(
    tmp_path: Path, uninterrupted: dict[str, Tensor]
) -> None:
    chance = random.Random(0)
    process = start_and_wait_for_a_state(tmp_path)
    started = time.monotonic()
    process.join()
    seconds = time.monotonic() - started
    killed = 0
    while killed < 20:
        folder = tmp_path / str(killed)
        folder.mkdir(exist_ok=True)
        process = start_and_wait_for_a_state(folder)
        process.join(chance.uniform(0, seconds))
        process.kill()
        process.join()
        if process.exitcode == 0:  # it was faster
            (folder / "result.safetensors").unlink()
            continue
        killed += 1
        process = run(folder, 0)
        process.join()
        assert process.exitcode == 0
        assert same(result(folder), uninterrupted)
        # What it was writing when it was killed may still be written by another, for all that is known within an hour.
        left = sorted(path.name for path in folder.iterdir())
        assert left.pop() == "result.safetensors"
        assert len(left) <= 1
        assert all(name.startswith(".state.safetensors.") and name.endswith(".partial") for name in left)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_saves_at_once_and_goes_on_later(
    tmp_path: Path, uninterrupted: dict[str, Tensor], number: int
) -> None:
    process = run(tmp_path, 3600, asked_at=7, number=number)
    process.join()
    assert process.exitcode == 128 + number
    saved = Unfinished(tmp_path / "state.safetensors", 3600).load()
    assert saved is not None
    assert saved.facts["step:0/"]["done"] == 6
    run(tmp_path, 3600).join()
    assert same(result(tmp_path), uninterrupted)
