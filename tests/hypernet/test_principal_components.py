"""Principal components against eigenvectors, of more checkpoints than parameters or fewer, and what is refused."""

import numpy as np
import pytest
import torch

from hyperforget.errors import UserError
from hyperforget.hypernet import spaces as module
from hyperforget.hypernet.spaces import principal_components


def correlated(checkpoints: int, parameters: int, seed: int = 0) -> torch.Tensor:
    """Checkpoints around a mean, with deviations that fall steadily and along no axis."""
    generator = torch.Generator().manual_seed(seed)
    directions, _ = torch.linalg.qr(torch.randn(parameters, parameters, generator=generator))
    coefficients = torch.randn(checkpoints, parameters, generator=generator)
    deviations = 2 * 0.9 ** torch.arange(parameters)
    mean = 5 * torch.randn(parameters, generator=generator)
    params: torch.Tensor = coefficients * deviations @ directions + mean
    return params


@pytest.mark.parametrize(("checkpoints", "parameters"), [(300, 40), (40, 40), (30, 70)])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_they_are_the_directions_of_greatest_variance(checkpoints: int, parameters: int, count: int) -> None:
    params = correlated(checkpoints, parameters)
    found = principal_components(params, count)
    assert (found.shape, found.dtype) == ((count, parameters), torch.float32)
    torch.testing.assert_close(found @ found.T, torch.eye(count), atol=1e-5, rtol=0)
    deviations = params.double().numpy() - params.double().numpy().mean(axis=0)
    # Those of the covariance matrix, with the greatest eigenvalues.
    _, vectors = np.linalg.eigh(deviations.T @ deviations)
    expected = vectors[:, ::-1].T[:count]
    np.testing.assert_allclose(found.T @ found, expected.T @ expected, atol=1e-4)
    # Each component is its counterpart but for its sign.
    np.testing.assert_allclose(abs((found.numpy() * expected).sum(1)), 1, atol=1e-4)


def test_they_are_the_same_each_time_whatever_the_global_generator() -> None:
    params = correlated(50, 70)
    first = principal_components(params, 6)
    torch.rand(3)
    assert torch.equal(principal_components(params, 6), first)


def test_of_many_checkpoints_evenly_spaced_ones_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    params = correlated(91, 20)
    expected = principal_components(params[::10], 4)
    monkeypatch.setattr(module, "_MOST_CHECKPOINTS", 10)
    assert torch.equal(principal_components(params, 4), expected)


def test_checkpoints_are_left_as_they_are() -> None:
    params = correlated(30, 20)
    before = params.clone()
    principal_components(params, 4)
    assert torch.equal(params, before)


@pytest.mark.parametrize(
    ("params", "count", "sentence"),
    [
        (correlated(30, 20), 21, "is 21, more than the 20 parameters of a main network; allowed are 1 to 20"),
        (
            correlated(10, 20),
            10,
            "is 10, but the 10 checkpoints of the corpus that are trained on vary in 9 ",
        ),
        (correlated(90, 4) @ torch.ones(4, 20), 3, "vary in 1 directions only; allowed are 1 to 1"),
        (torch.ones(9, 20), 2, "vary in 0 directions only; allowed are none"),
    ],
    ids=["more than parameters", "more than checkpoints", "one direction", "all alike"],
)
def test_more_than_there_are_directions_are_refused(params: torch.Tensor, count: int, sentence: str) -> None:
    with pytest.raises(UserError) as refusal:
        principal_components(params, count)
    message = str(refusal.value)
    assert message.startswith(f"architecture.components is {count}")
    assert sentence in message
    assert "\n" not in message
