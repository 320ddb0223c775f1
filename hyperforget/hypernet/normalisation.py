"""Normalising parameters before noise is added, so that noise at the last step destroys nearly all signal."""

import torch
from torch import Tensor

from hyperforget.corpus import Rows
from hyperforget.hypernet.moments import moments, pooled_deviation
from hyperforget.hypernet.tokens import from_unit_features, unit_features
from hyperforget.networks import Layout

# Standard deviation of normalised parameters: that of ImageNet pixels scaled to [-1, 1], as in DALL-E 2 and
# G.pt.
TARGET_STD = 0.538


def fit_normalisation(params: Rows, layout: Layout, tokens: str) -> tuple[Tensor, Tensor]:
    """``mean`` and ``scale`` (P,) of ``(params - mean) / scale``, from the checkpoints ``params`` (M, P).

    ``layers``: mean zero and one scale (thesis, section 3.3.2). ``units``: a mean for each feature of a
    unit, and one scale for each kind of parameter, both shared by all units, since anything else would break
    equivariance.
    """
    found = moments(params)
    if tokens == "layers":
        deviation = pooled_deviation(found.count, found.mean, found.variance, found.mean.mean())
        return torch.zeros(layout.size), (deviation / TARGET_STD).float().expand(layout.size).clone()
    (units, unit_variances), (biases, bias_variances) = (
        pair for pair in unit_features(torch.stack([found.mean, found.variance]), layout)
    )
    inputs, hidden = layout.sizes[0], layout.sizes[1]
    mean = units.mean(dim=0)
    kinds = (slice(0, inputs), slice(inputs, inputs + 1), slice(inputs + 1, None))
    scale = torch.cat(
        [
            pooled_deviation(found.count, units[:, kind], unit_variances[:, kind], mean[kind]).expand(
                mean[kind].shape
            )
            for kind in kinds
        ]
    )
    bias_scale = pooled_deviation(found.count, biases, bias_variances, biases)
    return (
        from_unit_features(mean.expand(1, hidden, -1), biases.unsqueeze(0), layout)[0].float(),
        from_unit_features(scale.expand(1, hidden, -1), bias_scale.expand(1, layout.classes), layout)[
            0
        ].float()
        / TARGET_STD,
    )
