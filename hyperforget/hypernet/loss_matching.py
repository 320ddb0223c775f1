"""Loss matching: a generated network should have the class losses of the checkpoint that it stands for.

Close parameters need not be close functions: a small error in many weights at once may cost a class. Beside the error
of the parameters (thesis, equations 3.6 and 3.8), training therefore compares the class losses of the generated main
network with those of the checkpoint, both on the same few training images, and sends the gradient through the main
network into the hypernetwork (end-to-end training of hypernetworks: thesis, equation 2.19).

It also learns what no checkpoint shows: a generated network can be held against class losses that were only asked for.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.hypernet.conditioning import compress
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward_parts


@dataclass(frozen=True)
class ClassImages:
    """Training images grouped by class, to draw equally many of each: ``images`` (B, D) on any device, ``rows`` of each
    class on the CPU.
    """

    images: Tensor
    rows: list[Tensor]


def group_by_class(split: Split, classes: int) -> ClassImages:
    """The images of a split by class."""
    labels = split.labels.cpu()
    return ClassImages(split.images, [torch.nonzero(labels == label).flatten() for label in range(classes)])


def draw_images(grouped: ClassImages, count: int, generator: torch.Generator) -> Tensor:
    """``count`` images of each class, class after class, as columns (D, C * count)."""
    chosen = [rows[torch.randint(rows.numel(), (count,), generator=generator)] for rows in grouped.rows]
    return grouped.images[torch.cat(chosen).to(grouped.images.device)].T


def losses_by_class(params: Tensor, layout: Layout, images: Tensor) -> Tensor:
    """Class losses (N, C) in nats of networks (N, P) on ``images``, those of `draw_images`."""
    logits = forward_parts(layout.split(params), images)  # (N, C, C * count)
    log_probabilities = logits.log_softmax(dim=1).unflatten(2, (layout.classes, -1))  # (N, C, C, count)
    losses: Tensor = -log_probabilities.diagonal(dim1=1, dim2=2).mean(dim=1)  # (N, C) of (N, count, C)
    return losses


def loss_errors(params: Tensor, wanted: Tensor, layout: Layout, images: Tensor) -> Tensor:
    """Mean squared error (N,) over classes between the class losses of networks (N, P) and the ``wanted`` ones (N, C),
    on the scale that hypernetworks are prompted on, log(1 + loss).
    """
    losses = losses_by_class(params, layout, images)
    return (compress(losses) - compress(wanted)).square().mean(dim=1)
