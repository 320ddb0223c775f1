"""The hypernetwork: noised (and start) parameters and a prompt give clean parameters."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from hyperforget.collection.checkpoints import Rows
from hyperforget.config.models import ArchitectureConfig
from hyperforget.config.performance import Performance
from hyperforget.errors import UserError
from hyperforget.hypernet.conditioning import CONDITIONINGS, compress, frequency_encoding
from hyperforget.hypernet.perceptron import Perceptron
from hyperforget.hypernet.spaces import SPACES, Subspace, WeightSpace
from hyperforget.hypernet.transformer import TokenTransformer
from hyperforget.hypernet.widths import SharedWeightSpace, check_differs_in_widths_only, width_scalars
from hyperforget.networks.layout import Layout


class Denoiser(Protocol):
    """What a hypernetwork learns; it starts as the zero map."""

    def __call__(self, vectors: list[Tensor], encoded: Tensor) -> Tensor:
        """Clean values (B, D), of a model that reads a start the change from it.

        ``vectors`` are the noised values and, where it reads one, the start (B, D); ``encoded`` (B, S, E) are
        time and prompt.
        """


# By space: a transformer on tokens needs parameters, and all parameters are many for a perceptron.
DENOISERS: dict[str, type[TokenTransformer] | type[Perceptron]] = {
    "weights": TokenTransformer,
    "subspace": Perceptron,
}


class Hypernetwork(nn.Module):
    """Predicts clean parameters from noised ones, a time and a prompt, all as values of its ``space``. The prompt is
    the ``performance`` that is wanted.

    For a model that reads a start, the denoiser predicts the change from it (a residual around everything). An
    untrained model predicts no change. Its space is to be fitted to checkpoints before it is trained.

    One that learns from networks of several widths, ``learned_from``, is told those of its ``layout`` as well, and
    `for_layout` gives the same one for others; no other has ``learned_from``. It is told the performance of as many
    classes as networks have outputs, or of ``told_of`` groups.
    """

    space: WeightSpace | Subspace | SharedWeightSpace

    def __init__(
        self,
        layout: Layout,
        conditioning: str,
        architecture: ArchitectureConfig,
        performance: Performance,
        learned_from: Sequence[Layout] = (),
        told_of: int | None = None,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.learned_from = tuple(learned_from)
        self.performance = performance
        self.architecture = architecture
        self.conditioning = CONDITIONINGS[conditioning]
        self.widths = width_scalars(layout) if learned_from else []
        self.space = (SharedWeightSpace if learned_from else SPACES[architecture.space])(layout, architecture)
        vectors = 2 if self.conditioning.uses_start else 1
        self.told_of = told_of or layout.classes
        scalars = 1 + self.conditioning.scalar_count(performance.count(self.told_of)) + len(self.widths)
        self.denoiser: Denoiser = DENOISERS[architecture.space](layout, architecture, vectors, scalars)

    @property
    def device(self) -> torch.device:
        """Where it lies, and so computes."""
        return self.space.mean.device

    @property
    def parameter_count(self) -> int:
        """Numbers that training changes."""
        return sum(parameter.numel() for parameter in self.parameters())

    def fit_space(self, checkpoints: Sequence[tuple[Layout, Rows]]) -> float:
        """Fit its space to the checkpoints (M, P) of each layout that it learns from; gives the share of their variance
        that the space can express.
        """
        if isinstance(self.space, SharedWeightSpace):
            return self.space.fit_each(checkpoints)
        ((_, params),) = checkpoints
        return self.space.fit(params)

    def for_layout(self, layout: Layout) -> "Hypernetwork":
        """The same hypernetwork, the very same parameters, for main networks of other widths.

        Raises `UserError` where they differ in more, or where it learned from networks of one layout alone.
        """
        if layout == self.layout:
            return self
        if not self.learned_from:
            raise UserError(
                f"the hypernetwork is for networks such as {self.layout.description}, and is asked for "
                f"{layout.description}; allowed is one that learned from several widths (`trained_on` of a task)"
            )
        check_differs_in_widths_only(self.layout, layout)
        # Nothing of it is initialised, so that no random numbers are drawn.
        with torch.device("meta"):
            other = Hypernetwork(
                layout, self.conditioning.name, self.architecture, self.performance, self.learned_from, self.told_of
            )
        other.load_state_dict(self.state_dict(keep_vars=True), assign=True)
        return other.train(self.training)

    def forward(
        self,
        noised: Tensor,
        time: Tensor,
        target_performance: Tensor,
        start: Tensor | None = None,
        start_performance: Tensor | None = None,
    ) -> Tensor:
        """Clean values (B, D) from ``noised`` (B, D), ``time`` (B,) in [0, 1], the performance (B, K) that is wanted,
        the start (B, D) and its performance.
        """
        shape = self.architecture
        performances = target_performance, start_performance
        if shape.compressed:
            performances = (
                compress(target_performance),
                None if start_performance is None else compress(start_performance),
            )
        told = self.conditioning.scalars(*performances)
        scalars = torch.cat([time.unsqueeze(1), told], dim=1)  # (B, S)
        if self.widths:
            scalars = torch.cat([scalars, scalars.new_tensor(self.widths).expand(len(scalars), -1)], dim=1)
        encoded = frequency_encoding(scalars, shape.frequencies, shape.largest_exponent)  # (B, S, E)
        vectors = [noised] if start is None else [noised, start]
        change = self.denoiser(vectors, encoded).float()  # (B, D)
        return change if start is None else start + change
