"""Moments against NumPy's, however many pieces they are taken in."""

import numpy as np
import pytest
import torch

from hyperforget.hypernet import spaces as module
from hyperforget.hypernet.spaces import moments, pooled_deviation

PARAMS = 3 + torch.randn(101, 7, generator=torch.Generator().manual_seed(0)) * (1 + torch.arange(7))


@pytest.mark.parametrize("at_once", [1, 70, 10**6])
def test_they_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(module, "_VALUES_AT_ONCE", at_once)
    before = PARAMS.clone()
    matrix = torch.randn(7, 2, generator=torch.Generator().manual_seed(1))
    for found, expected in (
        (moments(PARAMS), PARAMS.double().numpy()),
        (moments(PARAMS.double()), PARAMS.double().numpy()),
        (moments(PARAMS, lambda params: params @ matrix), (PARAMS @ matrix).double().numpy()),
    ):
        assert found.count == 101
        np.testing.assert_allclose(found.mean, expected.mean(0), rtol=1e-6)
        np.testing.assert_allclose(found.variance, expected.var(0, ddof=1), rtol=1e-6)
    assert torch.equal(PARAMS, before)


def test_values_that_are_all_alike_have_no_variance() -> None:
    found = moments(torch.full((9, 3), 1e3 + 0.1))
    assert (found.variance >= 0).all()
    torch.testing.assert_close(found.variance, torch.zeros(3, dtype=torch.float64), atol=1e-7, rtol=0)


def test_entries_pool_to_the_deviation_of_all_values() -> None:
    found = moments(PARAMS)
    pooled = pooled_deviation(found, found.mean.mean())
    assert float(pooled) == pytest.approx(PARAMS.double().numpy().std(ddof=1), rel=1e-9)
