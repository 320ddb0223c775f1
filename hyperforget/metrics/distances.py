"""How far each of N networks is from each of S retrained ones: every function gives float64 (N, S)."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from hyperforget.networks.batch import Networks


def tug_of_war(accuracies: Tensor, retrained: Tensor) -> Tensor:
    """ToW, in [0, 1], 1 where all is as retrained: the product over sets of 1 less the difference of accuracies (N, K)
    and (S, K) on K sets, which are the forgotten and the retained training images and the test images.

    Zhao et al. (2024), "What makes unlearning hard and what to do about it".
    """
    return (1 - (accuracies.unsqueeze(1) - retrained.unsqueeze(0)).abs()).prod(dim=2).double()


def linear_cka(units: Tensor, retrained: Tensor) -> Tensor:
    """Linear CKA, in [0, 1], 1 where hidden units are the same but for a rotation and a scale.

    ‖Xᵀ Y‖² / (‖Xᵀ X‖ ‖Yᵀ Y‖) of centred units (N, B, H) and (S, B, K) on the same B images; 0 of units that do not vary
    (Kornblith et al., 2019, "Similarity of Neural Network Representations Revisited"). It does not depend on the order
    of hidden units.
    """
    own, other = (each.double() - each.double().mean(dim=1, keepdim=True) for each in (units, retrained))
    across = torch.einsum("nbh,sbk->nshk", own, other).square().sum(dim=(2, 3))
    sizes = [torch.linalg.matrix_norm(each.transpose(1, 2) @ each) for each in (own, other)]
    scale = sizes[0].unsqueeze(1) * sizes[1]
    return torch.where(scale > 0, across / scale.clamp(min=torch.finfo(scale.dtype).tiny), 0.0)


def layer_distances(networks: Networks, retrained: Networks) -> Tensor:
    """Distance of parameters, at least 0: ‖θ_l - π θ'_l‖ / ‖θ'_l‖, mean over layers l, each its weight and bias.

    The layer-wise distance of Tarun et al. (2023), between two networks whose hidden units come in an order of their
    own: retrained ones are brought into that of the network, layer after layer from the first, by the assignment of
    units whose incoming weights and biases, in the last hidden layer also outgoing weights, are closest (Ainsworth et
    al., 2023, "Git Re-Basin"). Of several hidden layers it is an upper bound of the least distance.
    """
    ours, theirs = ([_by_unit(each, index) for index in range(len(each))] for each in (networks, retrained))
    return torch.tensor([[_distance(own, other) for other in theirs] for own in ours], dtype=torch.float64)


def _by_unit(networks: Networks, index: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each layer its weight (outputs, inputs, rest) and bias (outputs,)."""
    parts = [part[0].double().cpu().numpy() for part in networks.layout.split(networks.params[index : index + 1])]
    return [(weight.reshape(*weight.shape[:2], -1), bias) for weight, bias in zip(parts[::2], parts[1::2], strict=True)]


def _distance(own: Sequence[tuple[np.ndarray, np.ndarray]], other: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    last = len(own) - 1
    order, distances = np.arange(other[0][0].shape[1]), []
    for layer, ((weight, bias), (its_weight, its_bias)) in enumerate(zip(own, other, strict=True)):
        its_weight = its_weight[:, order]
        size = np.sqrt(np.square(its_weight).sum() + np.square(its_bias).sum())
        if layer < last:
            mine, its = _incoming(weight, bias), _incoming(its_weight, its_bias)
            if layer == last - 1:
                mine, its = (
                    np.concatenate([unit, np.moveaxis(head, 1, 0).reshape(len(unit), -1)], axis=1)
                    for unit, head in ((mine, own[last][0]), (its, other[last][0]))
                )
            cost = np.square(mine).sum(1)[:, None] + np.square(its).sum(1) - 2 * mine @ its.T
            order = linear_sum_assignment(cost)[1]
            its_weight, its_bias = its_weight[order], its_bias[order]
        apart = np.sqrt(np.square(weight - its_weight).sum() + np.square(bias - its_bias).sum())
        distances.append(apart / max(size, np.finfo(float).tiny))
    return float(np.mean(distances))


def _incoming(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """What units read (units, …)."""
    return np.concatenate([weight.reshape(len(weight), -1), bias[:, None]], axis=1)
