"""What networks show that know all classes but a set: the level that whoever forgets the set should come to.

How well a network tells a class that it never saw depends on what else it never saw, since hidden units serve the
classes that are there. Quantiles of each class on its own ask for combinations that no network has. Here every value is
regressed on which classes are missing, so that all that is asked for belongs to one network; and as what each missing
class does is added up, there is an answer for sets that no run was trained without.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import KNOWN_ACCURACY, CorpusOutcomes
from hyperforget.config.performance import Performance
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.hypernet.conditioning import compress
from hyperforget.metrics.performance import performance_values


@dataclass(frozen=True)
class ClassLevel:
    """How a class is told by networks that know all classes but a set: ``expected`` (S, V), for each of S quantiles of
    how good they are, V values compressed, ``deviations`` (M, V) of M checkpoints from theirs, and the ``range`` (2, V)
    of what was seen.
    """

    expected: Tensor
    deviations: Tensor
    range: Tensor

    def at(self, quantiles: Tensor) -> Tensor:
        """Values (S, V), each by a quantile (V,) of its deviations; never beyond what was seen."""
        columns = zip(self.deviations.unbind(dim=1), quantiles.tolist(), strict=True)
        away = torch.stack([quantile_of(column, quantile) for column, quantile in columns])
        low, high = self.range
        return (self.expected + away).clamp(min=low, max=high).expm1().float()


def class_levels(
    outcomes: CorpusOutcomes, forget: Tensor, performance: Performance, goodness: list[float]
) -> list[ClassLevel | None]:
    """The level of each class for networks that know all classes but those of ``forget``, bool (C,), by linear
    regression over M checkpoints of a corpus.

    Of a class to be forgotten it is that of checkpoints that `forgotten_by` counts, of the others that of checkpoints
    that know it; None where there is none. What predicts are the classes that a checkpoint does not know, and how good
    it is: the mean compressed loss of the classes that it knows, less what that is for its state. ``goodness`` are S
    quantiles of it, 0 the best.
    """
    known = outcomes.accuracies >= KNOWN_ACCURACY
    state = torch.cat([torch.ones(len(known), 1), (~known).float()], dim=1).double()  # (M, 1 + C)
    losses = compress(outcomes.losses.double())
    mean = (losses * known).sum(dim=1) / known.sum(dim=1).clamp(min=1)
    excess = mean - state @ _least_squares(state, mean.unsqueeze(1)).squeeze(1)
    predictors = torch.cat([state, excess.unsqueeze(1)], dim=1)
    asked = torch.cat([torch.ones(1), forget.float()]).double()
    wanted = torch.stack([torch.cat([asked, quantile_of(excess, share).reshape(1)]) for share in goodness])
    parts = [compress(performance_values(outcomes, part).double()) for part in performance.parts]
    levels: list[ClassLevel | None] = []
    for label, forgets in enumerate(forget.tolist()):
        alike = forgotten_by(outcomes, label, performance) if forgets else known[:, label]
        if not alike.any():
            levels.append(None)
            continue
        values = torch.stack([part[alike, label] for part in parts], dim=1)
        weights = _least_squares(predictors[alike], values)
        seen = torch.stack([values.amin(dim=0), values.amax(dim=0)])
        levels.append(ClassLevel(wanted @ weights, values - predictors[alike] @ weights, seen))
    return levels


def forgotten_by(outcomes: CorpusOutcomes, label: int, performance: Performance) -> Tensor:
    """The checkpoints, bool (M,), that show how a class is forgotten: those that do not answer it, and where more than
    losses is told, if there are any, only those whose runs never saw it; others may hide it.
    """
    unseen = outcomes.forgotten(label)
    if performance.also and unseen.any():
        return unseen
    return outcomes.accuracies[:, label] <= FORGOTTEN_ACCURACY


def expected_discriminability(outcomes: CorpusOutcomes, forget: Tensor) -> Tensor:
    """d′ (C,) of networks of middling quality that know all classes but those of ``forget``, bool (C,), NaN where no
    checkpoint shows it.
    """
    found = class_levels(outcomes, forget, Performance(also=("discriminability",)), [0.5])
    nan = torch.tensor(torch.nan)
    return torch.stack([nan if level is None else level.expected[0, 1].expm1().float() for level in found])


def quantile_of(values: Tensor, quantile: float) -> Tensor:
    """Linear between order statistics; `torch.quantile` refuses more than 16 million values."""
    ordered = values.sort().values
    place = quantile * (ordered.numel() - 1)
    lower = int(place)
    upper = min(lower + 1, ordered.numel() - 1)
    return torch.lerp(ordered[lower], ordered[upper], place - lower)


def _least_squares(predictors: Tensor, values: Tensor) -> Tensor:
    """Weights (F, V) by least squares, of all that are as good the smallest: classes that every checkpoint knows, or
    none, say nothing.
    """
    weights: Tensor = torch.linalg.pinv(predictors.T @ predictors, hermitian=True) @ (predictors.T @ values)
    return weights
