"""How well networks do, as hypernetworks are told."""

from torch import Tensor

from hyperforget.config.performance import Performance
from hyperforget.metrics.measuring import Outcomes


def performance_values(outcomes: Outcomes, performance: Performance) -> Tensor:
    """The numbers (..., K) that ``performance`` stands for, as `Performance.labels` names them."""
    losses, correct, sizes = outcomes.losses, outcomes.correct, outcomes.sizes
    if performance.metric == "loss":
        values = losses
    elif performance.metric == "accuracy":
        values = correct / sizes
    else:
        values = (sizes - correct) / sizes
    if performance.classes == "each":
        return values
    if performance.classes == "mean":
        return values.mean(dim=-1, keepdim=True)
    return values[..., performance.classes : performance.classes + 1]
