"""The benchmark of training, on the smallest size."""

import csv
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from hyperforget.config import HardwareConfig, TrainingConfig
from hyperforget.errors import UserError

CONFIG = TrainingConfig(steps=10**6, batch_size=4)
ON_CPU = HardwareConfig(device="cpu", micro_batches=2)


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("training")


def test_a_size_is_trained_and_measured(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, made = benchmark.Clock, []

    def remember(*arguments: object) -> object:
        made.append(clock(*arguments))
        return made[-1]

    monkeypatch.setattr(benchmark, "Clock", remember)
    found = benchmark.measure(benchmark.Size(16, 1, 2), CONFIG, ON_CPU, 1, 2)
    assert len(made[0].times) == benchmark.WARMUP_STEPS + 3
    assert found.seconds_per_step > 0
    assert found.peak_megabytes > 50
    assert (found.device, found.batch_size, found.micro_batches) == ("cpu", 4, 2)
    model = benchmark.make_model(benchmark.Size(16, 1, 2))
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())


def test_the_median_of_what_counts_is_given(benchmark: ModuleType) -> None:
    clock = benchmark.Clock(torch.device("cpu"), 3)
    clock.times = [-5.0, 0.0, 90.0, 100.0, 100.5, 101.5, 109.0]
    assert clock.seconds_per_step() == 1.0


def test_want_of_memory_is_no_end_of_the_benchmark(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pool:
        """Of one process, in which the device has too little memory."""

        def __init__(self, *arguments: object) -> None: ...
        def __enter__(self) -> "Pool":
            return self

        def __exit__(self, *arguments: object) -> None: ...
        def submit(self, *arguments: object) -> Future[object]:
            future: Future[object] = Future()
            future.set_exception(pickle.loads(pickle.dumps(torch.OutOfMemoryError("CUDA out of memory"))))
            return future

    monkeypatch.setattr(benchmark, "ProcessPoolExecutor", Pool)
    found = benchmark.measure_apart(benchmark.Size(16, 1, 2), CONFIG, ON_CPU, 1, 2)
    assert (found.width, found.seconds_per_step, found.peak_megabytes) == (16, None, None)


def test_the_first_size_that_does_not_fit_ends_the_list(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure_apart(size: Any, config: TrainingConfig, settings: HardwareConfig, threads: int, steps: int) -> object:
        fits = size.width < 32
        numbers = (0.25, 700.0) if fits else (None, None)
        model, cpu = benchmark.make_model(size), torch.device("cpu")
        return benchmark.row(size, model, cpu, config, settings, *numbers)

    monkeypatch.setattr(benchmark, "measure_apart", measure_apart)
    output = tmp_path / "training.csv"
    sizes = ["16x1x2", "32x1x2", "64x1x2"]
    arguments = ["run.py", "--hardware", '{"device": "cpu"}', "--sizes", *sizes, "--output", str(output)]
    monkeypatch.setattr(sys, "argv", arguments)
    benchmark.main()
    rows = list(csv.DictReader(output.open()))
    assert [(row["width"], row["seconds_per_step"]) for row in rows] == [("16", "0.25"), ("32", "")]
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert "0.2500 s a step, 700 MB on cpu" in printed[0]
    assert "does not fit on cpu" in printed[1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("16", "'16'; allowed are width"),
        ("16x2x0", "'16x2x0'; allowed are width"),
        ("16x2x3", "heads that divide"),
    ],
)
def test_what_is_no_size_is_refused(benchmark: ModuleType, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        benchmark.parse_size(text)
