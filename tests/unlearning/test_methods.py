"""What every unlearning method owes, and what lowering biases does."""

import itertools

import pytest
import torch
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.contract import FORGET_SETS, LAYOUTS, ToyCase, check_method, toy_case
from hyperforget.unlearning.methods import METHODS
from hyperforget.unlearning.rivals.bias import lower_bias

Case = tuple[Networks, Tensor, Split]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assigned(originals: Networks, forget: Tensor, data: Split, seed: int = 0) -> Assignment:
    recipe = RecipeConfig(steps=40, batch_size=32, learning_rate=0.3, weight_decay=0.01)
    return Assignment(originals, forget, data, data, recipe, generator(seed))


# Every kind of network with a set of its own; the other pairs take long.
PAIRS = [
    pytest.param(pair, marks=() if places[0] == places[1] else pytest.mark.pipeline, id=str(pair))
    for places, pair in zip(
        itertools.product(range(len(LAYOUTS)), range(len(FORGET_SETS))),
        itertools.product(LAYOUTS, FORGET_SETS),
        strict=True,
    )
]


@pytest.fixture(params=PAIRS)
def toy(request: pytest.FixtureRequest) -> ToyCase:
    return toy_case(*request.param)


@pytest.fixture
def case(toy: ToyCase) -> Case:
    """Networks, classes to forget, and images of all classes that network 0 labels rightly."""
    assert toy.data.labels.unique().tolist() == [0, 1, 2, 3]
    return toy.originals, toy.forget, toy.data


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_contract(name: str, toy: ToyCase) -> None:
    check_method(METHODS[name], toy)


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
    for network in range(len(original)):
        alone = lower_bias(assigned(original[[network]], forget, data))
        torch.testing.assert_close(together[[network]].params, alone.params, atol=1e-5, rtol=0)
