"""The rules that update main networks, those of `torch.optim`, for many networks at once.

A rule changes a *part* in place, one weight or bias of all networks as `Layout.split` gives it, by its gradient. What
it must remember of earlier steps lies in *slots*, tensors of the part's shape that are zero before the first step.
Learning rates are one a network, broadcastable to the part; steps count from 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from hyperforget.config import RecipeConfig

# The defaults of torch.optim.Adam.
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


@dataclass(frozen=True)
class UpdateRule:
    """``update(part, gradient, slots, rates, step, recipe)``, and how many ``slots`` it has for each part."""

    slots: int
    update: Callable[[Tensor, Tensor, Sequence[Tensor], Tensor, int, RecipeConfig], None]


def sgd(
    part: Tensor, gradient: Tensor, slots: Sequence[Tensor], rates: Tensor, step: int, recipe: RecipeConfig
) -> None:
    """Stochastic gradient descent with momentum and an L2 penalty, as `torch.optim.SGD`."""
    (velocity,) = slots
    if recipe.weight_decay:
        gradient = gradient.add(part, alpha=recipe.weight_decay)
    if recipe.momentum:
        gradient = velocity.mul_(recipe.momentum).add_(gradient)
    part.addcmul_(rates, gradient, value=-1)


def adam(
    part: Tensor, gradient: Tensor, slots: Sequence[Tensor], rates: Tensor, step: int, recipe: RecipeConfig
) -> None:
    """Adam (Kingma and Ba, 2015) with an L2 penalty, as `torch.optim.Adam` with its defaults."""
    mean, square = slots
    first, second = _BETAS
    if recipe.weight_decay:
        gradient = gradient.add(part, alpha=recipe.weight_decay)
    mean.lerp_(gradient, 1 - first)
    square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
    scale = square.div(1 - second**step).sqrt_().add_(_EPSILON)
    part.addcmul_(rates, mean / scale, value=-1 / (1 - first**step))


UPDATE_RULES = {"sgd": UpdateRule(1, sgd), "adam": UpdateRule(2, adam)}
