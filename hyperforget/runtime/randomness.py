"""Generators derived from one seed, so that no stage shares a random stream with another."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def derived_seed(seed: int, *purpose: object) -> int:
    """A 63-bit seed for a purpose, as ``derived_seed(0, "collect", "digits", 3)``; equal on all machines."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def generator_for(seed: int, *purpose: object) -> "torch.Generator":
    """A CPU generator seeded with `derived_seed`."""
    import torch

    return torch.Generator().manual_seed(derived_seed(seed, *purpose))
