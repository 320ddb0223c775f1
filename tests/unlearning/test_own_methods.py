"""Methods of the user's own are held to the contract, and the check of the contract finds who breaks it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from hyperforget.errors import UserError
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.runtime.own_code import OwnCode
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.contract import LAYOUTS, ToyCase, check_method, toy_case, toy_cases
from hyperforget.unlearning.own_methods import own_method
from hyperforget.unlearning.rivals.mask import mask_outputs

Function = Callable[[Assignment], object]


def own(function: Function) -> OwnCode:
    return OwnCode("the method 'mine' of 'mine.py'", function, {})


@pytest.fixture
def toy() -> ToyCase:
    return toy_case(LAYOUTS[0], (2,))


def params_of(change: Callable[[torch.Tensor], torch.Tensor]) -> Function:
    """Masked outputs with other parameters."""

    def method(assignment: Assignment) -> Networks:
        masked = mask_outputs(assignment)
        return replace(masked, params=change(masked.params))

    return method


def broken(params: torch.Tensor) -> torch.Tensor:
    params = params.clone()
    params[3, 1] = torch.nan
    return params


def in_place(assignment: Assignment) -> Networks:
    assignment.originals.params.mul_(2)
    return mask_outputs(assignment)


def in_numpy(assignment: Assignment) -> Networks:
    assignment.originals.params.numpy()[0, 0] += 1
    return mask_outputs(assignment)


def normalising(assignment: Assignment) -> Networks:
    assignment.train.images.sub_(1)
    return mask_outputs(assignment)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda assignment: None, "returned NoneType; allowed are Networks with params float32"),
        (lambda assignment: mask_outputs(assignment).params, "returned Tensor; allowed are Networks"),
        (
            lambda assignment: mask_outputs(assignment)[:2],
            r"returned params float32 \(2, 116\); .* \(5, 116\)",
        ),
        (
            lambda assignment: Networks(mask_outputs(assignment).params, PerceptronLayout((6, 4))),
            "returned networks with",
        ),
        (params_of(torch.Tensor.double), "returned params float64"),
        (params_of(broken), "returned parameters of network 3 that are NaN or infinite"),
        (in_place, "changed its originals; allowed is to leave what is given as it is"),
        (in_numpy, "changed its originals"),
        (normalising, "changed its train"),
        (lambda assignment: 1 / 0, "failed with ZeroDivisionError: division by zero"),
    ],
)
def test_what_breaks_the_contract_is_one_sentence_that_names_the_function(
    toy: ToyCase, function: Function, words: str
) -> None:
    with pytest.raises(UserError, match=f"^the method 'mine' of 'mine.py' {words}"):
        own_method(own(function))(toy.assigned())


def test_a_gradient_that_is_left_is_taken_off(toy: ToyCase) -> None:
    method = own_method(own(params_of(lambda params: params.requires_grad_())))
    assert not method(toy.assigned()).params.requires_grad
    check_method(method, toy)


def changing(assignment: Assignment) -> Networks:
    unlearned = mask_outputs(assignment)
    assignment.originals.params.add_(1)
    return unlearned


def noisy(assignment: Assignment) -> Networks:
    return params_of(lambda params: params + 1e-3 * torch.randn(params.shape))(assignment)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (changing, "changed the originals"),
        (lambda assignment: assignment.originals, "recognise .* of the forgotten images"),
        (lambda assignment: mask_outputs(assignment)[:4], "returned other networks than the originals"),
        (params_of(torch.Tensor.double), "are not finite float32"),
        (params_of(broken), "are not finite float32"),
        (params_of(lambda params: params.requires_grad_()), "without a gradient"),
        (noisy, "random numbers of the assignment's generator only"),
    ],
)
def test_the_check_finds_methods_that_break_the_contract(
    toy: ToyCase, method: Callable[[Assignment], Networks], words: str
) -> None:
    with pytest.raises(UserError, match=f"^the method .*{words}"):
        check_method(method, toy)


def test_cases_are_all_layouts_with_all_forget_sets_and_no_network_forgets_by_itself() -> None:
    cases = list(toy_cases())
    assert len({(case.originals.layout, tuple(case.forget.tolist())) for case in cases}) == 9
    for case in cases:
        assert case.accuracy(case.originals)[0] == 1
        assert case.data.class_sizes.min() > 5
