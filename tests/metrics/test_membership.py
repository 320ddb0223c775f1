"""The membership inference attack against scikit-learn and its own optimum."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import entropy as scipy_entropy
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from hyperforget.metrics.membership import entropy, membership_scores


def entropies(network: int, samples: int, scale: float) -> Tensor:
    generator = torch.Generator().manual_seed(10 * network + samples)
    return torch.rand(samples, generator=generator) * scale


def score(members: Tensor, others: Tensor, target: Tensor) -> float:
    return membership_scores(members[None], others[None], [target[None]]).item()


def test_entropy_equals_scipy_and_closed_forms() -> None:
    p = torch.randn(3, 7, 4, generator=torch.Generator().manual_seed(0)).double().softmax(-1)
    np.testing.assert_allclose(entropy(p), scipy_entropy(p.numpy(), axis=-1), rtol=1e-12)
    assert entropy(torch.tensor([1.0, 0.0, 0.0])).item() == 0
    assert entropy(torch.full((10,), 0.1)).item() == pytest.approx(math.log(10))


def test_attack_equals_scikit_learn_written_out() -> None:
    members, others, target = entropies(0, 90, 0.8), entropies(0, 60, 1.3), entropies(0, 40, 1.3)
    x = np.concatenate([members.numpy(), others.numpy()]).reshape(-1, 1).astype(np.float64)
    y = np.array([1] * 90 + [0] * 60)
    model = LogisticRegression(class_weight="balanced").fit(x, y)
    expected = model.predict(target.numpy().reshape(-1, 1)).mean()
    assert 0 < expected < 1
    assert score(members, others, target) == expected


def test_attack_minimises_the_balanced_penalised_likelihood() -> None:
    members, others = entropies(1, 200, 0.8).double().numpy(), entropies(1, 70, 1.3).double().numpy()
    x = np.concatenate([members, others])
    sign = np.array([1] * 200 + [-1] * 70)
    weight = np.where(sign > 0, 270 / (2 * 200), 270 / (2 * 70))

    def objective(coefficients: np.ndarray) -> float:
        slope, intercept = coefficients
        return float((weight * np.logaddexp(0, -sign * (slope * x + intercept))).sum() + slope**2 / 2)

    slope, intercept = minimize(objective, np.zeros(2), tol=1e-10).x
    threshold = -intercept / slope
    grid = torch.linspace(0, 1.3, 1301, dtype=torch.float64)
    share = score(torch.tensor(members), torch.tensor(others), grid)
    assert slope < 0
    assert share == pytest.approx(threshold / 1.3, abs=2e-3)


def test_separable_entropies_are_told_apart() -> None:
    certain, uncertain = torch.full((50,), 0.01), torch.full((50,), 2.0)
    assert score(certain, uncertain, certain[:5]) == 1.0
    assert score(certain, uncertain, uncertain[:5]) == 0.0
    assert score(certain, uncertain, torch.tensor([0.0, 0.0, 0.0, 2.3])) == 0.75


def test_class_weights_are_balanced() -> None:
    # Unbalanced, ten times more members than others would make every answer "member".
    members, others = torch.linspace(0, 1, 1000), torch.linspace(0.2, 1.2, 100)
    assert score(members, others, torch.tensor([1.2])) == 0.0


def test_batch_scores_equal_single_ones_and_inputs_are_left_alone() -> None:
    def stack(samples: int, scale: float) -> Tensor:
        return torch.stack([entropies(network, samples, scale) for network in range(3)])

    members, others, targets = stack(90, 0.8), stack(60, 1.3), [stack(40, 1.3), stack(25, 1.0)]
    before = members.clone(), others.clone(), targets[0].clone()
    scores = membership_scores(members, others, targets)
    assert scores.shape == (3, 2)
    for network in range(3):
        for column, target in enumerate(targets):
            single = membership_scores(members[[network]], others[[network]], [target[[network]]]).item()
            assert scores[network, column].item() == single
    assert all(torch.equal(a, b) for a, b in zip(before, (members, others, targets[0]), strict=True))
