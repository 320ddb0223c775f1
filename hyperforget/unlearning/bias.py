"""The rival `bias`: lower the output biases of the forgotten classes until these are never predicted."""

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import forward

# Between the highest forgotten and the lowest winning logit, so that no tie falls to a forgotten class.
_MARGIN = 1e-3


def lower_bias(originals: Networks, forget: Tensor, split: Split, generator: torch.Generator) -> Networks:
    """Networks that differ from ``originals`` in the output biases of the classes ``forget`` bool (C,) only.

    One amount for all forgotten classes of a network: the least by which no image of ``split`` is given to one of them.
    """
    logits = forward(originals, split.images)
    excess = logits[..., forget].amax(-1) - logits[..., ~forget].amax(-1)
    amount = (excess.amax(-1) + _MARGIN).clamp(min=0)
    layout = originals.layout
    parts = [part.clone() for part in layout.split(originals.params)]
    parts[-1] -= amount.unsqueeze(1) * forget
    return Networks(layout.join(parts), layout)
