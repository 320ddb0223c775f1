"""A training of a fraction of a second, to be run in processes of its own."""

import os
import signal
from pathlib import Path
from unittest.mock import patch

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import ArchitectureConfig, HardwareConfig, TrainingConfig
from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split
from hyperforget.errors import run_command
from hyperforget.hypernet import training
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.training_state import Trained
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.runtime.distributed import together
from hyperforget.runtime.resuming import Resuming
from hyperforget.runtime.saved_state import Unfinished

LAYOUT = PerceptronLayout((6, 5, 4))
CONFIG = TrainingConfig(
    steps=10,
    batch_size=12,
    warmup=3,
    snapshots=4,
    ema=0.9,
    precision="float32",
    matching_images=4,
    permute=True,
)


def corpus(runs: int, seed: int) -> Corpus:
    generator = torch.Generator().manual_seed(seed)
    theta = initialise(LAYOUT, 4 * runs, generator).params.unflatten(0, (runs, 4))
    saved = torch.randint(2, 5, (runs,), generator=generator)
    return Corpus(theta, torch.rand(runs, 4, 8, generator=generator), torch.ones(runs, 4, 4, dtype=torch.bool), saved)


def train(
    unfinished: Unfinished | None = None,
    config: TrainingConfig = CONFIG,
    hardware: HardwareConfig | None = None,
    device: str | torch.device = "cpu",
) -> Trained:
    torch.manual_seed(0)
    shape = ArchitectureConfig(width=16, layers=2, heads=2, frequencies=4, largest_exponent=3.0)
    model = Hypernetwork(LAYOUT, "dihyfo-1", shape, Performance(also=("discriminability",)))
    images = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(7)), torch.arange(40) % 4, 4)
    data = training.TrainingData([training.Runs(LAYOUT, corpus(30, 0), corpus(10, 1))], images.to(torch.device(device)))
    setup = training.TrainingSetup(PROCESSES["ddpm"], config, hardware or HardwareConfig())
    model.space.fit(data.runs[0].seen.checkpoints())
    with patch.object(training, "_HISTORY_PAIRS", 16):
        return training.train_hypernetwork(
            model.to(device), data, setup, torch.Generator().manual_seed(1), Resuming(unfinished)
        )


def flat(trained: Trained) -> dict[str, Tensor]:
    """Every number of a result: the weights of all snapshots, and the learning curves."""
    curves = [[point.step, point.train_mse, point.test_mse, point.learning_rate] for point in trained.history]
    weights = {f"{step}.{name}": value for step, values in trained.snapshots.items() for name, value in values.items()}
    return {"history": torch.tensor(curves, dtype=torch.float64)} | weights


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two results are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Asked(Unfinished):
    """A process that is sent a signal at the beginning of a step."""

    def __init__(self, path: Path, interval: float, steps: int, number: int) -> None:
        super().__init__(path, interval)
        self.steps = steps
        self.number = number

    def due(self) -> bool:
        self.steps -= 1
        if self.steps == 0:
            os.kill(os.getpid(), self.number)
        return super().due()


def train_to_file(folder: Path, interval: float, asked_at: int = 0, number: int = 0) -> None:
    """Train as a stage does: go on from the state in ``folder``, and leave the process as a command."""
    torch.set_num_threads(1)

    def main() -> None:
        unfinished = Asked(folder / "state.safetensors", interval, asked_at, number)
        result = flat(train(unfinished))
        (folder / "partial").write_bytes(save(result))
        (folder / "partial").rename(folder / "result.safetensors")
        unfinished.close()

    run_command(main)


class AskedTwice(Asked):
    """As by a batch system, and then by torchrun too: the second time after the step has seen the first."""

    def due(self) -> bool:
        found = super().due()
        if self.steps == 0:
            os.kill(os.getpid(), self.number)
        return found


def be_one_of(rank: int, count: int, port: int) -> None:
    """Give this process the environment that torchrun gives."""
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))


def train_together(
    folder: Path, rank: int, count: int, port: int, asked: tuple[int, int] = (-1, 0), **hardware: bool | int
) -> None:
    """Train as one of several processes that torchrun would have started; the first writes the result.

    ``asked`` are the rank of a process that is asked to end, and the step at whose beginning it is.
    """
    be_one_of(rank, count, port)
    steps = asked[1] if rank == asked[0] else 0
    unfinished = AskedTwice(folder / "state.safetensors", 3600 if asked[1] else 0, steps, signal.SIGTERM)
    with together():
        trained = train(unfinished, hardware=HardwareConfig(**hardware))
    if rank == 0:
        (folder / "result.safetensors").write_bytes(save(flat(trained)))
    else:
        # One copy is enough.
        assert trained.snapshots == {}


def train_apart(folder: Path, rank: int, count: int, port: int) -> None:
    """Only the first process sees the folder."""
    run_command(lambda: train_together(folder / str(rank) if rank else folder, rank, count, port))


def result(folder: Path) -> dict[str, Tensor]:
    found: dict[str, Tensor] = load_file(folder / "result.safetensors")
    return found
