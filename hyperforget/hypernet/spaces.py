"""The spaces that diffusion works in: normalised parameters, or coefficients of principal components.

Components are few and the same for all checkpoints, so a plain perceptron denoises their coefficients. They are meant
for runs that share a start: hidden units of other runs lie in orders of their own, and vary in too many directions.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from hyperforget.corpus import Rows
from hyperforget.hypernet.architecture import Architecture
from hyperforget.hypernet.moments import moments
from hyperforget.hypernet.normalisation import fit_normalisation
from hyperforget.hypernet.principal_components import principal_components
from hyperforget.networks import Layout


class Space(Protocol):
    """Both ways between parameters (..., P) and values (..., D) of about unit scale, D being ``dimension``."""

    dimension: int

    def fit(self, params: Rows) -> float:
        """Fit the space to the checkpoints ``params`` (M, P); the share of their variance that it can express."""

    def normalise(self, params: Tensor) -> Tensor:
        """Parameters as values."""

    def denormalise(self, values: Tensor, start: Tensor | None = None) -> Tensor:
        """Values as parameters; what the space cannot express of the network ``start`` stays as it is there."""


class WeightSpace(nn.Module):
    """All parameters, normalised: ``(params - mean) / scale``, with ``mean`` and ``scale`` (P,)."""

    mean: Tensor
    scale: Tensor

    def __init__(self, layout: Layout, architecture: Architecture) -> None:
        super().__init__()
        self.layout = layout
        self.tokens = architecture.tokens
        self.dimension = layout.size
        self.register_buffer("mean", torch.zeros(layout.size))
        self.register_buffer("scale", torch.ones(layout.size))

    def fit(self, params: Rows) -> float:
        self.mean, self.scale = fit_normalisation(params, self.layout, self.tokens)
        return 1.0

    def normalise(self, params: Tensor) -> Tensor:
        return (params - self.mean) / self.scale

    def denormalise(self, values: Tensor, start: Tensor | None = None) -> Tensor:
        return values * self.scale + self.mean


class Subspace(nn.Module):
    """Coefficients of the first D principal components, each with mean 0 and deviation 1 over the checkpoints.

    ``mean`` (P,), ``components`` (D, P) with orthonormal rows, and ``deviations`` (D,) of coefficients before they are
    scaled.
    """

    mean: Tensor
    components: Tensor
    deviations: Tensor

    def __init__(self, layout: Layout, architecture: Architecture) -> None:
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
