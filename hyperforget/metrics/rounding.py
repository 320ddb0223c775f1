"""Networks with weights of few bits: rounding can bring back what a small change of parameters hid."""

import torch
from torch import Tensor

from hyperforget.networks.layout import Layout


def rounded_weights(params: Tensor, layout: Layout, bits: int) -> Tensor:
    """Parameters (N, P) with every weight tensor of every network rounded to the nearest of 2^bits - 1 numbers, evenly
    spaced from minus its largest magnitude to this; biases stay.

    Symmetric rounding to the nearest, as Zhang et al. (2025), arXiv:2410.16454, "Catastrophic Failure of LLM Unlearning
    via Quantization", have it. Raises `ValueError` for fewer than two bits, which have no number but 0.
    """
    if bits < 2:
        raise ValueError(f"weights of {bits} bits; at least 2")
    parts = layout.split(params)
    return layout.join([_rounded(part, bits) if index % 2 == 0 else part for index, part in enumerate(parts)])


def _rounded(weight: Tensor, bits: int) -> Tensor:
    largest = weight.flatten(1).abs().amax(dim=1).view(-1, *[1] * (weight.dim() - 1))
    step = (largest / (2 ** (bits - 1) - 1)).clamp(min=torch.finfo(weight.dtype).tiny)
    rounded: Tensor = (weight / step).round() * step
    return rounded
