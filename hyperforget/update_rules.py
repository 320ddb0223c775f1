"""The rules that update main networks, those of `torch.optim`, for many networks at once.

A rule is given the parameters in `parts`, as `hyperforget.networks.Layout.split` gives them, and the learning rates
of each part, one a network, broadcastable to it. It returns a function that takes the gradients of the parts and
changes the parts in place.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hyperforget.config import RecipeConfig

Update = Callable[[Sequence[Tensor]], None]
UpdateRule = Callable[[Sequence[Tensor], Sequence[Tensor], RecipeConfig], Update]

# The defaults of torch.optim.Adam.
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


def sgd(parts: Sequence[Tensor], rates: Sequence[Tensor], recipe: RecipeConfig) -> Update:
    """Stochastic gradient descent with momentum and an L2 penalty, as `torch.optim.SGD`."""
    velocities = [torch.zeros_like(part) for part in parts]

    def update(gradients: Sequence[Tensor]) -> None:
        for part, gradient, velocity, rate in zip(parts, gradients, velocities, rates, strict=True):
            if recipe.weight_decay:
                gradient = gradient.add(part, alpha=recipe.weight_decay)
            if recipe.momentum:
                gradient = velocity.mul_(recipe.momentum).add_(gradient)
            part.addcmul_(rate, gradient, value=-1)

    return update


def adam(parts: Sequence[Tensor], rates: Sequence[Tensor], recipe: RecipeConfig) -> Update:
    """Adam (Kingma and Ba, 2015) with an L2 penalty, as `torch.optim.Adam`, with its default betas and epsilon."""
    means, squares = ([torch.zeros_like(part) for part in parts] for _ in range(2))
    first, second = _BETAS
    steps = 0

    def update(gradients: Sequence[Tensor]) -> None:
        nonlocal steps
        steps += 1
        for part, gradient, mean, square, rate in zip(parts, gradients, means, squares, rates, strict=True):
            if recipe.weight_decay:
                gradient = gradient.add(part, alpha=recipe.weight_decay)
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            scale = square.div(1 - second**steps).sqrt_().add_(_EPSILON)
            part.addcmul_(rate, mean / scale, value=-1 / (1 - first**steps))

    return update


UPDATE_RULES: dict[str, UpdateRule] = {"sgd": sgd, "adam": adam}
