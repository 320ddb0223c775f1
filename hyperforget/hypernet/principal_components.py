"""Principal components of checkpoints, the same at every call and in bounded memory."""

import torch
from torch import Tensor

from hyperforget.command import UserError
from hyperforget.corpus import Rows

# Checkpoints that the components are computed from at the most: the eigenvalues of as wide a matrix take a minute.
_MOST_CHECKPOINTS = 4096


def principal_components(params: Rows, count: int) -> Tensor:
    """The first ``count`` principal components (count, P) of checkpoints (M, P), as orthonormal rows.

    Of more than `_MOST_CHECKPOINTS` checkpoints, as many are taken, evenly spaced, so that every run has its share.
    Raises `UserError` where the parameters are fewer, or vary in fewer directions.
    """
    checkpoints, parameters = params.shape
    if count > parameters:
        raise UserError(
            f"architecture.components is {count}, more than the {parameters} parameters of a main network; allowed "
            f"are 1 to {parameters}"
        )
    rows = torch.linspace(0, checkpoints - 1, min(checkpoints, _MOST_CHECKPOINTS), dtype=torch.float64)
    taken = params[rows.round().long()]
    # In double precision, as products square the range of the deviations.
    centred = taken.double()
    centred -= centred.mean(dim=0)
    # Products of parameters and products of checkpoints have the same eigenvalues; the smaller matrix is quicker.
    by_parameters = parameters <= centred.shape[0]
    products = centred.T @ centred if by_parameters else centred @ centred.T
    ascending, vectors = torch.linalg.eigh(products)
    values = ascending.flip(0)
    # Rounding to single precision alone makes checkpoints vary this much in any direction.
    rounding = torch.finfo(taken.dtype).eps ** 2 * max(centred.shape)
    varying = int((values > values[0] * rounding).sum())
    if count > varying:
        raise UserError(
            f"architecture.components is {count}, but the {checkpoints} checkpoints of the corpus that are trained on "
            f"vary in {varying} directions only; allowed are {f'1 to {varying}' if varying else 'none'}"
        )
    components: Tensor = vectors.flip(1)[:, :count].T
    if not by_parameters:
        components = components @ centred / values[:count].sqrt().unsqueeze(1)
    return components.to(taken.dtype).contiguous()
