"""Loss matching: a generated network should have the class losses of the checkpoint that it stands for.

Close parameters need not be close functions: a small error in many weights at once may cost a class. Beside the error
of the parameters (thesis, equations 3.6 and 3.8), training therefore compares the class losses of the generated main
network with those of the checkpoint, both on the same few training images, and sends the gradient through the main
network into the hypernetwork (end-to-end training of hypernetworks: thesis, equation 2.19).

Where a hypernetwork is told more of each class than its loss, that is compared in the same way.

It also learns what no checkpoint shows: a generated network can be held, class by class, against several checkpoints.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split
from hyperforget.hypernet.batches import Batch
from hyperforget.hypernet.conditioning import compress
from hyperforget.metrics.discriminability import discriminability, separability
from hyperforget.networks.layout import Layout


@dataclass(frozen=True)
class ClassImages:
    """Training images grouped by class, to draw equally many of each: ``images`` (B, D) on any device, ``rows`` of each
    class on the CPU. Where they are grouped by what else is forgotten, ``targets`` (B,) are what networks are to
    answer.
    """

    images: Tensor
    rows: list[Tensor]
    targets: Tensor | None = None


@dataclass(frozen=True)
class DrawnImages:
    """Equally many images of each of C classes, class after class, as ``columns`` (D, C * count); of groups with the
    ``targets`` (C * count,).
    """

    columns: Tensor
    targets: Tensor | None
    classes: int


def group_by_class(split: Split) -> ClassImages:
    """The images of a split by class, or by group."""
    labels = split.labels.cpu()
    rows = [torch.nonzero(labels == label).flatten() for label in range(split.classes)]
    return ClassImages(split.images, rows, None if split.answers is None else split.answers.targets)


def draw_images(grouped: ClassImages, count: int, generator: torch.Generator) -> DrawnImages:
    """``count`` images of each class, or group."""
    chosen = [rows[torch.randint(rows.numel(), (count,), generator=generator)] for rows in grouped.rows]
    drawn = torch.cat(chosen).to(grouped.images.device)
    targets = None if grouped.targets is None else grouped.targets[drawn]
    return DrawnImages(grouped.images[drawn].T, targets, len(grouped.rows))


def performance_on(params: Tensor, performance: Performance, layout: Layout, images: DrawnImages) -> Tensor:
    """What networks (N, P) do on ``images``, (N, K): the class losses in nats and, where ``performance`` tells them,
    discriminability and separability, in its order; of groups the losses.
    """
    units, logits = layout.forward_parts(layout.split(params), images.columns)  # (N, H, C * count), (N, C, C * count)
    if images.targets is not None:
        of_targets = logits.log_softmax(dim=1).gather(1, images.targets.expand(len(logits), 1, -1)).squeeze(1)
        of_groups: Tensor = -of_targets.unflatten(1, (images.classes, -1)).mean(dim=2)
        return of_groups
    log_probabilities = logits.log_softmax(dim=1).unflatten(2, (layout.classes, -1))  # (N, C, C, count)
    losses: Tensor = -log_probabilities.diagonal(dim1=1, dim2=2).mean(dim=1)  # (N, C) of (N, count, C)
    labels = torch.arange(layout.classes, device=params.device).repeat_interleave(log_probabilities.shape[3])
    found = [losses]
    for metric in performance.also:
        if metric == "discriminability":
            found.append(discriminability(logits.transpose(1, 2), labels))
        else:
            found.append(separability(units.transpose(1, 2), labels, layout.classes))
    return torch.cat(found, dim=1)


@torch.no_grad()
def with_wanted(batch: Batch, performance: Performance, layout: Layout, images: DrawnImages) -> Batch:
    """The batch, and as ``wanted`` what its checkpoints do on ``images``.

    Prompts are measured on other images than those of training, on which all networks do worse: a network that did
    here as its prompt says would be worse than what was asked for.
    """
    return replace(batch, wanted=performance_on(batch.target, performance, layout, images))


def performance_errors(found: Tensor, wanted: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Mean squared errors (N,) over classes of the losses, and of all else that is told, between what networks do and
    what is ``wanted``, (N, K) each, on the scale that hypernetworks are prompted on, log(1 + value); the second is 0
    where nothing else is told.
    """
    squares = (compress(found) - compress(wanted)).square()
    losses, others = squares[:, :classes], squares[:, classes:]
    return losses.mean(dim=1), others.sum(dim=1) / classes
