"""Normalising parameters before noise is added, so that noise at the last step destroys nearly all signal."""

import torch
from torch import Tensor

from hyperforget.hypernet.tokens import from_unit_features, unit_features
from hyperforget.networks import Layout

# Standard deviation of normalised parameters: that of ImageNet pixels scaled to [-1, 1], as in DALL-E 2 and
# G.pt.
TARGET_STD = 0.538


def fit_normalisation(params: Tensor, layout: Layout, tokens: str) -> tuple[Tensor, Tensor]:
    """``mean`` and ``scale`` (P,) of ``(params - mean) / scale``, from the checkpoints ``params`` (M, P).

    ``layers``: mean zero and one scale (thesis, section 3.3.2). ``units``: a mean for each feature of a
    unit, and one scale for each kind of parameter, both shared by all units, since anything else would break
    equivariance.
    """
    if tokens == "layers":
        return torch.zeros(layout.size), (params.std() / TARGET_STD).expand(layout.size).clone()
    units, biases = unit_features(params, layout)
    inputs, hidden = layout.sizes[0], layout.sizes[1]
    mean = units.mean((0, 1))
    bias_mean = biases.mean(0)
    centred = units - mean
    kinds = (slice(0, inputs), slice(inputs, inputs + 1), slice(inputs + 1, None))
    scale = torch.cat([centred[..., kind].std().expand(mean[kind].shape) for kind in kinds])
    bias_scale = (biases - bias_mean).std().expand(1, layout.classes)
    return (
        from_unit_features(mean.expand(1, hidden, -1), bias_mean.unsqueeze(0), layout)[0],
        from_unit_features(scale.expand(1, hidden, -1), bias_scale, layout)[0] / TARGET_STD,
    )
