"""The device that a stage computes on, and how torch is set up for it."""

import os
from types import SimpleNamespace

import pytest
import torch

from hyperforget.config import HardwareConfig
from hyperforget.errors import UserError
from hyperforget.runtime import device as hardware


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """As torch answers on a machine with two GPUs, the second with more free memory."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"gpu-{index}"))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (index, 2))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))


def test_a_cpu_is_a_device_everywhere_and_threads_are_set() -> None:
    before = torch.get_num_threads()
    try:
        assert hardware.set_up(HardwareConfig(device="cpu"), 2) == torch.device("cpu")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_refused_with_what_is(device: str) -> None:
    with pytest.raises(UserError, match=rf"hardware.device is '{device}', .* allowed are auto, cpu"):
        hardware.set_up(HardwareConfig(device=device), 1)


@pytest.mark.usefixtures("two_gpus")
def test_jobs_that_share_a_machine_spread_over_its_gpus() -> None:
    chosen = [hardware.set_up(HardwareConfig(device=name), 1) for name in ("auto", "cuda", "cuda")]
    # Both are claimed at the third, so that it takes the one with more free memory.
    assert [device.index for device in chosen] == [0, 1, 1]


@pytest.mark.usefixtures("two_gpus")
def test_a_numbered_gpu_is_that_one_and_a_number_too_high_names_the_nearest() -> None:
    assert hardware.set_up(HardwareConfig(device="cuda:1"), 1) == torch.device("cuda:1")
    with pytest.raises(UserError, match="allowed are auto, cpu, cuda, cuda:0, cuda:1; the nearest is cuda:1"):
        hardware.set_up(HardwareConfig(device="cuda:2"), 1)


def test_deterministic_mode_refuses_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that it is taken back afterwards.
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    assert not torch.are_deterministic_algorithms_enabled()
    try:
        hardware.set_up(HardwareConfig(device="cpu", deterministic=True), 1)
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)
