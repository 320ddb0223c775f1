"""What shapes a hypernetwork."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Everything that shapes a hypernetwork; the thesis: weights, layers, separate, 1536 wide, 12 layers, 16 heads,
    128, 14.

    ``components`` is for the space ``subspace`` alone; ``tokens``, ``prompt`` and ``heads`` are for ``weights``.
    """

    conditioning: str
    space: str
    components: int
    tokens: str
    prompt: str
    width: int
    layers: int
    heads: int
    frequencies: int
    largest_exponent: float
