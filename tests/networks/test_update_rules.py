"""Update rules against torch's own optimisers, fed the same gradients."""

from typing import get_args

import pytest
import torch

from hyperforget.config import RecipeConfig
from hyperforget.networks.update_rules import UPDATE_RULES

RULES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
SHAPES = [(3, 4, 5), (3, 4)]
RATES = torch.tensor([0.05, 0.1, 0.2])


def random_tensors(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def test_every_rule_of_the_configuration_is_registered_and_tested() -> None:
    assert list(get_args(RecipeConfig.model_fields["optimizer"].annotation)) == list(UPDATE_RULES) == list(RULES)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(("name", "momentum"), [("sgd", 0.0), ("sgd", 0.9), ("adam", 0.0)])
def test_updates_equal_those_of_torch(name: str, momentum: float, weight_decay: float) -> None:
    recipe = RecipeConfig(optimizer=name, momentum=momentum, weight_decay=weight_decay)
    parts = random_tensors(0)
    rates = [RATES.view(3, 1, 1), RATES.view(3, 1)]
    rule = UPDATE_RULES[name]
    slots = [[torch.zeros(shape) for _ in range(rule.slots)] for shape in SHAPES]
    networks = [[part[index].clone().requires_grad_() for part in random_tensors(0)] for index in range(3)]
    options = {"weight_decay": weight_decay} | ({"momentum": momentum} if name == "sgd" else {})
    optimisers = [
        RULES[name](network, lr=rate, **options) for network, rate in zip(networks, RATES.tolist(), strict=True)
    ]
    for step in range(20):
        # Of very different sizes, which Adam evens out, and now and then of nothing at all.
        gradients = [(0 if step == 7 else 10 ** (step % 5 - 3)) * each for each in random_tensors(step + 1)]
        for part, gradient, kept, rate in zip(parts, gradients, slots, rates, strict=True):
            rule.update(part, gradient, kept, rate, step + 1, recipe)
        for index, (network, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            for parameter, gradient in zip(network, gradients, strict=True):
                parameter.grad = gradient[index].clone()
            optimiser.step()
    for part, start, *single in zip(parts, random_tensors(0), *networks, strict=True):
        assert (part - start).abs().max() > 0.1
        torch.testing.assert_close(part, torch.stack([each.detach() for each in single]), rtol=1e-5, atol=1e-6)
