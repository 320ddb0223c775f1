"""Whether networks are new, or copies of stored checkpoints: by their parameters, and by the mistakes that they make.

arXiv:2506.07998, "Generative Modeling of Weights: Generalization or Memorization?" (2025), holds generators of weights
against checkpoints with noise added, and against means of checkpoints. Hidden units have no order, so they are brought
into one before parameters are compared.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from hyperforget.errors import UserError
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout

_AT_ONCE = 4096


def nearest_distances(networks: Networks, checkpoints: Tensor, own: Tensor | None = None) -> Tensor:
    """The least distance, float64 (N,), at least 0, of each of N networks from M ``checkpoints`` (M, P), in lengths of
    its parameters, over all orders of hidden units. Of a network that is a checkpoint itself, ``own`` (N,) says which,
    or -1, and others count.

    With one hidden layer the assignment of units is exact (Kuhn, 1955): biases of outputs do not depend on it.
    Raises `UserError` for networks with more hidden layers, of which no algorithm is known that is.
    """
    layout = networks.layout
    theirs, biases = _units(checkpoints, layout)
    mine, own_biases = _units(networks.params, layout)
    found = []
    for index, (units, bias) in enumerate(zip(mine, own_biases, strict=True)):
        # Squared distances of units (M, H, H), a bound from below, and what does not depend on the order (M,).
        costs = torch.cat([_costs(units, some) for some in theirs.split(_AT_ONCE)])
        fixed = (biases - bias).square().sum(dim=1)
        bound = costs.amin(dim=2).sum(dim=1) + fixed
        if own is not None and own[index] >= 0:
            bound[own[index]] = torch.inf
        best = np.inf
        for place in bound.argsort().tolist():
            if float(bound[place]) >= best:
                break
            of = costs[place].numpy()
            best = min(best, float(of[linear_sum_assignment(of)].sum() + fixed[place]))
        size = float(networks.params[index].double().norm())
        found.append(np.sqrt(max(0.0, best)) / size)
    return torch.tensor(found, dtype=torch.float64)


def aligned_mean(params: Tensor, layout: Layout) -> Tensor:
    """The mean (P,) of checkpoints (K, P), whose hidden units are brought into the order of the first.

    Raises `UserError` as `nearest_distances`.
    """
    units, biases = _units(params, layout)
    for index in range(1, len(units)):
        order = linear_sum_assignment(_costs(units[0], units[index : index + 1])[0].numpy())[1]
        units[index] = units[index][torch.from_numpy(order)]
    mean = units.mean(dim=0)
    inputs = layout.inputs
    parts = [mean[:, :inputs], mean[:, inputs], mean[:, inputs + 1 :].T, biases.mean(dim=0)]
    return layout.join([part.unsqueeze(0) for part in parts])[0].float()


def _units(params: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """What each hidden unit reads, its bias and what it gives, float64 (N, H, D + 1 + C), and output biases (N, C)."""
    parts = layout.split(params.double())
    if len(parts) != 4 or parts[0].dim() != 3:
        raise UserError(f"networks are {layout.description}; novelty is measured of perceptrons of one hidden layer")
    weight, bias, head, last = parts
    return torch.cat([weight, bias.unsqueeze(2), head.transpose(1, 2)], dim=2), last


def _costs(own: Tensor, others: Tensor) -> Tensor:
    """Squared distances (M, H, H) between units (H, F) and those of M checkpoints (M, H, F)."""
    across = torch.einsum("hf,mkf->mhk", own, others)
    squares = own.square().sum(dim=1).view(1, -1, 1) + others.square().sum(dim=2).unsqueeze(1)
    return (squares - 2 * across).clamp(min=0)


def mistake_overlap(wrong: Tensor, checkpoints: Tensor, own: Tensor | None = None) -> Tensor:
    """The largest overlap, float64 (N,), in [0, 1], of the images that each of N networks gets ``wrong``, bool (N, B),
    with those that one of M checkpoints does, (M, B): intersection over union, 1 where the mistakes are the same, and
    where neither makes any. ``own`` is that of `nearest_distances`.
    """
    mine, theirs = wrong.double(), checkpoints.double()
    both = mine @ theirs.T
    either = mine.sum(dim=1, keepdim=True) + theirs.sum(dim=1) - both
    overlap = torch.where(either > 0, both / either.clamp(min=1), 1.0)
    if own is not None:
        rows = torch.nonzero(own >= 0).flatten()
        overlap[rows, own[rows]] = 0.0
    return overlap.amax(dim=1)
