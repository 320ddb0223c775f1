"""What networks show that know all classes but a set: the level that whoever forgets the set should come to.

How well a network tells a class that it never saw depends on what else it never saw, since hidden units serve the
classes that are there. Quantiles of each class on its own ask for combinations that no network has. Here every value is
regressed on which classes are missing, so that all that is asked for belongs to one network; and as what each missing
class does is added up, there is an answer for sets that no run was trained without. What is fitted is a small table,
which answers for every set without the checkpoints that it was fitted to.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config.performance import Performance
from hyperforget.hypernet.conditioning import compress
from hyperforget.metrics.performance import performance_values

# Hundredths, as people ask for them: what lies between two of them is interpolated.
_KNOTS = torch.arange(101, dtype=torch.float64) / 100
# Deviations have always been asked for by quantiles in single precision, and results shall stay as they are.
_ROUNDED_KNOTS = _KNOTS.float().double()
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class LevelTable:
    """How each of C classes is told by networks that know all classes but some, in V values, those of the ``parts`` of
    ``performance``; float64, compressed.

    The first entry of what follows is of networks that know the class, the second of those that have forgotten it.
    ``weights`` (2, C, 2 + C, V) are of 1, of which classes are missing, and of how good a network is; they are NaN
    where no checkpoint shows it. ``deviations`` (2, C, 101, V) are percentiles of how far checkpoints are from what is
    expected of them, and ``range`` (2, C, 2, V) is the lowest and the highest value of theirs. ``excess`` (101,) are
    percentiles of how good checkpoints are, 0 the best.
    """

    performance: Performance
    weights: Tensor
    deviations: Tensor
    range: Tensor
    excess: Tensor

    def shown(self, forget: Tensor) -> Tensor:
        """Of which classes there is a level, bool (..., C), for sets ``forget`` bool (..., C)."""
        known, forgotten = ~self.weights.isnan().flatten(2).any(dim=2)
        return torch.where(forget, forgotten, known)

    def expected(self, forget: Tensor, goodness: float) -> Tensor:
        """Values (S, C, V), compressed, of networks that know all classes but those of ``forget``, bool (S, C), and
        are as good as a quantile says; NaN where no checkpoint shows it.
        """
        count = forget.shape[0]
        excess = _at(self.excess, goodness).expand(count, 1)
        told = torch.cat([torch.ones(count, 1), forget, excess], dim=1).double()  # (S, 2 + C)
        known, forgotten = (torch.einsum("sf,cfv->scv", told, weights) for weights in self.weights)
        return torch.where(forget.unsqueeze(2), forgotten, known)

    def ask(self, forget: Tensor, departure: float, goodness: float) -> Tensor:
        """The performance (S, V * C), float32, of networks that have forgotten the classes of ``forget`` bool (S, C):
        one part of all classes after the other, NaN where no checkpoint shows it.

        Networks are as good as the quantile ``goodness`` says, and of forgotten classes as far from what is expected as
        ``departure`` says, a quantile of their losses, and one minus it of all else: the higher the loss, the lower the
        discriminability. Nothing is beyond what was seen.
        """
        mirrored = [part.metric != self.performance.metric for part in self.performance.parts]
        quantiles = ([0.5] * len(mirrored), [1 - departure if mirror else departure for mirror in mirrored])
        known, forgotten = (
            torch.stack([_at(of_part, at) for of_part, at in zip(deviations.unbind(2), each, strict=True)], dim=1)
            for deviations, each in zip(self.deviations.transpose(1, 2).unbind(0), quantiles, strict=True)
        )  # (C, V)
        chosen = forget.unsqueeze(2)
        low, high = (torch.where(chosen, bounds[1], bounds[0]) for bounds in self.range.unbind(2))  # (S, C, V)
        asked = self.expected(forget, goodness) + torch.where(chosen, forgotten, known)
        return asked.clamp(min=low, max=high).expm1().float().transpose(1, 2).flatten(1)


def fit_levels(outcomes: CorpusOutcomes, performance: Performance) -> LevelTable:
    """The levels of all classes by linear regression over M checkpoints of a corpus, of each class over those that know
    it and over those that `forgotten_by` counts.

    What predicts are the classes that a checkpoint does not know, and how good it is: the mean compressed loss of the
    classes that it knows, less what that is for its state.
    """
    known = outcomes.known
    state = torch.cat([torch.ones(len(known), 1), (~known).float()], dim=1).double()  # (M, 1 + C)
    losses = compress(outcomes.losses.double())
    mean = (losses * known).sum(dim=1) / known.sum(dim=1).clamp(min=1)
    excess = mean - state @ _least_squares(state, mean.unsqueeze(1)).squeeze(1)
    predictors = torch.cat([state, excess.unsqueeze(1)], dim=1)
    parts = [compress(performance_values(outcomes, part).double()) for part in performance.parts]
    values = torch.stack(parts, dim=2)  # (M, C, V)
    fitted = [
        _fit(predictors[alike], values[alike, label])
        for forgets in (False, True)
        for label in range(known.shape[1])
        for alike in (forgotten_by(outcomes, label, performance) if forgets else known[:, label],)
    ]
    weights, deviations, seen = (
        torch.stack(each).unflatten(0, (2, known.shape[1])) for each in zip(*fitted, strict=True)
    )
    return LevelTable(performance, weights, deviations, seen, _percentiles(excess.unsqueeze(1), _KNOTS).squeeze(1))


def _fit(predictors: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights (F, V), percentiles of deviations (101, V) and range (2, V) of ``values`` (M, V) by ``predictors`` (M,
    F); NaN where there are none.
    """
    if not len(values):
        shapes = (predictors.shape[1], len(_KNOTS), 2)
        first, second, third = (torch.full((rows, values.shape[1]), torch.nan).double() for rows in shapes)
        return first, second, third
    weights = _least_squares(predictors, values)
    seen = torch.stack([values.amin(dim=0), values.amax(dim=0)])
    return weights, _percentiles(values - predictors @ weights, _ROUNDED_KNOTS), seen


def forgotten_by(outcomes: CorpusOutcomes, label: int, performance: Performance) -> Tensor:
    """The checkpoints, bool (M,), that show how a class is forgotten: those that do not answer it, and where more than
    losses is told, if there are any, only those whose runs never saw it; others may hide it. Of groups always these:
    losses may also be as high as theirs on the way to knowing a group.
    """
    unseen = outcomes.forgotten(label)
    if (performance.also or outcomes.bounds.of_groups) and unseen.any():
        return unseen
    return outcomes.unanswered(label)


def expected_discriminability(outcomes: CorpusOutcomes, forget: Tensor) -> Tensor:
    """d′ (C,) of networks of middling quality that know all classes but those of ``forget``, bool (C,), NaN where no
    checkpoint shows it.
    """
    table = fit_levels(outcomes, Performance(also=("discriminability",)))
    return table.expected(forget.unsqueeze(0), 0.5)[0, :, 1].expm1().float()


def quantile_of(values: Tensor, quantile: float) -> Tensor:
    """Linear between order statistics; `torch.quantile` refuses more than 16 million values."""
    ordered = values.sort().values
    place = quantile * (ordered.numel() - 1)
    lower = int(place)
    upper = min(lower + 1, ordered.numel() - 1)
    return torch.lerp(ordered[lower], ordered[upper], place - lower)


def _percentiles(values: Tensor, quantiles: Tensor) -> Tensor:
    """Some ``quantiles`` (Q,) of ``values`` (M, V), (Q, V), as `quantile_of` has them."""
    ordered = values.T.contiguous().sort(dim=1).values.T  # several times as fast as along the first dimension
    places = quantiles * (len(ordered) - 1)
    lower = places.long()
    upper = (lower + 1).clamp(max=len(ordered) - 1)
    return torch.lerp(ordered[lower], ordered[upper], (places - lower).unsqueeze(1))


def _at(percentiles: Tensor, quantile: float) -> Tensor:
    """A quantile of what has these ``percentiles`` (101, ...): one of them, or between two of them."""
    place = quantile * (len(_KNOTS) - 1)
    if abs(place - round(place)) < _TOLERANCE:
        return percentiles[round(place)]
    return torch.lerp(percentiles[int(place)], percentiles[int(place) + 1], place - int(place))


def _least_squares(predictors: Tensor, values: Tensor) -> Tensor:
    """Weights (F, V) by least squares, of all that are as good the smallest: classes that every checkpoint knows, or
    none, say nothing.
    """
    weights: Tensor = torch.linalg.pinv(predictors.T @ predictors, hermitian=True) @ (predictors.T @ values)
    return weights
