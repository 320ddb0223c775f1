"""Several processes that do one job together, as torchrun starts them; without it there is one, the first."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# The first process may be packing a corpus or writing a state while the others wait. That one died torchrun sees.
_PATIENCE = timedelta(hours=2)


def process_count() -> int:
    """How many processes do the job."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def process_rank() -> int:
    """This process's number among them; the one that is 0 writes what they made."""
    return int(os.environ.get("RANK", "0"))


def local_count() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", process_count()))


def local_rank() -> int:
    """This process's number among those on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def together() -> Iterator[None]:
    """Connect the processes for as long as the block runs: through NCCL for what lies on GPUs, else through gloo."""
    if process_count() == 1:
        yield
        return
    import torch.distributed

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def greatest(value: int) -> int:
    """The greatest value of all processes, each of which asks, and waits for the others."""
    if process_count() == 1:
        return value
    import torch.distributed

    # On the CPU, so that no GPU has to come to an end first.
    values = torch.tensor(int(value))
    torch.distributed.all_reduce(values, torch.distributed.ReduceOp.MAX)
    # A thread of gloo holds them for a moment longer, and needs Python's lock to let go. Were the processes parted
    # meanwhile, with the lock held, both would wait for each other for ever.
    deadline = time.monotonic() + 1
    while _is_held_elsewhere(values) and time.monotonic() < deadline:
        time.sleep(0.0001)
    return int(values)


def _is_held_elsewhere(values: "torch.Tensor") -> bool:
    # The caller and this function hold a reference each, and the argument of getrefcount is another.
    return values._use_count() > 1 or sys.getrefcount(values) > 3  # type: ignore[attr-defined]


@contextmanager
def first_process_first() -> Iterator[None]:
    """The first process runs the block; when it is done, the others do."""
    if process_rank():
        greatest(0)
    yield
    if not process_rank():
        greatest(0)
