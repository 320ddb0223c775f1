"""What every unlearning method owes, and what lowering biases does."""

import pytest
import torch
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.bias import lower_bias
from hyperforget.unlearning.methods import METHODS

LAYOUTS = [Layout((6, 8, 4)), Layout((6, 7, 5, 4))]
FORGET_SETS = [[2], [0, 3], [1, 2, 3]]
NETWORKS = 5

Case = tuple[Networks, Tensor, Split]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assigned(originals: Networks, forget: Tensor, data: Split, seed: int = 0) -> Assignment:
    recipe = RecipeConfig(steps=40, batch_size=32, learning_rate=0.3, weight_decay=0.01)
    return Assignment(originals, forget, data, data, recipe, generator(seed))


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.description)
def layout(request: pytest.FixtureRequest) -> Layout:
    chosen: Layout = request.param
    return chosen


@pytest.fixture(params=FORGET_SETS, ids=str)
def case(request: pytest.FixtureRequest, layout: Layout) -> Case:
    """Networks, classes to forget, and images of all classes that network 0 labels rightly."""
    original = Networks(2 * initialise(layout, NETWORKS, generator()).params, layout)
    images = 3 * torch.randn(300, 6, generator=generator(1))
    # Output biases are moved so that no class wins everywhere.
    parts = layout.split(original.params)
    parts[-1] -= forward(original, images).mean(1)
    original = Networks(layout.join(parts), layout)
    labels = forward(original, images)[0].argmax(-1)
    assert labels.unique().tolist() == [0, 1, 2, 3]
    forget = torch.zeros(4, dtype=torch.bool)
    forget[request.param] = True
    return original, forget, Split(images, labels, layout.classes)


def accuracy(networks: Networks, data: Split, classes: Tensor) -> Tensor:
    counts = correct_counts(forward(networks, data.images), data.labels, 4)
    return accuracy_on(counts, data.class_sizes, classes)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_returns_finite_networks_that_remember_no_more(name: str, case: Case) -> None:
    original, forget, data = case
    before = original.params.clone()
    unlearned = METHODS[name](assigned(original, forget, data))
    assert unlearned.layout == original.layout
    assert unlearned.params.shape == before.shape
    assert unlearned.params.dtype == torch.float32
    assert unlearned.params.isfinite().all()
    assert not unlearned.params.requires_grad
    assert torch.equal(original.params, before)
    assert (accuracy(unlearned, data, forget) <= accuracy(original, data, forget)).all()
    assert accuracy(unlearned, data, forget)[0] < 1


@pytest.mark.parametrize("name", METHODS)
def test_every_method_follows_its_generator(name: str, case: Case) -> None:
    method = METHODS[name]
    original, forget, data = case
    torch.manual_seed(0)
    one = method(assigned(original, forget, data, 3)).params
    torch.manual_seed(1)
    assert torch.equal(one, method(assigned(original, forget, data, 3)).params)


def test_bias_never_predicts_a_forgotten_class_on_what_it_saw(case: Case) -> None:
    original, forget, data = case
    unlearned = lower_bias(assigned(original, forget, data))
    predicted = forward(unlearned, data.images).argmax(-1)
    assert not forget[predicted].any()
    assert forget[forward(original, data.images).argmax(-1)].any(dim=1).all()


def test_bias_changes_the_forgotten_classes_output_biases_alike_and_nothing_else(case: Case) -> None:
    original, forget, data = case
    split = original.layout.split
    *before, bias_before = split(original.params)
    *after, bias_after = split(lower_bias(assigned(original, forget, data)).params)
    for found, expected in zip(after, before, strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(bias_after[:, ~forget], bias_before[:, ~forget])
    lowered = (bias_before - bias_after)[:, forget]
    assert (lowered > 0).all()
    torch.testing.assert_close(lowered, lowered[:, :1].expand_as(lowered), atol=1e-5, rtol=0)


def test_bias_lowers_no_more_than_it_must(case: Case) -> None:
    original, forget, data = case
    raised = lower_bias(assigned(original, forget, data))
    raised.layout.split(raised.params)[-1][:, forget] += 2.5e-3
    assert forget[forward(raised, data.images).argmax(-1)].any(dim=1).all()


def test_bias_leaves_alone_what_never_predicts_a_forgotten_class(case: Case) -> None:
    original, forget, data = case
    original.layout.split(original.params)[-1][:, forget] -= 100
    assert torch.equal(lower_bias(assigned(original, forget, data)).params, original.params)


def test_bias_treats_every_network_by_itself(case: Case) -> None:
    original, forget, data = case
    together = lower_bias(assigned(original, forget, data))
    for network in range(NETWORKS):
        alone = lower_bias(assigned(original[[network]], forget, data))
        torch.testing.assert_close(together[[network]].params, alone.params, atol=1e-5, rtol=0)
