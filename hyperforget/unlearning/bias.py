"""The rival `bias`: lower the output biases of the forgotten classes until these are never predicted."""

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward

# Left between the highest forgotten and the lowest winning logit, so that a tie never falls to a forgotten
# class.
_MARGIN = 1e-3


def lower_bias(
    original: Tensor, layout: Layout, forget: Tensor, data: Split, generator: torch.Generator
) -> Tensor:
    """Networks (N, P) that differ from ``original`` (N, P) in the output biases of the classes ``forget``
    (C,) only.

    One amount for all forgotten classes of a network: the least by which no image of ``data`` is given to
    one of them.
    """
    logits = forward(original, layout, data.images)
    excess = logits[..., forget].amax(-1) - logits[..., ~forget].amax(-1)
    amount = (excess.amax(-1) + _MARGIN).clamp(min=0)
    parts = [part.clone() for part in layout.split(original)]
    parts[-1] -= amount.unsqueeze(1) * forget
    return layout.join(parts)
