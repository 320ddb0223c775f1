"""Whether networks hide classes: the two metrics of recovery that decide it, from what networks answer."""

import torch
from torch import Tensor

from hyperforget.data.splits import TaskData
from hyperforget.metrics.recovery import accuracy_after, best_biases, few_images, separation

# Training images of a class that biases and probes are fitted on, at the most.
_FITTED_IMAGES = 200


def images_generator() -> torch.Generator:
    """What draws training images to bring classes back with: the same ones for every method."""
    return torch.Generator().manual_seed(0)


def fitted_images(data: TaskData, generator: torch.Generator) -> Tensor:
    """Rows (B,) of the training images that biases and probes are fitted on."""
    return few_images(data.train.labels, _FITTED_IMAGES, generator)


def hidden_in_logits(
    logits: Tensor, fitted_logits: Tensor, data: TaskData, fitted: Tensor, forget: Tensor
) -> dict[str, Tensor]:
    """``shift`` and ``auc``, float64 (N,), from logits (N, T, C) on test images and (N, B, C) on the training images
    ``fitted`` (B,).
    """
    biases = best_biases(fitted_logits, data.train.labels[fitted], forget)
    return {
        "shift": accuracy_after(biases, logits, data.test.labels, forget),
        "auc": separation(logits, data.test.labels, forget),
    }
