"""The perceptron: its shape, its residuals, and that it starts as the zero map."""

import pytest
import torch

from hyperforget.config import ArchitectureConfig
from hyperforget.hypernet.perceptron import Block, Perceptron
from hyperforget.networks.perceptron import PerceptronLayout


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("vectors", [1, 2])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_it_reads_vectors_and_prompt_and_starts_as_the_zero_map(vectors: int, layers: int) -> None:
    shape = ArchitectureConfig(components=7, width=12, frequencies=3, largest_exponent=2.0)
    architecture = shape.model_copy(update={"layers": layers})
    perceptron = Perceptron(PerceptronLayout((6, 5, 4)), architecture, vectors, scalars=5)
    inputs, encoded = [random(3, 7, seed=index) for index in range(vectors)], random(3, 5, 7)
    assert torch.equal(perceptron(inputs, encoded), torch.zeros(3, 7))
    torch.nn.init.normal_(perceptron.write.weight)
    watched = [value.clone().requires_grad_() for value in (*inputs, encoded)]
    perceptron(watched[:-1], watched[-1]).sum().backward()
    assert all(value.grad is not None and (value.grad != 0).all() for value in watched)
    # Reading, four times the width in each block, and writing.
    sizes = [(7 * vectors + 35 + 1) * 12, layers * (2 * 12 + 48 * 13 + 12 * 49), 2 * 12, 7 * 13]
    assert sum(parameter.numel() for parameter in perceptron.parameters()) == sum(sizes)


# GELU by its definition, which the usual approximation is near to.
@pytest.mark.parametrize(("activation", "tolerance"), [("gelu", 1e-6), ("gelu-tanh", 1e-3)])
def test_a_block_is_a_sum_of_its_input_and_a_perceptron_of_the_normalised_input(
    activation: str, tolerance: float
) -> None:
    block = Block(6, activation)
    hidden = random(4, 6)
    normalised = (hidden - hidden.mean(1, keepdim=True)) / (hidden.var(1, False, keepdim=True) + 1e-5).sqrt()
    expanded = normalised @ block.expand.weight.T + block.expand.bias
    activated = expanded * torch.distributions.Normal(0, 1).cdf(expanded)
    expected = hidden + activated @ block.contract.weight.T + block.contract.bias
    torch.testing.assert_close(block(hidden), expected, atol=tolerance, rtol=tolerance)
    torch.nn.init.zeros_(block.contract.weight)
    torch.nn.init.zeros_(block.contract.bias)
    assert torch.equal(block(hidden), hidden)
