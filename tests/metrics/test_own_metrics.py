"""Metrics of the user's own are held to their contract, and the check of it finds who breaks it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hyperforget.config.names import BUILT_IN_METRICS
from hyperforget.errors import UserError
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.own_metrics import Answers, check_metric, own_values, toy_answers
from hyperforget.metrics.registry import METRICS
from hyperforget.runtime.own_code import OwnCode


def own(function: Callable[..., object]) -> OwnCode:
    return OwnCode("the metric 'mine' of 'mine.py'", function, {})


def confidence(answers: Answers) -> Tensor:
    return answers.logits.softmax(-1).amax(-1).mean(-1)


def changing(answers: Answers) -> Tensor:
    answers.units.zero_()
    return confidence(answers)


def undefined(answers: Answers) -> Tensor:
    values = confidence(answers)
    values[2] = torch.nan
    return values


def test_the_values_are_those_of_the_function_in_double_precision() -> None:
    answers = toy_answers()
    values = own_values(own(confidence), answers)
    expected = np.exp(answers.logits.numpy()).max(-1) / np.exp(answers.logits.numpy()).sum(-1)
    assert values.dtype == torch.float64
    np.testing.assert_allclose(values.numpy(), expected.mean(-1), rtol=1e-6)
    whole = own_values(own(lambda answers: torch.arange(len(answers.logits))), answers)
    assert whole.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda answers: 0.5, "returned float; allowed is a tensor of 5 real numbers, one a network"),
        (lambda answers: confidence(answers).mean(), r"returned a tensor float32 \(\); allowed is a tensor of 5"),
        (lambda answers: answers.logits[:, :, 0], r"returned a tensor float32 \(5, 60\)"),
        (lambda answers: confidence(answers) * 1j, "returned a tensor complex64"),
        (undefined, "returned nan for network 2; allowed are finite numbers"),
        (changing, "changed its units; allowed is to leave what is given as it is"),
        (lambda answers: answers.logit, "failed with AttributeError: .*logit"),
    ],
)
def test_what_breaks_the_contract_is_one_sentence_that_names_the_function(
    function: Callable[[Answers], object], words: str
) -> None:
    with pytest.raises(UserError, match=f"^the metric 'mine' of 'mine.py' {words}"):
        own_values(own(function), toy_answers())


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda answers: confidence(answers) + torch.rand(1), "when it was called again; allowed are no random ones"),
        (lambda answers: confidence(answers) - confidence(answers).mean(), "for a network alone than beside others"),
        (lambda answers: confidence(answers) + answers.retrained[0].amax(-1).mean(), "in another order"),
    ],
)
def test_the_check_finds_metrics_that_depend_on_what_they_should_not(
    function: Callable[[Answers], object], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        check_metric(own(function), toy_answers())


def test_the_check_lets_metrics_of_images_and_retrained_networks_pass() -> None:
    def distance(answers: Answers) -> Tensor:
        wanted = answers.retrained.mean(0)
        return (answers.logits.softmax(-1) - wanted).square().sum(-1).mean(-1)

    for function in (confidence, distance, lambda answers: answers.units.mean((1, 2))):
        check_metric(own(function), toy_answers())
    few = replace(toy_answers(), labels=torch.zeros(60, dtype=torch.int64))
    check_metric(own(lambda answers: answers.logits[:, answers.labels == 0, 0].mean(1)), few)


def test_names_of_built_in_metrics_that_a_configuration_could_give_are_refused_there() -> None:
    assert set(BUILT_IN_METRICS) == {name for name in [*METRICS, *AUDIT] if "_" not in name}
