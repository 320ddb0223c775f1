"""Memory that runs out, told in one sentence, whichever library notices it."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from hyperforget.errors import UserError, excerpt

_LONGEST_REASON = 200
# What libraries say, which have no exception of their own for it; torch's of GPUs is a RuntimeError too.
_WORDS = re.compile(
    r"out of memory|(can't|cannot|could not|unable to|failed to) allocate|not enough memory|bad_alloc|"
    r"failed to map segment|can't start new thread|CUDNN_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
_OF_GPU = re.compile(r"cuda|cudnn|cublas|hip |mps ", re.IGNORECASE)


@contextmanager
def memory_told(stage: str) -> Iterator[None]:
    """Raises `UserError` that names the stage where the work in the block has too little memory."""
    try:
        yield
    except UserError:
        raise
    except (MemoryError, OSError, ImportError, RuntimeError, SystemError) as error:
        if not _is_of_memory(error):
            raise
        reason = excerpt(str(error).strip().partition("\n")[0], _LONGEST_REASON)
        told = f" ({reason})" if reason else ""
        if _OF_GPU.search(reason):
            raise UserError(
                f"stage {stage} ran out of the GPU's memory{told}; nothing is lost: take a larger GPU, or more "
                "hardware.micro_batches, or hardware.activation_checkpointing, and run it again"
            ) from None
        raise UserError(
            f"stage {stage} ran out of memory{told}; nothing is lost: give its job more memory and run it again"
        ) from None


def _is_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or _WORDS.search(str(error)) is not None
    )
