"""What networks are audited against."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.unlearning.audited import Audited
from hyperforget.unlearning.hiding import images_generator

# Networks that learned nothing, for `zrf`, and the share of the originals' accuracy that relearning aims at.
_RANDOM, _RELEARNED = 10, 0.95
# How often retrained networks are divided in halves, where populations are compared.
_HALVINGS = 5


@dataclass(frozen=True)
class References:
    """What networks are audited against: the ``retrained`` ones, and the ``originals`` that knew the classes."""

    retrained: Audited
    originals: Audited

    @cached_property
    def aim(self) -> float:
        """The accuracy on forgotten test images that relearning aims at."""
        test, originals = self.originals.data.test, self.originals
        return _RELEARNED * float(originals.accuracy(originals.logits, test, originals.forget).quantile(0.5))

    @cached_property
    def relearning(self) -> Tensor:
        """Steps that retrained networks take to learn the forgotten classes, int64 (S,)."""
        return self.retrained.relearning_steps(self.aim)

    @cached_property
    def random(self) -> Tensor:
        """Probabilities (R, B, C) that networks which learned nothing give test images."""
        layout, images = self.retrained.networks.layout, self.retrained.data.test.images
        networks = initialise(layout, _RANDOM, images_generator()).to(images.device)
        return forward(networks, images).softmax(dim=2)

    @cached_property
    def halvings(self) -> list[tuple[Audited, Audited]]:
        """Retrained networks that stand for all, and as many others, which show the floor, drawn some times: a single
        division may be an odd one.
        """
        known, generator = self.retrained, images_generator()
        half = len(known.networks) // 2
        orders = [torch.randperm(len(known.networks), generator=generator) for _ in range(_HALVINGS)]
        return [(known.some(order[:half]), known.some(order[half : 2 * half])) for order in orders]

    @cached_property
    def level(self) -> tuple[float, float]:
        """Medians of the accuracy of retrained networks on retained test images, and of what a shift brings back."""
        known = self.retrained
        retained = known.accuracy(known.logits, known.data.test, ~known.forget)
        return float(retained.quantile(0.5)), float(known.shift.quantile(0.5))
