"""Losses and accuracies of classes against torch and scikit-learn."""

import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score

from hyperforget.metrics.classes import accuracy_on, class_losses, correct_counts


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(5, 60, 4, generator=torch.Generator().manual_seed(0)) * 6


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.randint(4, (60,), generator=torch.Generator().manual_seed(1))


def test_class_losses_equal_cross_entropy_of_each_network_and_class(logits: torch.Tensor, labels: torch.Tensor) -> None:
    losses = class_losses(logits, labels, 4)
    assert losses.shape == (5, 4)
    assert losses.dtype == torch.float32
    for network in range(5):
        for label in range(4):
            expected = F.cross_entropy(logits[network][labels == label], labels[labels == label])
            assert losses[network, label].item() == pytest.approx(expected.item(), rel=1e-5)


def test_class_losses_closed_forms() -> None:
    equal = class_losses(torch.full((1, 2, 4), 7.0), torch.tensor([0, 3]), 4)
    assert equal[0, [0, 3]].tolist() == pytest.approx([math.log(4)] * 2)
    extreme = torch.tensor([[[1e4, -1e4], [1e4, -1e4]]])
    assert class_losses(extreme, torch.tensor([0, 1]), 2).tolist() == [[0.0, 2e4]]


def test_class_without_samples_has_no_loss_and_an_infinite_one_stays_in_its_class() -> None:
    logits = torch.tensor([[[0.0, -torch.inf, 0.0], [0.0, -torch.inf, 0.0]]])
    losses = class_losses(logits, torch.tensor([0, 1]), 3)[0]
    assert losses[0].item() == pytest.approx(math.log(2))
    assert losses[1].item() == torch.inf
    assert losses[2].isnan()


def test_counts_and_accuracy_are_exact(logits: torch.Tensor, labels: torch.Tensor) -> None:
    counts, sizes = correct_counts(logits, labels, 4), torch.bincount(labels, minlength=4)
    assert counts.dtype == sizes.dtype == torch.int64
    assert sizes.tolist() == [int((labels == label).sum()) for label in range(4)]
    mask = torch.tensor([True, False, True, False])
    accuracy = accuracy_on(counts, sizes, mask)
    keep = (labels == 0) | (labels == 2)
    for network in range(5):
        predicted = logits[network].argmax(-1)
        correct = predicted == labels
        assert counts[network].tolist() == [int((correct & (labels == c)).sum()) for c in range(4)]
        assert accuracy[network].item() == accuracy_score(labels[keep], predicted[keep])


def test_accuracy_on_no_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        accuracy_on(torch.zeros(1, 2, dtype=torch.int64), torch.tensor([3, 0]), torch.tensor([False, True]))


def test_inputs_are_left_alone(logits: torch.Tensor, labels: torch.Tensor) -> None:
    before = logits.clone(), labels.clone()
    class_losses(logits, labels, 4)
    correct_counts(logits, labels, 4)
    assert torch.equal(logits, before[0])
    assert torch.equal(labels, before[1])
