"""The membership inference attack of the thesis: do forgotten training images still look like members?

A logistic regression learns to tell the entropy of predictions on retained training images (members) from that on all
test images (non-members). The score is the share of some other images that it takes for members.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def entropy(p: Tensor) -> Tensor:
    """Shannon entropy of probabilities ``(..., classes)`` in nats, ``(...)``; a class at 0 adds nothing."""
    terms: Tensor = torch.special.xlogy(p, p)
    return -terms.sum(-1)


def membership_scores(retain_train_entropy: Tensor, test_entropy: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Fit one attack per network and score every target with it, float64 ``(networks, targets)``.

    All entropies are ``(networks, samples)``, each with its own samples. The attack is that of Foster et al. (2024) and
    of thesis, figure 3.3, whose line 7 means the forget set: one unscaled feature, every row, balanced class weights.
    Their ``multi_class="multinomial"`` is gone from scikit-learn; for two classes it only halved the penalty on the
    slope. The score is read beside that of a retrained network, not against 0: a network that never saw a class is
    uncertain about it, so the attack partly tells classes apart rather than members from non-members.
    """
    from sklearn.linear_model import LogisticRegression

    is_member = [1] * retain_train_entropy.shape[-1] + [0] * test_entropy.shape[-1]
    features = torch.cat([retain_train_entropy, test_entropy], dim=-1).double().cpu().numpy()
    probes = [target.double().cpu().numpy() for target in targets]
    scores = torch.empty(len(features), len(probes), dtype=torch.float64)
    for network, feature in enumerate(features):
        attack = LogisticRegression(class_weight="balanced", solver="lbfgs").fit(feature[:, None], is_member)
        for column, probe in enumerate(probes):
            scores[network, column] = float(attack.predict(probe[network][:, None]).mean())
    return scores
