"""Alignment and correlation of prompts against scikit-learn and scipy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr
from sklearn.metrics import r2_score

from hyperforget.metrics.alignment import prompt_alignment, prompt_correlation

PROMPTS = torch.linspace(0.1, 3.0, 20, dtype=torch.float64)


@pytest.fixture
def observed() -> torch.Tensor:
    noise = torch.randn(3, 4, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return PROMPTS + noise


def test_alignment_equals_scikit_learn(observed: torch.Tensor) -> None:
    alignment = prompt_alignment(observed, PROMPTS)
    assert alignment.shape == (3, 4)
    expected = [[r2_score(PROMPTS, losses) for losses in network] for network in observed]
    np.testing.assert_allclose(alignment, expected, atol=1e-7)


def test_correlation_equals_scipy(observed: torch.Tensor) -> None:
    correlation = prompt_correlation(observed, PROMPTS)
    expected = [[pearsonr(PROMPTS, losses).statistic for losses in network] for network in observed]
    np.testing.assert_allclose(correlation, expected, atol=1e-12)


def test_closed_forms() -> None:
    mean = PROMPTS.mean().expand(20)
    assert prompt_alignment(PROMPTS, PROMPTS).item() == 1
    assert prompt_alignment(mean, PROMPTS).item() == pytest.approx(0, abs=1e-8)
    assert prompt_alignment(PROMPTS.flip(0), PROMPTS).item() == pytest.approx(-3)
    assert prompt_correlation(PROMPTS.flip(0), PROMPTS).item() == pytest.approx(-1)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, 20, elements=st.floats(-5, 5)), st.floats(0.1, 10), st.floats(-5, 5))
def test_correlation_ignores_magnitude_and_alignment_never_exceeds_one(
    noise: np.ndarray, scale: float, shift: float
) -> None:
    observed = PROMPTS + torch.from_numpy(noise)
    correlation = prompt_correlation(observed, PROMPTS)
    if observed.std() > 1e-3:
        moved = prompt_correlation(scale * observed + shift, PROMPTS)
        assert moved.item() == pytest.approx(correlation.item(), abs=1e-6)
        assert -1 <= correlation <= 1
    assert prompt_alignment(observed, PROMPTS) <= 1


def test_constant_losses_have_no_correlation_and_constant_prompts_no_finite_division() -> None:
    constant = torch.full((20,), 0.1)
    assert prompt_correlation(constant, PROMPTS.float()).isnan()
    assert prompt_correlation(PROMPTS.float(), constant).isnan()
    assert prompt_alignment(constant, constant).item() == 1
    assert prompt_alignment(PROMPTS.float(), constant).isfinite()


def test_inputs_are_left_alone(observed: torch.Tensor) -> None:
    before = observed.clone(), PROMPTS.clone()
    prompt_alignment(observed, PROMPTS)
    prompt_correlation(observed, PROMPTS)
    assert torch.equal(observed, before[0])
    assert torch.equal(PROMPTS, before[1])
