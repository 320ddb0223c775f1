"""Seconds a step and peak memory of training, by the size of the hypernetwork, up to the largest that fits.

    python benchmarks/training/run.py [--hardware '{"device": "cuda", "micro_batches": 4}'] [--output FILE]

Sizes are trained one after another, each in a process of its own, by the code that `train_hypernet` runs: DiHyFo-1 as
in the thesis (layer tokens, a token a scalar) on random checkpoints of the thesis' network of MNIST-4, 784-2-4. The
first size that runs out of memory ends the list. Without a GPU only small sizes are tried.
"""

import argparse
import contextlib
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import HardwareConfig, TrainingConfig
from hyperforget.config.models import ArchitectureConfig
from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split
from hyperforget.errors import UserError, run_command
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.training import (
    Runs,
    TrainingData,
    TrainingSetup,
    train_hypernetwork,
)
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.files import write_rows
from hyperforget.runtime import device as hardware
from hyperforget.runtime.device import computes_in_bfloat16
from hyperforget.runtime.resuming import Resuming
from hyperforget.runtime.saved_state import State, Unfinished

LAYOUT = PerceptronLayout((784, 2, 4))
CPU_SIZES = ["64x2x4", "128x4x4"]
GPU_SIZES = [*CPU_SIZES, "256x6x8", "512x8x8", "768x12x12", "1024x12x16", "1536x12x16"]
RUNS, CHECKPOINTS, IMAGES = 100, 20, 400
# Before the first steps that count, memory is allocated and kernels are chosen.
WARMUP_STEPS = 3


@dataclass(frozen=True)
class Size:
    """Width, layers and heads of a transformer."""

    width: int
    layers: int
    heads: int


@dataclass(frozen=True)
class Measured:
    """The median of seconds a step, and the most memory that was taken: of a GPU by its tensors, else by the process.

    Both are None for a size that does not fit.
    """

    device: str
    precision: str
    width: int
    layers: int
    heads: int
    parameters: int
    batch_size: int
    micro_batches: int
    activation_checkpointing: bool
    seconds_per_step: float | None
    peak_megabytes: float | None


class Done(Exception):
    """Enough steps were timed."""


class Clock(Unfinished):
    """Tells the time before every step, in place of saving."""

    def __init__(self, device: torch.device, steps: int) -> None:
        super().__init__(Path(tempfile.gettempdir(), "never"), interval=0)
        self.device = device
        self.moments = WARMUP_STEPS + steps + 1
        self.times: list[float] = []

    def load(self) -> State | None:
        return None

    def due(self) -> bool:
        if self.device.type != "cpu":
            getattr(torch, self.device.type).synchronize()
        self.times.append(time.perf_counter())
        if len(self.times) == self.moments:
            raise Done
        return False

    def seconds_per_step(self) -> float:
        # The first of these moments is the end of warm-up.
        moments = self.times[WARMUP_STEPS:]
        return statistics.median(after - before for before, after in pairwise(moments))


def main() -> None:
    """Measure, print a line a size, write CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hardware", type=HardwareConfig.model_validate_json, default=HardwareConfig())
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--sizes", nargs="+", metavar="WxLxH", help="width x layers x heads, smallest first")
    parser.add_argument("--batch-size", type=int, default=1024, help="pairs a step")
    parser.add_argument("--loss-matching", type=float, default=0.0, help="its weight; 0 is the thesis")
    parser.add_argument("--steps", type=int, default=10, help="steps that are timed")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.csv"))
    options = parser.parse_args()
    device = hardware.set_up(options.hardware, options.threads)
    # The same GPU for all, which this process has claimed.
    settings = options.hardware.model_copy(update={"device": str(device)})
    names = options.sizes or (CPU_SIZES if device.type == "cpu" else GPU_SIZES)
    config = TrainingConfig(
        # So many that no learning curve is measured among the few that are run.
        steps=10**6,
        batch_size=options.batch_size,
        loss_matching=options.loss_matching,
        permute=True,
    )
    measured = []
    for size in map(parse_size, names):
        measured.append(measure_apart(size, config, settings, options.threads, options.steps))
        print(describe(measured[-1]), flush=True)
        write_rows(options.output, measured)
        if measured[-1].seconds_per_step is None:
            break


def parse_size(text: str) -> Size:
    """``1536x12x16``; raises `UserError` for anything else, and where the heads do not divide the width."""
    parts = text.split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) for part in parts):
        raise UserError(f"--sizes has {text!r}; allowed are width, layers and heads, as in {GPU_SIZES[-1]}")
    size = Size(*map(int, parts))
    if size.width % size.heads:
        raise UserError(f"--sizes has {text!r}; allowed are heads that divide the width, as in {GPU_SIZES[-1]}")
    return size


def measure_apart(size: Size, config: TrainingConfig, settings: HardwareConfig, threads: int, steps: int) -> Measured:
    """`measure` in a process of its own, whose memory is then its alone, and which may be killed for want of it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measure, size, config, settings, threads, steps).result()
        except (BrokenProcessPool, torch.OutOfMemoryError) as error:
            print(f"{size} does not fit: {error}", file=sys.stderr)
    return row(size, make_model(size), torch.device(settings.device), config, settings, None, None)


def measure(size: Size, config: TrainingConfig, settings: HardwareConfig, threads: int, steps: int) -> Measured:
    """Train for some steps and time them; raises `torch.OutOfMemoryError` where the device has too little memory."""
    device = hardware.set_up(settings, threads)
    generator = torch.Generator().manual_seed(0)
    theta = initialise(LAYOUT, RUNS * CHECKPOINTS, generator).params.unflatten(0, (RUNS, CHECKPOINTS))
    losses = torch.rand(RUNS, CHECKPOINTS, LAYOUT.classes, generator=generator)
    known = torch.ones(RUNS, CHECKPOINTS, LAYOUT.classes, dtype=torch.bool)
    corpus = Corpus(theta, losses, known, torch.full((RUNS,), CHECKPOINTS))
    images = torch.randn(IMAGES, LAYOUT.sizes[0], generator=generator)
    split = Split(images, torch.arange(IMAGES) % LAYOUT.classes, LAYOUT.classes)
    model = make_model(size)
    model.space.fit(corpus.checkpoints())
    clock = Clock(device, steps)
    with contextlib.suppress(Done):
        train_hypernetwork(
            model.to(device),
            TrainingData([Runs(LAYOUT, corpus, corpus)], split.to(device)),
            TrainingSetup(PROCESSES["ddpm"], config, settings),
            generator,
            Resuming(clock),
        )
    return row(size, model, device, config, settings, clock.seconds_per_step(), peak_megabytes(device))


def make_model(size: Size) -> Hypernetwork:
    """DiHyFo-1 as in the thesis, but for its size."""
    architecture = ArchitectureConfig(
        space="weights",
        components=1,
        tokens="layers",
        prompt="separate",
        width=size.width,
        layers=size.layers,
        heads=size.heads,
        frequencies=128,
        largest_exponent=14.0,
    )
    return Hypernetwork(LAYOUT, "dihyfo-1", architecture, Performance())


def peak_megabytes(device: torch.device) -> float:
    """The most memory of tensors on a GPU, else of this process, in MB (10^6 bytes)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    # In kilobytes of 1024 bytes on Linux, in bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def row(
    size: Size,
    model: Hypernetwork,
    device: torch.device,
    config: TrainingConfig,
    settings: HardwareConfig,
    seconds: float | None,
    megabytes: float | None,
) -> Measured:
    """A line of the table."""
    return Measured(
        hardware.describe(device),
        "bfloat16" if computes_in_bfloat16(config.precision, device) else "float32",
        size.width,
        size.layers,
        size.heads,
        model.parameter_count,
        config.batch_size,
        settings.micro_batches,
        settings.activation_checkpointing,
        None if seconds is None else round(seconds, 5),
        None if megabytes is None else round(megabytes, 1),
    )


def describe(measured: Measured) -> str:
    """One line for people."""
    name = f"{measured.width}x{measured.layers}x{measured.heads} ({measured.parameters / 1e6:.1f} M parameters)"
    if measured.seconds_per_step is None:
        return f"{name}: does not fit on {measured.device}"
    return f"{name}: {measured.seconds_per_step:.4f} s a step, {measured.peak_megabytes:,.0f} MB on {measured.device}"


if __name__ == "__main__":
    run_command(main)
