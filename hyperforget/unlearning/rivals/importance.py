"""Gradients of the cross-entropy by parameter: of images together, and squared ones of every image by itself."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.metrics.recovery import few_images
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import images_at_once
from hyperforget.unlearning.assignment import Assignment

# Training images of a class that importances are means over, at the most.
_IMAGES = 500
# Gradients of images by parameters that are held at once, of all networks together, and of numbers that layers give.
_GRADIENTS_AT_ONCE, _VALUES_AT_ONCE = 1 << 22, 1 << 25


def mean_gradient(networks: Networks, images: Tensor, labels: Tensor) -> Tensor:
    """Gradient (N, P) of the mean cross-entropy of N networks on images (B, D) with ``labels`` (B,)."""
    at_once = images_at_once(networks, _VALUES_AT_ONCE)
    params = networks.params.detach().requires_grad_()
    total = torch.zeros_like(networks.params)
    for some, wanted in zip(images.split(at_once), labels.split(at_once), strict=True):
        logits = networks.layout.forward_parts(networks.layout.split(params), some.T)[1]
        loss = F.cross_entropy(logits, wanted.expand(len(networks), -1), reduction="sum")
        total += torch.autograd.grad(loss, params)[0]
    return total / len(labels)


def importance(networks: Networks, images: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over images (B, D) of the squared gradient (N, P) of the cross-entropy of each image by itself, with
    ``labels`` (B,): the diagonal of the empirical Fisher information. Squares are multiplied by ``weights`` (N, B).

    It is of every image, not of a minibatch, so it depends on no size and no order of minibatches.
    """

    def loss(logits: Tensor, label: Tensor) -> Tensor:
        return F.cross_entropy(logits.unsqueeze(0), label.unsqueeze(0))

    return mean_over_gradients(networks, (images, labels), loss, torch.square, weights)


def mean_over_gradients(
    networks: Networks,
    shown: tuple[Tensor, Tensor],
    value: Callable[[Tensor, Tensor], Tensor],
    of_gradient: Callable[[Tensor], Tensor],
    weights: Tensor | None = None,
) -> Tensor:
    """Mean over images (B, D) with labels (B,), both ``shown``, of what ``of_gradient`` makes, entry by entry, of the
    gradient (N, P) of a ``value`` of the logits (C,) and the label of each image by itself, times ``weights`` (N, B).
    """
    (images, labels), layout, params = shown, networks.layout, networks.params.detach()

    def value_of(of_one: Tensor, image: Tensor, label: Tensor) -> Tensor:
        logits = layout.forward_parts(layout.split(of_one.unsqueeze(0)), image.unsqueeze(1))[1]  # (1, C, 1)
        return value(logits.flatten(), label)

    each_image = torch.func.vmap(torch.func.grad(value_of), in_dims=(None, 0, 0))
    each_network = torch.func.vmap(each_image, in_dims=(0, None, None))
    at_once = max(1, _GRADIENTS_AT_ONCE // params.numel())
    total = torch.zeros_like(params)
    if weights is None:
        weights = params.new_ones(len(params), len(labels))
    chunks = zip(images.split(at_once), labels.split(at_once), weights.split(at_once, dim=1), strict=True)
    for some, wanted, weight in chunks:
        total += torch.einsum("nbp,nb->np", of_gradient(each_network(params, some, wanted)), weight)
    return total / len(labels)


def importance_of_classes(assignment: Assignment, classes: Tensor) -> Tensor:
    """`importance` of the originals, (N, P), on training images of ``classes`` bool (C,), of each at most 500 images at
    random: a mean over images needs no more.
    """
    images, labels = some_images(assignment, classes, _IMAGES)
    return importance(assignment.originals, images, labels)


def some_images(assignment: Assignment, classes: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """At most ``count`` training images of each of the ``classes`` bool (C,), at random, and their labels."""
    train = assignment.train
    rows = torch.nonzero(classes[train.labels]).flatten()
    few = rows[few_images(train.labels[rows], count, assignment.generator)]
    return train.images[few], train.labels[few]
