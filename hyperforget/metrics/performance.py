"""How well networks do, as hypernetworks are told."""

from torch import Tensor

from hyperforget.config import Performance


def performance_values(losses: Tensor, correct: Tensor, sizes: Tensor, performance: Performance) -> Tensor:
    """The numbers (..., K) that ``performance`` stands for, K those of `Performance.labels`.

    ``losses`` (..., C) are class losses in nats, ``correct`` (..., C) counts of correctly classified images, both of
    the same networks on the same split, and ``sizes`` (C,) its images per class; so shares of images are exact.
    """
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
