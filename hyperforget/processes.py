"""Several processes that do one job together, as torchrun starts them; without it there is one, the first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def process_count() -> int:
    """How many processes do the job."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def process_rank() -> int:
    """This process's number among them; the one that is 0 writes what they made."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """This process's number among those on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def together(device: "torch.device") -> Iterator[None]:
    """Connect the processes for as long as the block runs: through NCCL on GPUs, else through gloo."""
    if process_count() == 1:
        yield
        return
    import torch.distributed

    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def any_process(flag: bool, device: "torch.device") -> bool:
    """Whether the flag is set in any process; all of them ask at the same moment."""
    if process_count() == 1:
        return flag
    import torch

    flags = torch.tensor(int(flag), device=device)
    torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
    return bool(flags)
