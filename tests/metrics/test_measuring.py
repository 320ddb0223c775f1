"""What networks do on a split, against torch's own cross-entropy, one network and one class at a time."""

from math import inf, nan

import pytest
import torch
from torch import nn

from hyperforget.data.splits import Answers, Split
from hyperforget.metrics import measuring
from hyperforget.metrics.discriminability import discriminability, separability
from hyperforget.metrics.measuring import have_diverged, measure
from hyperforget.networks.forward import forward, units_and_logits
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout

LAYOUT = PerceptronLayout((6, 5, 3))
SPLIT = Split(torch.randn(60, 6, generator=torch.Generator().manual_seed(7)), torch.arange(60) % 3, 3)


def test_measure_agrees_with_torchs_cross_entropy_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = initialise(LAYOUT, 7, torch.Generator().manual_seed(0))
    whole = measure(networks, SPLIT)
    assert whole.sizes.tolist() == [20, 20, 20]
    for network in range(len(networks)):
        logits = forward(networks[network : network + 1], SPLIT.images)[0]
        separate = discriminability(logits.unsqueeze(0), SPLIT.labels)[0]
        torch.testing.assert_close(whole.discriminability[network], separate, atol=1e-5, rtol=1e-4)
        units = units_and_logits(networks[network : network + 1], SPLIT.images)[0]
        found = separability(units, SPLIT.labels, 3)[0]
        torch.testing.assert_close(whole.separability[network], found, atol=1e-4, rtol=1e-3)
        for label in range(3):
            member = SPLIT.labels == label
            loss = nn.functional.cross_entropy(logits[member], SPLIT.labels[member])
            correct = int((logits[member].argmax(-1) == label).sum())
            assert float(whole.losses[network, label]) == pytest.approx(float(loss), abs=1e-5)
            assert int(whole.correct[network, label]) == correct
            assert float(whole.accuracies[network, label]) == pytest.approx(correct / 20)
    monkeypatch.setattr(measuring, "_NETWORKS_AT_ONCE", 3)
    parts = measure(networks, SPLIT)
    torch.testing.assert_close(parts.losses, whole.losses)
    torch.testing.assert_close(parts.discriminability, whole.discriminability)
    torch.testing.assert_close(parts.separability, whole.separability)
    assert torch.equal(parts.correct, whole.correct)


def test_of_groups_losses_and_counts_are_of_what_networks_are_to_answer() -> None:
    """Of two groups, networks answer three classes; nothing tells how well they know a group apart."""
    networks = initialise(LAYOUT, 4, torch.Generator().manual_seed(0))
    groups = torch.arange(60) % 7 // 4
    found = measure(networks, Split(SPLIT.images, groups, 2, Answers(SPLIT.labels, 3)))
    logits = forward(networks, SPLIT.images)
    for network in range(len(networks)):
        for group in range(2):
            member = groups == group
            loss = nn.functional.cross_entropy(logits[network][member], SPLIT.labels[member])
            assert float(found.losses[network, group]) == pytest.approx(float(loss), abs=1e-5)
            right = logits[network][member].argmax(-1) == SPLIT.labels[member]
            assert int(found.correct[network, group]) == int(right.sum())
    assert found.discriminability.isnan().all()
    assert found.separability.shape == (4, 2)
    assert not found.diverged.any()


@pytest.mark.parametrize(("loss", "diverged"), [(0.0, False), (700.0, False), (2e3, True), (inf, True), (nan, True)])
def test_a_network_has_diverged_by_the_loss_of_any_class_that_there_are_images_of(loss: float, diverged: bool) -> None:
    losses = torch.tensor([[1.0, loss, 1.0], [1.0, 1.0, 1.0]])
    assert have_diverged(losses, torch.tensor([3, 3, 3])).tolist() == [diverged, False]
    assert have_diverged(losses, torch.tensor([3, 0, 3])).tolist() == [False, False]


@pytest.mark.parametrize("value", [inf, -inf, nan, 1e30])
def test_networks_with_such_parameters_are_measured_as_diverged(value: float) -> None:
    networks = initialise(LAYOUT, 4, torch.Generator().manual_seed(0))
    networks.params[2] = value
    assert measure(networks, SPLIT).diverged.tolist() == [False, False, True, False]
