"""Discriminability against its closed form for normal margins, scikit-learn's area under the curve, and numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from torch import Tensor

from hyperforget.metrics.discriminability import class_margins, discriminability, separability

CLASSES, IMAGES = 4, 200


def example(seed: int, scale: float = 2.0) -> tuple[Tensor, Tensor]:
    """Logits (3, B, C) that know their labels (B,) a little."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(IMAGES) % CLASSES
    logits = scale * torch.randn(3, IMAGES, CLASSES, generator=generator)
    return logits + torch.nn.functional.one_hot(labels, CLASSES), labels


def two_normals(separation: float, deviations: tuple[float, float], count: int = 100_000) -> tuple[Tensor, Tensor]:
    """Logits (1, B, 2) whose margin of class 0 is normal with means ``separation`` apart."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.arange(2 * count) % 2).long()
    margins = torch.randn(2 * count, generator=generator) * torch.tensor(deviations)[labels]
    margins += separation * (labels == 0)
    return torch.stack([margins, torch.zeros_like(margins)], dim=-1).unsqueeze(0), labels


@pytest.mark.parametrize(("separation", "deviations"), [(1.5, (1.0, 1.0)), (3.0, (2.0, 2.0)), (2.0, (0.5, 1.5))])
def test_of_two_normals_it_is_their_separation_in_deviations(
    separation: float, deviations: tuple[float, float]
) -> None:
    found = discriminability(*two_normals(separation, deviations))
    expected = separation / ((deviations[0] ** 2 + deviations[1] ** 2) / 2) ** 0.5
    assert found[0].tolist() == pytest.approx([expected, expected], rel=0.01)


@pytest.mark.parametrize("separation", [0.3, 1.0, 2.5])
def test_the_area_that_it_means_is_that_under_the_curve_of_scikit_learn(separation: float) -> None:
    logits, labels = two_normals(separation, (1.0, 1.0))
    expected = roc_auc_score((labels == 0).numpy(), logits[0, :, 0].numpy())
    area = torch.special.ndtr(discriminability(logits, labels) / 2**0.5)
    assert float(area[0, 0]) == pytest.approx(expected, abs=0.005)


def test_it_is_what_numpy_makes_of_the_margins() -> None:
    logits, labels = example(1)
    expected = np.empty((3, CLASSES))
    for network in range(3):
        for label in range(CLASSES):
            values = logits[network].double().numpy()
            others = np.log(np.exp(np.delete(values, label, axis=1)).sum(1))
            margins, own = values[:, label] - others, (labels == label).numpy()
            pooled = np.sqrt((margins[own].var() + margins[~own].var()) / 2)
            expected[network, label] = max(0, (margins[own].mean() - margins[~own].mean()) / pooled)
    assert np.allclose(discriminability(logits, labels).numpy(), expected, rtol=1e-4)


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(-50, 50))
def test_a_bias_of_an_output_leaves_it_almost_as_it_is_where_two_classes_compete(seed: int, shift: float) -> None:
    logits, labels = example(seed)
    before = discriminability(logits[..., :2], labels % 2)
    after = discriminability(logits[..., :2] + torch.tensor([shift, 0.0]), labels % 2)
    assert torch.allclose(before, after, atol=1e-3)


def test_margins_are_exact_where_probabilities_are_not() -> None:
    logits = torch.tensor([[60.0, 0.0, -3.0], [-200.0, 5.0, 5.0]])
    others = [[float(np.log1p(np.exp(-3.0))), 60.0, 60.0], [5.0 + float(np.log(2)), 5.0, 5.0]]
    assert torch.allclose(class_margins(logits.T).T, logits - torch.tensor(others))


def test_a_network_that_answers_at_random_has_none_and_one_that_errs_has_none() -> None:
    logits, labels = example(2)
    assert float(discriminability(torch.zeros(1, IMAGES, CLASSES), labels).abs().max()) < 0.01
    wrong = -5.0 * torch.nn.functional.one_hot(labels, CLASSES).float().unsqueeze(0)
    assert float(discriminability(wrong + 0.1 * logits[:1], labels).max()) == 0


def test_gradients_reach_logits_that_are_certain() -> None:
    logits, labels = example(3, scale=30.0)
    logits.requires_grad_()
    discriminability(logits, labels).sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert float(logits.grad.abs().max()) > 0


@settings(deadline=None)
@given(st.integers(0, 1000), st.booleans())
def test_gradients_are_those_of_the_written_out_margins(seed: int, ties: bool) -> None:
    logits = example(seed)[0][:, :20].double().transpose(1, 2)  # (3, C, B)
    logits = (logits.round() if ties else logits).requires_grad_()
    worth = torch.randn(logits.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    others = [logits[:, [j for j in range(CLASSES) if j != c]].logsumexp(1) for c in range(CLASSES)]
    written_out = logits - torch.stack(others, dim=1)
    assert torch.allclose(class_margins(logits), written_out)
    (found,), (expected,) = (
        torch.autograd.grad((margins * worth).sum(), logits) for margins in (class_margins(logits), written_out)
    )
    assert torch.allclose(found, expected, atol=1e-9)


def test_a_class_without_images_has_none() -> None:
    logits, labels = example(4)
    assert discriminability(logits, labels % 2).isnan().tolist() == [[False, False, True, True]] * 3


def normal_units(apart: float, hidden: int = 3, count: int = 40_000) -> tuple[Tensor, Tensor]:
    """Hidden units (1, B, H) of two classes, correlated, with means ``apart`` in Mahalanobis distance."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 2
    mixing = torch.randn(hidden, hidden, generator=generator) + 2 * torch.eye(hidden)
    direction = torch.nn.functional.normalize(torch.randn(hidden, generator=generator), dim=0)
    white = torch.randn(count, hidden, generator=generator) + apart * labels.unsqueeze(1) * direction
    return (white @ mixing.T).unsqueeze(0), labels


@pytest.mark.parametrize("apart", [0.5, 2.0, 4.0])
def test_separability_is_the_mahalanobis_distance_of_normal_units(apart: float) -> None:
    units, labels = normal_units(apart)
    assert separability(units, labels, 2)[0].tolist() == pytest.approx([apart, apart], rel=0.03)


def test_separability_is_the_d_prime_of_the_best_linear_read_out() -> None:
    units, labels = normal_units(2.0)
    discriminant = LinearDiscriminantAnalysis().fit(units[0], labels)
    scores = torch.from_numpy(discriminant.decision_function(units[0])).float()
    read_out = torch.stack([-scores, torch.zeros_like(scores)], dim=-1).unsqueeze(0)
    assert float(separability(units, labels, 2)[0, 0]) == pytest.approx(
        float(discriminability(read_out, labels)[0, 0]), rel=0.02
    )


def test_separability_does_not_see_scales_or_mixtures_of_units() -> None:
    units, labels = normal_units(1.5, count=2000)
    mixed = units @ torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.5, 0.3], [0.1, 0.0, 3.0]])
    assert torch.allclose(separability(units, labels, 2), separability(mixed, labels, 2), rtol=0.03)


def test_dead_units_separate_nothing_and_have_finite_gradients() -> None:
    units = torch.zeros(2, 40, 3, requires_grad=True)
    found = separability(units, torch.arange(40) % 4, 4)
    assert float(found.detach().max()) < 0.01
    found.sum().backward()
    assert units.grad is not None
    assert units.grad.isfinite().all()
