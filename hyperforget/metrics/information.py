"""How much hidden units tell of whether an image is of a forgotten class."""

import math

import torch
from torch import Tensor


def told_information(train: Tensor, train_forgotten: Tensor, test: Tensor, test_forgotten: Tensor) -> Tensor:
    """Bits, float64 (N,), in [0, 1], that hidden units of N networks tell a linear reader of whether an image is
    forgotten, where both answers are as likely.

    1 less the cross-entropy in bits of a logistic regression, fitted on units of training images (N, B, H), of which
    bool (B,) says whether each is forgotten, and measured on test images (N, T, H) and (T,), both sides weighing alike;
    at least 0. It is a lower bound of the mutual information I(Z; Y), the V-information of linear readers (Xu et al.,
    2020); Jeon et al. (2024), "An Information Theoretic Evaluation Metric for Strong Unlearning", arXiv:2405.17878,
    train a neural estimate.

    Raises `ValueError` where all images of a split are on one side.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for side in (train_forgotten, test_forgotten):
        if side.all() or not side.any():
            raise ValueError("all images are on one side; there must be forgotten and retained ones")
    wanted = test_forgotten.cpu().long()
    weights = 0.5 / torch.bincount(wanted)[wanted].double()
    found = []
    for units, asked in zip(train.cpu(), test.cpu(), strict=True):
        reader = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=300))
        reader.fit(units.numpy(), train_forgotten.cpu().numpy())
        likely = torch.from_numpy(reader.predict_log_proba(asked.numpy())).double()
        nats = -(likely.gather(1, wanted.unsqueeze(1)).squeeze(1) * weights).sum()
        found.append(max(0.0, 1 - float(nats) / math.log(2)))
    return torch.tensor(found, dtype=torch.float64)


def information_difference_index(own: Tensor, retrained: Tensor, originals: Tensor) -> Tensor:
    """IDI, float64 (N,): 0 where hidden units tell as much as those of retrained networks, 1 where as much as those of
    originals, below 0 where less.

    Σ_l (I_l - I_l of retrained) / Σ_l (I_l of originals - I_l of retrained), over hidden layers l, of what layers tell,
    (N, L), (S, L) and (O, L); of both references the median over networks (Jeon et al., 2024). NaN where
    originals tell no more than retrained networks.
    """
    level, top = (each.sum(dim=1).quantile(0.5) for each in (retrained, originals))
    return (own.sum(dim=1) - level) / (top - level) if top > level else torch.full((len(own),), math.nan).double()
