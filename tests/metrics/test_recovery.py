"""Recovery against brute force, scikit-learn and torch's own optimiser."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torch import Tensor

from hyperforget.metrics.recovery import (
    accuracy_after,
    best_biases,
    few_images,
    probe_accuracy,
    relearn,
    separation,
)

CLASSES = 4


def example(seed: int, images: int = 60, knows: float = 1.0) -> tuple[Tensor, Tensor]:
    """Logits (2, B, C) that know their labels (B,) a little."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (images,), generator=generator)
    labels[:CLASSES] = torch.arange(CLASSES)
    logits = torch.randn(2, images, CLASSES, generator=generator)
    return logits + knows * torch.nn.functional.one_hot(labels, CLASSES), labels


def mask(*classes: int) -> Tensor:
    found = torch.zeros(CLASSES, dtype=torch.bool)
    found[list(classes)] = True
    return found


def balanced(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over classes of the accuracy on their images, of logits (..., B, C)."""
    right = (logits.argmax(-1) == labels).double()
    return torch.stack([right[..., labels == label].mean(-1) for label in range(CLASSES)]).mean(0)


def test_balanced_accuracy_is_that_of_scikit_learn() -> None:
    logits, labels = example(5)
    expected = [balanced_accuracy_score(labels.numpy(), network.argmax(-1).numpy()) for network in logits]
    assert balanced(logits, labels).tolist() == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_one_bias_is_the_best_of_all_that_could_be_tried(seed: int) -> None:
    logits, labels = example(seed, images=25)
    biases = best_biases(logits, labels, mask(2))
    assert (biases[:, [0, 1, 3]] == 0).all()
    for network, found in zip(logits, biases, strict=True):
        tried = torch.linspace(-12, 12, 4001)[:, None, None] * mask(2)
        assert balanced(network + found, labels) >= balanced(network + tried, labels).max() - 1e-6


def test_several_biases_are_as_good_as_a_grid_of_them() -> None:
    logits, labels = example(3)
    biases = best_biases(logits - 20 * mask(0, 1), labels, mask(0, 1))
    grid = torch.linspace(17, 23, 13)
    tried = torch.tensor([[a, b, 0, 0] for a, b in itertools.product(grid.tolist(), repeat=2)]).unsqueeze(1)
    for network, found in zip(logits - 20 * mask(0, 1), biases, strict=True):
        assert balanced(network + found, labels) >= balanced(network + tried, labels).max() - 0.02


@settings(deadline=None)
@given(st.floats(-30, 30), st.integers(0, 100))
def test_a_hidden_class_comes_back_however_far_its_bias_was_lowered(lowered: float, seed: int) -> None:
    logits, labels = example(seed, knows=6.0)
    hidden = logits + lowered * mask(1)
    back = accuracy_after(best_biases(hidden, labels, mask(1)), hidden, labels, mask(1))
    known = accuracy_after(best_biases(logits, labels, mask(1)), logits, labels, mask(1))
    assert torch.allclose(back, known, atol=1e-6)
    assert float(back.min()) > 0.9


def test_accuracy_counts_images_of_the_forgotten_classes_alone() -> None:
    logits, labels = example(7)
    found = accuracy_after(torch.zeros(2, CLASSES), logits, labels, mask(0, 3))
    member = mask(0, 3)[labels]
    expected = [(network.argmax(-1) == labels)[member].double().mean() for network in logits]
    assert found.tolist() == pytest.approx([float(value) for value in expected])


def test_separation_is_the_area_under_the_curve_of_scikit_learn() -> None:
    logits, labels = example(11)
    logits = (logits * 2).round() / 2  # with ties
    found = separation(logits, labels, mask(1, 2))
    for network, value in zip(logits, found.tolist(), strict=True):
        best = network[:, [0, 3]].amax(-1)
        areas = [roc_auc_score((labels == c).numpy(), (network[:, c] - best).numpy()) for c in (1, 2)]
        assert value == pytest.approx(sum(areas) / 2)


@settings(deadline=None)
@given(st.floats(-20, 20))
def test_separation_does_not_see_a_bias(shift: float) -> None:
    logits, labels = example(13)
    logits, shift = logits.double(), round(shift, 2)
    assert torch.allclose(
        separation(logits, labels, mask(1)), separation(logits + shift * mask(1), labels, mask(1)), atol=0.01
    )


def test_a_probe_is_a_logistic_regression_on_scaled_units() -> None:
    generator = torch.Generator().manual_seed(0)
    units, labels = torch.rand(1, 80, 3, generator=generator), torch.arange(80) % CLASSES
    units[0, :, 0] += labels
    found = probe_accuracy(units, labels, units, labels, mask(1, 3))
    scaled = (units[0] - units[0].mean(0)) / units[0].std(0, correction=0)
    answers = torch.from_numpy(LogisticRegression(max_iter=300).fit(scaled, labels).predict(scaled))
    member = mask(1, 3)[labels]
    assert float(found) == pytest.approx(float((answers == labels)[member].double().mean()), abs=0.03)


def test_relearning_is_gradient_descent_of_each_network_alone() -> None:
    generator = torch.Generator().manual_seed(1)
    params, goal = torch.randn(3, 5, generator=generator), torch.randn(5, generator=generator)
    early, late = relearn(params, lambda all_: (all_ - goal).square().sum(1), (2, 6), 0.05)
    for network in range(3):
        own = params[network].clone().requires_grad_()
        optimizer = torch.optim.SGD([own], lr=0.05)
        for step in range(1, 7):
            optimizer.zero_grad()
            (own - goal).square().sum().backward()
            optimizer.step()
            if step == 2:
                assert torch.allclose(own, early[network], atol=1e-6)
        assert torch.allclose(own, late[network], atol=1e-6)
    assert not params.requires_grad


def test_few_images_are_of_every_class() -> None:
    labels = torch.tensor([0] * 7 + [2] * 2 + [1] * 5)
    rows = few_images(labels, 3, torch.Generator().manual_seed(0))
    assert torch.bincount(labels[rows]).tolist() == [3, 3, 2]
    assert len(set(rows.tolist())) == len(rows)
