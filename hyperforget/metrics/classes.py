"""Loss and accuracy of every class for many networks at once, each sample read by all networks."""

import torch
from torch import Tensor


def class_losses(logits: Tensor, labels: Tensor, classes: int, targets: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of every class in nats, float32 ``(networks, classes)``.

    ``logits`` are ``(networks, samples, outputs)`` and ``labels`` integers ``(samples,)`` below ``classes``. A class
    without samples has no loss: NaN. The log-sum-exp is stable, being shifted by the largest logit. Where the labels
    are of groups, ``targets`` ``(samples,)`` are what networks are to answer, and losses are of every group.
    """
    targets = labels if targets is None else targets
    shifted = logits.float()
    shifted = shifted - shifted.amax(-1, keepdim=True)
    of_target = shifted.gather(-1, targets.expand(shifted.shape[:2]).unsqueeze(-1)).squeeze(-1)
    losses = shifted.exp_().sum(-1).log_() - of_target
    return torch.stack([losses[:, labels == label].mean(-1) for label in range(classes)], dim=-1)


def correct_counts(logits: Tensor, labels: Tensor, classes: int, targets: Tensor | None = None) -> Tensor:
    """Correctly classified samples of every class, int64 ``(networks, classes)``, as in `class_losses`."""
    correct = torch.eq(logits.argmax(-1), labels if targets is None else targets)
    return torch.stack([correct[:, labels == label].sum(-1) for label in range(classes)], dim=-1)


def accuracy_on(counts: Tensor, sizes: Tensor, mask: Tensor) -> Tensor:
    """Exact accuracy over the classes in ``mask``, float64 ``(networks,)``: one division of two integers.

    ``counts`` are those of `correct_counts`, ``sizes`` (classes,) the samples of every class, ``mask`` is boolean
    ``(classes,)``. Raises `ValueError` when the classes in the mask have no samples, for which accuracy is undefined.
    """
    samples = int(sizes[mask].sum())
    if samples == 0:
        raise ValueError("accuracy is undefined: the classes in the mask have no samples")
    return counts[..., mask].sum(-1).double() / samples
