"""Files in the format idx: a magic number, the size of each dimension, and the numbers themselves."""

import math
import re
from pathlib import Path
from typing import IO, Any

import numpy as np

from hyperforget.errors import UserError

_NAME = re.compile(r"-idx(?P<dimensions>\d)-(?P<type>ubyte|int)$")
_TYPES: dict[str, tuple[int, np.dtype[Any]]] = {"ubyte": (0x08, np.dtype(np.uint8)), "int": (0x0C, np.dtype(">i4"))}


def read_idx(path: Path, where: str) -> np.ndarray:
    """The numbers of a file whose name ends in its dimensions and type, such as ``images-idx3-ubyte``.

    Reads no more than the file holds. Raises `UserError`, which begins with ``where``, for a file that cannot be read,
    or that holds anything else than its name and its header say.
    """
    try:
        with path.open("rb") as stream:
            return _numbers(stream, path, where)
    except OSError as error:
        raise UserError(f"{where} cannot be read: {error.strerror}") from None


def _numbers(stream: IO[bytes], path: Path, where: str) -> np.ndarray:
    named = _NAME.search(path.name)
    assert named is not None
    dimensions, (code, kind) = int(named["dimensions"]), _TYPES[named["type"]]
    header = stream.read(4 + 4 * dimensions)
    if len(header) < 4 + 4 * dimensions or header[:4] != bytes([0, 0, code, dimensions]):
        raise UserError(f"{where} is no idx{dimensions}-{named['type']} file, as its name says")
    shape = tuple(map(int, np.frombuffer(header, ">u4", offset=4)))
    wanted, found = math.prod(shape) * kind.itemsize, path.stat().st_size - len(header)
    if wanted != found:
        raise UserError(f"{where} has {found} bytes of numbers, but its header says {shape}, which takes {wanted}")
    if not wanted:
        raise UserError(f"{where} is empty: its header says {shape}")
    return np.frombuffer(stream.read(wanted), kind).astype(kind.newbyteorder("=")).reshape(shape)
