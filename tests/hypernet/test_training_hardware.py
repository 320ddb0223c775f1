"""Training on other devices, in several processes and in less memory gives the same weights, but for rounding."""

import multiprocessing
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from hyperforget.config import HardwareConfig
from hyperforget.runtime.saved_state import Unfinished
from tests.hypernet.small_training import CONFIG, flat, result, train, train_apart, train_together

pytestmark = pytest.mark.pipeline

# Children are forked from a process that has imported torch and has run nothing.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["hyperforget.hypernet.training", "safetensors.torch", "torch._dynamo", "torch.distributed.optim"]
)
SECONDS = 120


@pytest.fixture(scope="module")
def alone() -> dict[str, Tensor]:
    """What one process gives on the CPU."""
    return flat(train())


def largest_difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((one[name].double() - other[name].double()).abs().max()) for name in one)


def run_together(folder: Path, count: int, **hardware: bool | int) -> dict[str, Tensor]:
    assert exit_codes(train_together, folder, count, **hardware) == [0] * count
    return result(folder)


def exit_codes(target: Callable[..., None], folder: Path, count: int, **options: object) -> list[int | None]:
    """How processes end that run ``target`` together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        PROCESSES.Process(target=target, args=(folder, rank, count, port), kwargs=options) for rank in range(count)
    ]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join(SECONDS)
        return [process.exitcode for process in processes]
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize(
    "hardware",
    [
        {"micro_batches": 3},
        # The batch of 12 does not divide evenly.
        {"micro_batches": 5},
        {"activation_checkpointing": True},
        {"micro_batches": 4, "activation_checkpointing": True},
    ],
)
def test_what_saves_memory_changes_no_weights(
    alone: dict[str, Tensor], tmp_path: Path, hardware: dict[str, int]
) -> None:
    assert largest_difference(flat(train(hardware=HardwareConfig(**hardware))), alone) < 1e-6


def test_activations_are_computed_again_only_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hyperforget.hypernet import recomputing

    calls: list[int] = []

    def recorded(block: Callable[[Tensor], Tensor], values: Tensor, use_reentrant: bool) -> Tensor:
        calls.append(1)
        return block(values)

    monkeypatch.setattr(recomputing, "checkpoint", recorded)
    train()
    assert calls == []
    train(hardware=HardwareConfig(activation_checkpointing=True))
    # Two blocks a step; the learning curves need no gradient.
    assert len(calls) == 2 * CONFIG.steps


@pytest.mark.parametrize(
    ("count", "hardware"),
    [
        (2, {}),
        (2, {"shard_optimizer": True}),
        # Shares of different sizes.
        (3, {"shard_optimizer": True, "micro_batches": 3}),
    ],
)
def test_several_processes_give_the_weights_of_one(
    alone: dict[str, Tensor], tmp_path: Path, count: int, hardware: dict[str, int]
) -> None:
    assert largest_difference(run_together(tmp_path, count, **hardware), alone) < 1e-5


@pytest.mark.parametrize("rank", [0, 1])
def test_one_of_two_that_is_asked_to_end_ends_both_with_the_state_saved(
    alone: dict[str, Tensor], tmp_path: Path, rank: int
) -> None:
    asked = (rank, 7)
    assert exit_codes(train_together, tmp_path, 2, asked=asked, shard_optimizer=True) == [143, 143]
    unfinished = Unfinished(tmp_path / "state.safetensors", interval=3600)
    saved = unfinished.load()
    assert saved is not None
    assert saved.facts["step:0/"]["done"] == 6
    # One process, two of them and three go on to the same weights.
    for count in (2, 3):
        folder = tmp_path / str(count)
        folder.mkdir()
        shutil.copy(unfinished.path, folder)
        assert largest_difference(run_together(folder, count), alone) < 1e-5
    assert largest_difference(flat(train(unfinished)), alone) < 1e-5
    unfinished.close()


def test_processes_that_find_different_states_do_not_go_on(tmp_path: Path) -> None:
    assert exit_codes(train_together, tmp_path, 2, asked=(0, 7)) == [143, 143]
    assert exit_codes(train_apart, tmp_path, 2) == [2, 2]


def test_what_two_processes_began_one_goes_on_with(
    alone: dict[str, Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_together(tmp_path, 2, shard_optimizer=True)
    # The last state that was saved, before the last step.
    unfinished = Unfinished(tmp_path / "state.safetensors", interval=3600)
    saved = unfinished.load()
    assert saved is not None
    assert saved.facts["step:0/"]["done"] == CONFIG.steps - 1
    assert largest_difference(flat(train(unfinished)), alone) < 1e-5
    unfinished.close()
    assert f"resumed at step {CONFIG.steps - 1}" in capsys.readouterr().err


def test_on_a_gpu_the_weights_are_the_same(gpu: torch.device, alone: dict[str, Tensor], tmp_path: Path) -> None:
    found = flat(train(device=gpu))
    assert {value.device.type for value in found.values()} == {"cpu"}
    assert largest_difference(found, alone) < 1e-6
