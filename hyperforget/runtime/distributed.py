"""Several processes that do one job together, as torchrun starts them; without it there is one, the first."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

# The first process may be packing a corpus or writing a state while the others wait. That one died
# torchrun sees.
_PATIENCE = timedelta(hours=2)

# A thread of gloo lets go of an exchange a moment after it was waited for. Were it the last to hold it, it
# would need Python's lock to free the tensor, and wait for ever for a main thread that holds the lock and
# waits for it to end. That may be long after the processes have parted: whatever knows their group, such as
# an error's traceback, keeps it alive.
_EXCHANGES: "deque[object]" = deque(maxlen=16)


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


def max_over_processes(value: int) -> int:
    """The greatest value of all processes, each of which asks, and waits for the others."""
    if process_count() == 1:
        return value
    import torch.distributed

    # On the CPU, so that no GPU has to come to an end first.
    values = torch.tensor(int(value))
    exchange = torch.distributed.all_reduce(values, torch.distributed.ReduceOp.MAX, async_op=True)
    exchange.wait()
    _EXCHANGES.append(exchange)
    return int(values)


def all_equal(value: int) -> bool:
    """Whether all processes, each of which asks, have the same value."""
    return max_over_processes(value) == -max_over_processes(-value)


def barrier() -> None:
    """Wait until all processes have come here."""
    max_over_processes(0)


@contextmanager
def first_process_first() -> Iterator[None]:
    """The first process runs the block; when it is done, the others do."""
    if process_rank():
        barrier()
    yield
    if not process_rank():
        barrier()
