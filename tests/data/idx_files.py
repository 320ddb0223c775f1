"""Files in the format idx, as sets of torchvision have them."""

import struct
from pathlib import Path

import numpy as np

from hyperforget.config.raw_files import TORCHVISION_SETS

_CODES = {"uint8": 0x08, "int32": 0x0C}


def idx(array: np.ndarray) -> bytes:
    """The bytes of a file that holds an array."""
    start = bytes([0, 0, _CODES[array.dtype.name], array.ndim])
    return start + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx_set(root: Path, name: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Write a set whose train and test parts are these images (B, R, C) and labels (B,), the latter in reverse."""
    labels = labels.astype(np.uint8)
    if name == "QMNIST":
        labels = np.stack([labels, *np.arange(7 * len(labels)).reshape(7, -1)], 1).astype(np.int32)
    arrays = (images, labels, images[::-1], labels[::-1])
    for file, array in zip(TORCHVISION_SETS[name].files, arrays, strict=True):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(idx(np.ascontiguousarray(array)))
