"""Attacks that tell networks which unlearned an image from networks that never saw it, of both as populations.

An attack is fitted on half of the networks of both sides and tried on the other half, and the other way round, so that
populations of one distribution are told as often as not.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

# The fewest networks of a side that can be halved and still have a spread.
LEAST_ATTACKED = 4
# Log-odds that vary less are rounding.
_LEAST_DEVIATION = 1e-3
# Neighbouring classes that an attacker looks at, and the least probability that it takes at its word.
NEIGHBOURS, _LEAST_PROBABILITY = 3, 1e-6
_RESAMPLES, _BOUNDS = 1000, (0.025, 0.975)

# What a fitted attack gives networks (A, ...): scores (A, B), the higher the more like those of the method.
_Attack = Callable[[Tensor], Tensor]
# Scores (A, B) of the method's networks and (A, B) of retrained ones, none of which the attack was fitted on.
Scores = tuple[Tensor, Tensor]


def likelihood_attack(confidences: Tensor, retrained: Tensor) -> list[Scores]:
    """U-LiRA on log-odds (N, B) of the right class that N networks of a method give B images, and those of as many
    retrained ones: the scores of both folds.

    Hayes et al. (2024), "Inexact Unlearning Needs More Careful Evaluations": a normal distribution is fitted to the
    log-odds of an image under unlearned networks, another to those under networks that never saw it, and the score is
    p_u / (p_u + p_r), here as its log-odds ln p_u - ln p_r. What unlearns stays the same for all networks: a
    hypernetwork is not trained anew without the image, which would take a corpus for each.
    """
    return _crossed(confidences.double(), retrained.double(), _fit_likelihoods)


def _fit_likelihoods(own: Tensor, other: Tensor) -> _Attack:
    sides = [
        torch.distributions.Normal(each.mean(dim=0), each.std(dim=0).clamp(min=_LEAST_DEVIATION))
        for each in (own, other)
    ]
    return lambda values: sides[0].log_prob(values) - sides[1].log_prob(values)


def neighbour_attack(probabilities: Tensor, retrained: Tensor, labels: Tensor, forget: Tensor) -> list[Scores]:
    """The attack on neighbouring classes (MIA-NN, or CMIA): the scores of both folds.

    ``probabilities`` (N, B, C) are those of networks of a method on forgotten images of ``labels`` (B,), ``retrained``
    (N, B, C) those of as many retrained networks; ``forget`` bool (C,) marks the forgotten classes.

    Ebrahimpour-Boroojeny et al. (2026), arXiv:2506.20893: what a network answers to an image of a class that it never
    saw is spread over the classes that are like it, and unlearned networks spread it otherwise. Neighbours of a class
    are here the three retained classes to which retrained networks give its images most. A logistic regression reads
    how far the logarithms of their probabilities are from those of retrained networks for the same image, and the
    squares of these; probabilities below 1e-6 count as that. The paper's own classifier was not published.
    """
    return _crossed(
        probabilities.double(), retrained.double(), lambda own, other: _fit_neighbours(own, other, labels, forget)
    )


def _fit_neighbours(own: Tensor, other: Tensor, labels: Tensor, forget: Tensor) -> _Attack:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns = neighbours(other, labels, forget).to(other.device)[labels]  # (B, K)
    level = _seen(other, columns).mean(dim=0)

    def features(values: Tensor) -> Tensor:
        apart = _seen(values, columns) - level  # (A, B, K)
        return torch.cat([apart, apart.square()], dim=2)

    read = [features(each).flatten(0, 1).cpu() for each in (own, other)]
    of_method = torch.arange(sum(map(len, read))) < len(read[0])
    attack = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    attack.fit(torch.cat(read).numpy(), of_method.numpy())

    def scores(values: Tensor) -> Tensor:
        told = attack.decision_function(features(values).flatten(0, 1).cpu().numpy())
        return torch.from_numpy(told).reshape(values.shape[:2])

    return scores


def neighbours(retrained: Tensor, labels: Tensor, forget: Tensor) -> Tensor:
    """The retained classes (C, K) that are nearest to each class with images, by the mean probability that retrained
    networks, (S, B, C), give its images, of ``labels`` (B,); of other classes any.
    """
    classes = len(forget)
    given = retrained.mean(dim=0)  # (B, C)
    near = torch.stack([given[labels == label].mean(dim=0) for label in range(classes)]).cpu()
    near = near.nan_to_num().masked_fill(forget.cpu(), -1.0)
    return near.topk(min(NEIGHBOURS, int((~forget).sum())), dim=1).indices


def _seen(probabilities: Tensor, columns: Tensor) -> Tensor:
    """Logarithms (N, B, K) of probabilities (N, B, C) of some classes (B, K)."""
    of = probabilities.gather(2, columns.expand(len(probabilities), -1, -1))
    return of.clamp(min=_LEAST_PROBABILITY).log()


def _crossed(own: Tensor, other: Tensor, fit: Callable[[Tensor, Tensor], _Attack]) -> list[Scores]:
    if len(own) != len(other) or len(own) < LEAST_ATTACKED:
        raise ValueError(
            f"populations of {len(own)} and {len(other)} networks; allowed is one size of at least {LEAST_ATTACKED}"
        )
    half = len(own) // 2
    first, second = slice(0, half), slice(half, 2 * half)
    found = []
    for fitted, tried in ((first, second), (second, first)):
        attack = fit(own[fitted], other[fitted])
        found.append((attack(own[tried]).cpu(), attack(other[tried]).cpu()))
    return found


def told_apart(folds: Sequence[Scores]) -> tuple[float, float, float]:
    """The area under the ROC curve in [0, 1], and its 95 % interval: the chance that of two networks, asked about the
    same image, the method's has the higher score, ties counting half; mean over images, pairs of networks and folds.

    0.5 where nothing tells them. Of the interval, networks of both sides are drawn anew with replacement a thousand
    times, the same draws at every call.
    """
    areas = torch.stack([_areas(*each) for each in folds])  # (F, A, A)
    generator, networks = torch.Generator().manual_seed(0), areas.shape[1]
    rows, columns = (torch.randint(networks, (len(areas), _RESAMPLES, networks), generator=generator) for _ in range(2))
    again = torch.stack(
        [
            of[row.unsqueeze(2), column.unsqueeze(1)].mean(dim=(1, 2))
            for of, row, column in zip(areas, rows, columns, strict=True)
        ]
    ).mean(dim=0)
    low, high = again.quantile(torch.tensor(_BOUNDS, dtype=torch.float64)).tolist()
    return float(areas.mean()), low, high


def _areas(own: Tensor, other: Tensor) -> Tensor:
    """(A, A), of each network with each other one."""
    above = [
        (each > other).double() + (each == other).double() / 2
        for each in own.unsqueeze(1)  # (A, 1, B)
    ]
    return torch.stack(above).mean(dim=2)


def hits_at(folds: Sequence[Scores], alarms: float) -> float:
    """The share of scores of the method's networks above the threshold that at most a share ``alarms`` of those of
    retrained networks passes, all images together; mean over folds. As many as ``alarms`` where nothing tells them.
    """
    shares = []
    for own, other in folds:
        ordered = other.flatten().sort().values
        threshold = ordered[len(ordered) - 1 - int(alarms * len(ordered))]
        shares.append(float((own > threshold).double().mean()))
    return sum(shares) / len(shares)
