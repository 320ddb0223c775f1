"""The spaces that diffusion works in: normalised parameters, or coefficients of principal components.

Components are few and the same for all checkpoints, so a plain perceptron denoises their coefficients. They are meant
for runs that share a start: hidden units of other runs lie in orders of their own, and vary in too many directions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hyperforget.collection.checkpoints import Rows
from hyperforget.config.models import ArchitectureConfig
from hyperforget.errors import UserError
from hyperforget.networks.graph import GraphParts, from_graph_parts, graph_parts
from hyperforget.networks.layout import Layout


class Space(Protocol):
    """Both ways between parameters (..., P) and values (..., D) of about unit scale; D is ``dimension``."""

    dimension: int

    def fit(self, params: Rows) -> float:
        """Fit the space to checkpoints (M, P); gives the share of their variance that it can express."""

    def normalise(self, params: Tensor) -> Tensor:
        """Parameters as values."""

    def denormalise(self, values: Tensor, start: Tensor | None = None) -> Tensor:
        """Values as parameters; what the space cannot express stays as it is in the network ``start``."""


class NormalisedSpace(nn.Module):
    """All parameters, normalised: ``(params - mean) / scale``, with ``mean`` and ``scale`` (P,)."""

    mean: Tensor
    scale: Tensor

    def normalise(self, params: Tensor) -> Tensor:
        return (params - self.mean) / self.scale

    def denormalise(self, values: Tensor, start: Tensor | None = None) -> Tensor:
        return values * self.scale + self.mean


class WeightSpace(NormalisedSpace):
    """Parameters of networks of one layout; ``mean`` and ``scale`` are saved as they are."""

    def __init__(self, layout: Layout, architecture: ArchitectureConfig) -> None:
        super().__init__()
        self.layout = layout
        self.tokens = architecture.tokens
        self.dimension = layout.size
        self.register_buffer("mean", torch.zeros(layout.size))
        self.register_buffer("scale", torch.ones(layout.size))

    def fit(self, params: Rows) -> float:
        self.mean, self.scale = fit_normalisation(params, self.layout, self.tokens)
        return 1.0


class Subspace(nn.Module):
    """Coefficients of the first D principal components, each with mean 0 and deviation 1 over the checkpoints.

    ``mean`` (P,), ``components`` (D, P) with orthonormal rows, and ``deviations`` (D,) of coefficients before
    they are scaled.
    """

    mean: Tensor
    components: Tensor
    deviations: Tensor

    def __init__(self, layout: Layout, architecture: ArchitectureConfig) -> None:
        super().__init__()
        self.dimension = architecture.components
        self.register_buffer("mean", torch.zeros(layout.size))
        self.register_buffer("components", torch.zeros(self.dimension, layout.size))
        self.register_buffer("deviations", torch.ones(self.dimension))

    def fit(self, params: Rows) -> float:
        self.components = principal_components(params, self.dimension)
        parameters = moments(params)
        coefficients = moments(params, lambda taken: taken @ self.components.T)
        self.mean = parameters.mean.float()
        self.deviations = coefficients.variance.sqrt().float()
        return float(coefficients.variance.sum() / parameters.variance.sum())

    def normalise(self, params: Tensor) -> Tensor:
        return (params - self.mean) @ self.components.T / self.deviations

    def denormalise(self, values: Tensor, start: Tensor | None = None) -> Tensor:
        if start is None:
            return values * self.deviations @ self.components + self.mean
        return start + (values - self.normalise(start)) * self.deviations @ self.components


SPACES: dict[str, type[WeightSpace] | type[Subspace]] = {"weights": WeightSpace, "subspace": Subspace}


# Standard deviation of normalised parameters: that of ImageNet pixels scaled to [-1, 1], as in DALL-E 2
# and G.pt.
TARGET_STD = 0.538


def fit_normalisation(params: Rows, layout: Layout, tokens: str) -> tuple[Tensor, Tensor]:
    """``mean`` and ``scale`` (P,) of ``(params - mean) / scale``, from the checkpoints ``params`` (M, P).

    ``layers``: mean zero and one scale (thesis, section 3.3.2). ``units``: a mean for each number that a unit reads or
    is read by, and one scale for each part of the graph, both shared by all units of a layer, since anything else would
    break equivariance.
    """
    whole = moments(params)
    if tokens == "layers":
        deviation = pooled_deviation(whole, whole.mean.mean())
        return torch.zeros(layout.size), (deviation / TARGET_STD).float().expand(layout.size).clone()
    parts = graph_parts(torch.stack([whole.mean, whole.variance]), layout)
    count = whole.count
    fitted = GraphParts(
        _shared(count, parts.incoming, 1),
        [_shared(count, biases, 1) for biases in parts.biases],
        [_shared(count, edges, 2) for edges in parts.edges],
        _shared(count, parts.outgoing, 1),
        _shared(count, parts.output_bias, 0),
    )
    mean, scale = from_graph_parts(fitted, layout)
    return mean.float(), scale.float() / TARGET_STD


def _shared(count: int, part: Tensor, units: int) -> Tensor:
    """Mean and deviation of a part of all networks (2, ...) from its moments (2, ...): the mean is shared along the
    first dimensions, those of ``units``, and the deviation by all of it.
    """
    mean = part[0].mean(dim=tuple(range(units)), keepdim=True) if units else part[0]
    deviation = pooled_deviation(Moments(count, part[0], part[1]), mean)
    return torch.stack([mean.expand_as(part[0]), deviation.expand_as(part[0])])


# Checkpoints that the components are computed from at the most: the singular values of so many take a minute.
_MOST_CHECKPOINTS = 4096


def principal_components(params: Rows, count: int) -> Tensor:
    """The first ``count`` principal components (count, P) of checkpoints (M, P), as orthonormal rows.

    Of more than `_MOST_CHECKPOINTS` checkpoints, as many are taken, evenly spaced, so that every run has its share.
    Raises `UserError` where the parameters are fewer, or vary in fewer directions.
    """
    # Takes over a second, which nothing else that imports this module needs.
    from sklearn.decomposition import PCA

    checkpoints, parameters = params.shape
    if count > parameters:
        raise UserError(
            f"architecture.components is {count}, more than the {parameters} parameters of a main network; "
            f"allowed are 1 to {parameters}"
        )
    rows = torch.linspace(0, checkpoints - 1, min(checkpoints, _MOST_CHECKPOINTS), dtype=torch.float64)
    taken = params[rows.round().long()]
    # Of checkpoints that are all alike, scikit-learn divides no variance by none.
    with np.errstate(invalid="ignore"):
        # The solver that is exact, draws nothing at random, and has no matrix of parameters by parameters.
        fitted = PCA(svd_solver="full").fit(taken.double().numpy())
    values = fitted.singular_values_
    # Rounding to single precision alone makes checkpoints vary this much in any direction.
    rounding = torch.finfo(taken.dtype).eps * max(taken.shape) ** 0.5
    varying = int((values > values[0] * rounding).sum())
    if count > varying:
        allowed = f"1 to {varying}" if varying else "none"
        raise UserError(
            f"architecture.components is {count}, but the {checkpoints} checkpoints of the corpus that are "
            f"trained on vary in {varying} directions only; allowed are {allowed}"
        )
    return torch.from_numpy(fitted.components_[:count]).to(taken.dtype).contiguous()


_VALUES_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Moments:
    """Of ``count`` values of each of some entries: their ``mean`` and unbiased ``variance``, float64, of any shape."""

    count: int
    mean: Tensor
    variance: Tensor


def moments(params: Rows, transform: Callable[[Tensor], Tensor] | None = None) -> Moments:
    """Moments of the checkpoints ``params`` (M, P), or of what ``transform`` makes of them, (B, P) to (B, K).

    A few megabytes of them are in memory at a time.
    """
    count, parameters = params.shape
    total = squares = torch.zeros(1, dtype=torch.float64)
    for rows in torch.arange(count).split(max(1, _VALUES_AT_ONCE // parameters)):
        taken = params[rows]
        values = (taken if transform is None else transform(taken)).double()
        total = total + values.sum(dim=0)
        squares = squares + values.square().sum(dim=0)
    mean = total / count
    return Moments(count, mean, (squares - count * mean.square()).clamp(min=0) / (count - 1))


def pooled_deviation(entries: Moments, centre: Tensor) -> Tensor:
    """Standard deviation, a scalar, of all values of all entries together around the ``centre``, which is the mean of
    all of them or of each part of them.
    """
    squares = (entries.count - 1) * entries.variance + entries.count * (entries.mean - centre).square()
    return (squares.sum() / (entries.count * squares.numel() - 1)).sqrt()
