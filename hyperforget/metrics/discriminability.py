"""How well a network can tell a class from all others, whatever it answers, at its outputs and in its hidden units.

Accuracy says what a network answers. A network that answers a class never may know it as well as before, and one shift
of an output bias brings the class back; one that never saw the class cannot tell it. The d′ of signal detection sees
the difference. And a network whose outputs tell nothing may still have the class in its hidden units, for a new output
layer to read: that is what Fisher's linear discriminant sees.
"""

import torch
from torch import Tensor

# Nats. Margins that vary less are rounding, of networks whose answer is the same for all images.
_LEAST_DEVIATION = 1e-3

# Added to the variances of hidden units: a share of their mean, and a little for networks whose units are all dead.
_RIDGE, _LEAST_VARIANCE = 1e-3, 1e-8


def class_margins(logits: Tensor) -> Tensor:
    """The margin of every class, ``z_c - log Σ_{j≠c} exp z_j``, that is the log-odds of its probability; same shape as
    ``logits`` (..., C, B), in whose layout all of it is several times as fast as in that of networks.

    Exact also where the probability rounds to one: the others are added up without it.
    """
    shifted = logits - logits.detach().amax(-2, keepdim=True)
    all_but_one = 1 - torch.eye(logits.shape[-2], dtype=logits.dtype, device=logits.device)
    others = all_but_one @ shifted.exp()
    margins: Tensor = shifted - others.clamp(min=torch.finfo(logits.dtype).tiny).log()
    return margins


def discriminability(logits: Tensor, labels: Tensor) -> Tensor:
    """d′ of every class, float32 (N, C), of N networks with ``logits`` (N, B, C) on images of ``labels`` (B,).

    The mean margin of a class (`class_margins`) over its own images minus that over all others, in units of the root
    mean square of both standard deviations, and 0 where it is negative (Green and Swets, 1966, signal detection theory;
    d_a where deviations differ). For normal margins the area under the ROC curve is Φ(d′ / √2). A class without images,
    or with all, has none: NaN.
    """
    margins = class_margins(logits.float().transpose(1, 2))  # (N, C, B)
    own = _members(labels, logits.shape[-1]).float().T.contiguous()  # (C, B)
    (mean, variance), (other_mean, other_variance) = (_moments(margins, weights) for weights in (own, 1 - own))
    deviation = ((variance + other_variance) / 2).clamp(min=_LEAST_DEVIATION**2).sqrt()
    found: Tensor = ((mean - other_mean) / deviation).clamp(min=0)
    return found


def separability(units: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How far apart a class and all others lie in the hidden units of networks, (N, C); ``units`` (N, B, H) on images
    of ``labels`` (B,).

    The Mahalanobis distance of both means, by the covariance of units within classes (Fisher, 1936): with normal units
    the d′ of the best linear read-out. A class without images, or with all, has none: NaN.
    """
    own = _members(labels, classes).to(units.dtype)  # (B, C)
    shares = own.mean(dim=0)  # (C,)
    units = units.transpose(1, 2)  # (N, H, B)
    means = units @ (own / own.sum(dim=0))  # (N, H, C)
    # Classes without images have no mean, and no image asks for it.
    within = units - means.nan_to_num() @ own.T  # (N, H, B)
    covariance = within @ within.transpose(1, 2) / units.shape[2]  # (N, H, H)
    variance = covariance.diagonal(dim1=1, dim2=2)  # (N, H)
    ridge = _RIDGE * variance.mean(dim=1, keepdim=True) + _LEAST_VARIANCE
    covariance = covariance + torch.diag_embed(ridge.expand_as(variance))
    others = (units.mean(dim=2, keepdim=True) - shares * means) / (1 - shares)
    apart = means - others  # (N, H, C)
    squares: Tensor = (apart * torch.linalg.solve(covariance, apart)).sum(dim=1)
    return squares.clamp(min=_LEAST_DEVIATION**2).sqrt()


def _members(labels: Tensor, classes: int) -> Tensor:
    """Which class each image is of, bool (B, C); unlike torch's ``one_hot`` it does not wait for a GPU."""
    return torch.eq(labels.unsqueeze(-1), torch.arange(classes, device=labels.device))


def _moments(margins: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (N, C) of each class's margins (N, C, B) over the images that ``weights`` (C, B) count."""
    shares = weights / weights.sum(dim=1, keepdim=True)
    mean = (margins * shares).sum(dim=2)
    variance = ((margins - mean.unsqueeze(2)).square() * shares).sum(dim=2)
    return mean, variance
