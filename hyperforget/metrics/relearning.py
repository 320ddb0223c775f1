"""How fast a forgotten class is learned again, against networks that learn it for the first time."""

from collections.abc import Callable

import torch
from torch import Tensor

_RESAMPLES = 1000


def steps_until(
    params: Tensor, loss: Callable[[Tensor, int], Tensor], reached: Callable[[Tensor], Tensor], rate: float, most: int
) -> Tensor:
    """Steps of gradient descent, int64 (N,), after which each of N networks (N, P) has ``reached`` its aim, bool (N,).

    0 where it has at once, ``most`` where it has not by then. ``loss`` gives that of each network (N,) at a step, of
    which the first is 1.
    """
    steps = torch.full((len(params),), most)
    steps[reached(params).cpu()] = 0
    params = params.clone()
    for step in range(1, most):
        if not (steps == most).any():
            break
        params.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(params, step).sum(), params)
        params = (params - rate * gradient).detach()
        steps[(steps == most) & reached(params).cpu()] = step
    return steps


def anamnesis(steps: Tensor, retrained: Tensor) -> Tensor:
    """The anamnesis index, float64 (N,), at least 0: steps (N,) over the median steps of retrained networks (S,).

    Chundawat et al. (2023), "Zero-Shot Machine Unlearning". 1 where a class is learned again as fast as by networks
    that never saw it; far below 1 where it was still there, far above where networks resist. The median of retrained
    ones counts as at least 1, so that nothing is divided by zero.
    """
    return steps.double() / max(1.0, float(retrained.double().quantile(0.5)))


def anamnesis_interval(indices: Tensor, retrained: Tensor) -> tuple[float, float]:
    """The 95 % interval of the median of ``indices`` (N,) as `anamnesis` gives them, from steps of retrained ones (S,):
    percentile bootstrap, both drawn anew with replacement a thousand times, the same draws at every call.
    """
    steps = indices * max(1.0, float(retrained.double().quantile(0.5)))
    generator = torch.Generator().manual_seed(0)
    own, other = (
        each.double()[torch.randint(len(each), (_RESAMPLES, len(each)), generator=generator)].quantile(0.5, dim=1)
        for each in (steps, retrained)
    )
    low, high = (own / other.clamp(min=1)).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high
