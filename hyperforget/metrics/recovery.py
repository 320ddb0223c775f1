"""What a network that answers no forgotten class still knows of it, brought back in four ways.

Accuracy 0 on the forget set says that a network does not *answer* a class. Each value here is to be as high as that of
networks retrained without the class, which knew nothing of it: higher means that the class is hidden, much lower that
its loss shows.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hyperforget.metrics.classes import accuracy_on, correct_counts

_PASSES = 3
# Of the regression that reads hidden units: the inverse strength of its L2 penalty, and its iterations at the most.
_PROBE_PENALTY, _PROBE_ITERATIONS = 1.0, 300


def best_biases(logits: Tensor, labels: Tensor, forget: Tensor) -> Tensor:
    """What to add to the output biases of the forgotten classes, (N, C), so that accuracy is best; 0 for all others.

    ``logits`` are (N, B, C) on images of ``labels`` (B,), ``forget`` bool (C,) marks the classes. Accuracy is the mean
    over all classes with images, each counting alike. One class after another takes the bias that is best given the
    others, found exactly among all that make a difference, in three passes; where several are as good, the lowest.
    """
    sizes = torch.bincount(labels, minlength=logits.shape[-1]).clamp(min=1).to(logits.dtype)
    worth = 1 / sizes[labels]  # (B,), of an image that is classified correctly
    biases = torch.zeros(logits.shape[0], logits.shape[2], dtype=logits.dtype, device=logits.device)
    for _ in range(_PASSES):
        for label in torch.nonzero(forget).flatten().tolist():
            others = logits + biases.unsqueeze(1)
            others[..., label] = -torch.inf
            rival, winner = others.max(dim=-1)  # (N, B)
            needed = rival - logits[..., label]  # the least bias with which an image falls to the class
            # What is won or lost as one image after another, in the order of what they need, falls to the class.
            change = worth * ((labels == label).to(logits.dtype) - (winner == labels).to(logits.dtype))
            ordered, order = needed.sort(dim=-1)
            gains = change.gather(-1, order).cumsum(dim=-1)
            # Between two images that need the same, no bias divides them.
            gains[:, :-1].masked_fill_(ordered[:, :-1] == ordered[:, 1:], -torch.inf)
            best, last = gains.max(dim=-1)
            following = (last + 1).clamp(max=ordered.shape[1] - 1)
            low, high = ordered.gather(1, last.unsqueeze(1)), ordered.gather(1, following.unsqueeze(1))
            between = torch.where((last == following).unsqueeze(1), low + 1, (low + high) / 2).squeeze(1)
            biases[:, label] = torch.where(best > 0, between, ordered[:, 0] - 1)
    return biases


def accuracy_after(biases: Tensor, logits: Tensor, labels: Tensor, forget: Tensor) -> Tensor:
    """Accuracy float64 (N,) on images of the forgotten classes, of logits (N, B, C) with ``biases`` (N, C) added."""
    counts = correct_counts(logits + biases.unsqueeze(1), labels, len(forget))
    return accuracy_on(counts, torch.bincount(labels, minlength=len(forget)), forget)


def separation(logits: Tensor, labels: Tensor, forget: Tensor) -> Tensor:
    """Area under the ROC curve, float64 (N,): how well the logit of a forgotten class minus the best logit of a
    retained one tells the images of that class from all others; mean over the forgotten classes.

    ``logits`` (N, B, C), ``labels`` (B,), ``forget`` bool (C,). It is the chance that an image of the class has the
    larger difference, ties counting half (Mann and Whitney, 1947), and does not depend on output biases of forgotten
    classes.
    """
    best_retained = logits[..., ~forget].amax(dim=-1)
    areas = [
        roc_area(logits[..., label] - best_retained, labels == label)
        for label in torch.nonzero(forget).flatten().tolist()
    ]
    return torch.stack(areas).mean(dim=0)


def roc_area(scores: Tensor, positive: Tensor) -> Tensor:
    """Area under the ROC curve, float64 (N,), of scores (N, B) and which of them are positive, bool (B,)."""
    own, others = scores[:, positive], scores[:, ~positive].sort(dim=-1).values
    below = torch.searchsorted(others, own.contiguous())
    not_above = torch.searchsorted(others, own.contiguous(), right=True)
    return ((below + not_above).double() / 2).mean(dim=-1) / others.shape[1]


def probe_accuracy(train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, forget: Tensor) -> Tensor:
    """Accuracy float64 (N,) on test images of the forgotten classes of a linear probe (Alain and Bengio, 2017).

    A logistic regression for each network, from its hidden units on training images (N, B, H), in deviations from their
    mean, to their ``train_labels`` (B,), of all classes; ``test`` (N, T, H) with ``test_labels`` (T,).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    forgotten = forget[test_labels]
    wanted = test_labels[forgotten].numpy()
    scores = []
    for units, asked in zip(train, test[:, forgotten], strict=True):
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=_PROBE_PENALTY, max_iter=_PROBE_ITERATIONS))
        probe.fit(units.numpy(), train_labels.numpy())
        scores.append(float((probe.predict(asked.numpy()) == wanted).mean()))
    return torch.tensor(scores, dtype=torch.float64)


def relearn(
    params: Tensor, loss: Callable[[Tensor], Tensor], steps: Sequence[int], learning_rate: float
) -> list[Tensor]:
    """Parameters (N, P) of networks after each of some numbers of steps of gradient descent on ``loss``, which gives
    that of each network (N,); in rising order.
    """
    params, found = params.clone(), []
    for step in range(1, max(steps) + 1):
        params.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(params).sum(), params)
        params = (params - learning_rate * gradient).detach()
        if step in steps:
            found.append(params)
    return found


def few_images(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Rows of ``count`` images of each class at random, of all of a class that has fewer."""
    rows = [torch.nonzero(labels == label).flatten() for label in labels.unique().tolist()]
    return torch.cat([of[torch.randperm(of.numel(), generator=generator)[:count]] for of in rows])
