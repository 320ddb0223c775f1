"""What every unlearning method owes, and what lowering biases does."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward
from hyperforget.unlearning.bias import lower_bias
from hyperforget.unlearning.methods import UNLEARNING_METHODS

LAYOUTS = [Layout((6, 8, 4)), Layout((6, 7, 5, 4))]
FORGET_SETS = [[2], [0, 3], [1, 2, 3]]
NETWORKS = 5

Case = tuple[Tensor, Layout, Tensor, Split]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.description)
def layout(request: pytest.FixtureRequest) -> Layout:
    chosen: Layout = request.param
    return chosen


@pytest.fixture(params=FORGET_SETS, ids=str)
def case(request: pytest.FixtureRequest, layout: Layout) -> Case:
    """Networks, their layout, classes to forget, and images of all classes that network 0 labels rightly."""
    original = 2 * initialise(layout, NETWORKS, generator())
    images = 3 * torch.randn(300, 6, generator=generator(1))
    # Output biases are moved so that no class wins everywhere.
    parts = layout.split(original)
    parts[-1] -= forward(original, layout, images).mean(1)
    original = layout.join(parts)
    labels = forward(original, layout, images)[0].argmax(-1)
    assert labels.unique().tolist() == [0, 1, 2, 3]
    forget = torch.zeros(4, dtype=torch.bool)
    forget[request.param] = True
    return original, layout, forget, Split(images, labels, layout.classes)


def accuracy(params: Tensor, layout: Layout, data: Split, classes: Tensor) -> Tensor:
    counts = correct_counts(forward(params, layout, data.images), data.labels, 4)
    return accuracy_on(counts, data.class_sizes, classes)


@pytest.mark.parametrize("name", UNLEARNING_METHODS)
def test_every_method_returns_finite_networks_that_remember_no_more(name: str, case: Case) -> None:
    original, layout, forget, data = case
    before = original.clone()
    unlearned = UNLEARNING_METHODS[name](original, layout, forget, data, generator())
    assert unlearned.shape == original.shape
    assert unlearned.dtype == torch.float32
    assert unlearned.isfinite().all()
    assert not unlearned.requires_grad
    assert torch.equal(original, before)
    assert (accuracy(unlearned, layout, data, forget) <= accuracy(original, layout, data, forget)).all()
    assert accuracy(unlearned, layout, data, forget)[0] < 1


@pytest.mark.parametrize("name", UNLEARNING_METHODS)
def test_every_method_follows_its_generator(name: str, case: Case) -> None:
    method: Callable[..., Tensor] = UNLEARNING_METHODS[name]
    original, layout, forget, data = case
    torch.manual_seed(0)
    one = method(original, layout, forget, data, generator(3))
    torch.manual_seed(1)
    assert torch.equal(one, method(original, layout, forget, data, generator(3)))


def test_bias_never_predicts_a_forgotten_class_on_what_it_saw(case: Case) -> None:
    original, layout, forget, data = case
    unlearned = lower_bias(original, layout, forget, data, generator())
    predicted = forward(unlearned, layout, data.images).argmax(-1)
    assert not forget[predicted].any()
    assert forget[forward(original, layout, data.images).argmax(-1)].any(dim=1).all()


def test_bias_changes_the_forgotten_classes_output_biases_alike_and_nothing_else(case: Case) -> None:
    original, layout, forget, data = case
    *before, bias_before = layout.split(original)
    *after, bias_after = layout.split(lower_bias(original, layout, forget, data, generator()))
    for found, expected in zip(after, before, strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(bias_after[:, ~forget], bias_before[:, ~forget])
    lowered = (bias_before - bias_after)[:, forget]
    assert (lowered > 0).all()
    torch.testing.assert_close(lowered, lowered[:, :1].expand_as(lowered), atol=1e-5, rtol=0)


def test_bias_lowers_no_more_than_it_must(case: Case) -> None:
    original, layout, forget, data = case
    raised = lower_bias(original, layout, forget, data, generator())
    layout.split(raised)[-1][:, forget] += 2.5e-3
    assert forget[forward(raised, layout, data.images).argmax(-1)].any(dim=1).all()


def test_bias_leaves_alone_what_never_predicts_a_forgotten_class(case: Case) -> None:
    original, layout, forget, data = case
    layout.split(original)[-1][:, forget] -= 100
    assert torch.equal(lower_bias(original, layout, forget, data, generator()), original)


def test_bias_treats_every_network_by_itself(case: Case) -> None:
    original, layout, forget, data = case
    together = lower_bias(original, layout, forget, data, generator())
    for network in range(NETWORKS):
        alone = lower_bias(original[network : network + 1], layout, forget, data, generator())
        torch.testing.assert_close(together[network : network + 1], alone, atol=1e-5, rtol=0)
