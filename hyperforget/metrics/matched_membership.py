"""Membership inference within the forgotten classes: are training images told from test images of the same classes?"""

import numpy as np
import torch
from torch import Tensor

_CLIP = 100.0
_FOLDS, _TESTED = 5, 0.2


def matched_membership(member_losses: Tensor, other_losses: Tensor, generator: torch.Generator) -> Tensor:
    """Accuracy of the attack, float64 (N,), in [0, 1]; 0.5 where nothing tells members.

    Kurmanji et al. (2023), "Towards Unbounded Machine Unlearning": a logistic regression on cross-entropies, in nats
    and at most 100, of training images (N, M) and of test images (N, T), of the forgotten classes both; as many of
    each, drawn by the generator; mean accuracy over five stratified random splits that keep a fifth to test. Classes
    are the same on both sides, so that an attack cannot pass for one on members that only tells classes apart.

    Raises `ValueError` where there are fewer than five images of a side.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

    count = min(member_losses.shape[1], other_losses.shape[1])
    if count < _FOLDS:
        raise ValueError(f"there are {count} images of a side; the attack needs {_FOLDS}")
    sides = [
        losses[:, torch.randperm(losses.shape[1], generator=generator)[:count]].clamp(max=_CLIP).double()
        for losses in (member_losses.cpu(), other_losses.cpu())
    ]
    features, labels = torch.cat(sides, dim=1).numpy(), np.repeat([1, 0], count)
    folds = StratifiedShuffleSplit(_FOLDS, test_size=_TESTED, random_state=0)
    scores = [
        float(cross_val_score(LogisticRegression(), feature[:, None], labels, cv=folds).mean()) for feature in features
    ]
    return torch.tensor(scores, dtype=torch.float64)
