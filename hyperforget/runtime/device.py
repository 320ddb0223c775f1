"""What a stage computes on: the device, chosen once at its start, and how torch is set up for it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hyperforget.errors import UserError
from hyperforget.runtime.distributed import local_count, local_rank, process_count

if TYPE_CHECKING:
    import torch

    from hyperforget.config.hardware import HardwareConfig


def set_up(hardware: HardwareConfig, threads: int) -> torch.device:
    """Set torch's threads and determinism for this process, and return the device to compute on.

    Processes that do a job together share the threads, and each has a GPU of its own.

    Raises `UserError` for a device that is not there, with those that are.
    """
    if hardware.deterministic:
        # cuBLAS reads this when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.set_num_threads(max(1, threads // local_count()))
    if hardware.deterministic:
        # Called to set the default too, it would import torch's compiler, which takes seconds.
        torch.use_deterministic_algorithms(True)
    return _choose(hardware.device)


def describe(device: torch.device) -> str:
    """The device in words, such as ``cpu`` or ``cuda:0 (NVIDIA H100)``."""
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device itself multiplies matrices in bfloat16, which makes training faster."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    processor = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device.type == "cpu" and bool(processor)


def computes_in_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether training computes in bfloat16; ``auto`` asks whether the device multiplies in it."""
    return multiplies_in_bfloat16(device) if precision == "auto" else precision == "bfloat16"


def _choose(name: str) -> torch.device:
    import torch

    kind, _, number = name.partition(":")
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if name == "auto":
        # Processes cannot exchange what lies on MPS.
        kind = "cuda" if gpus else "mps" if mps and process_count() == 1 else "cpu"
    there = [
        "auto",
        "cpu",
        *["cuda"] * (gpus > 0),
        *[f"cuda:{index}" for index in range(gpus)],
        *["mps"] * mps,
    ]
    if kind not in there or (number and name not in there):
        nearest = f"; the nearest is cuda:{gpus - 1}" if kind == "cuda" and gpus else ""
        raise UserError(
            f"hardware.device is {name!r}, which torch {torch.__version__} does not find here; allowed are "
            f"{', '.join(there)}{nearest}"
        )
    if kind != "cuda":
        return torch.device(kind)
    if process_count() > 1:
        if local_rank() >= gpus:
            raise UserError(
                f"hardware.processes puts {local_rank() + 1} processes or more on this machine, which has "
                f"{gpus} GPUs; allowed are 1 to {gpus}, each with a GPU of its own"
            )
        torch.cuda.set_device(local_rank())
        return torch.device("cuda", local_rank())
    return torch.device("cuda", int(number) if number else _free_gpu(gpus))


def _free_gpu(gpus: int) -> int:
    """The first GPU that no process of this package has claimed, else the one with most free memory.

    Jobs that share a machine, each told ``cuda``, spread over its GPUs in this way.
    """
    import torch

    for index in range(gpus):
        # Not by its number: processes may each see other GPUs under the same number.
        gpu = torch.cuda.get_device_properties(index).uuid
        path = Path(tempfile.gettempdir(), f"hyperforget-{os.getuid()}-{gpu}.lock")
        # The descriptor stays open, and with it the claim, until the process ends.
        claim = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(claim)
            continue
        return index
    return max(range(gpus), key=lambda index: torch.cuda.mem_get_info(index)[0])
