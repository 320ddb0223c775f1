"""Spaces: both ways between parameters and values, unit scale, and what the subspace leaves alone."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from hyperforget.hypernet import spaces as module
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.spaces import (
    SPACES,
    TARGET_STD,
    Subspace,
    WeightSpace,
    fit_normalisation,
    moments,
    pooled_deviation,
)
from hyperforget.hypernet.tokens import unit_features
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.permutations import permute_hidden

Build = Callable[..., Hypernetwork]

DIMENSIONS = {"weights": 59, "subspace": 7}


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def params() -> torch.Tensor:
    """Checkpoints with a mean, and deviations that differ."""
    return random(200, 59) * (1 + random(59, seed=1).abs()) + random(59, seed=2)


@pytest.fixture
def spanned() -> torch.Tensor:
    """Checkpoints that vary in the 7 directions that the subspace has."""
    return random(200, 7) @ random(7, 59, seed=1) + random(59, seed=2)


@pytest.fixture
def fitted(build: Build) -> Callable[[str, torch.Tensor], WeightSpace | Subspace]:
    def fit(name: str, params: torch.Tensor) -> WeightSpace | Subspace:
        space = build("dihyfo-2", space=name).space
        assert isinstance(space, WeightSpace | Subspace)
        space.fit(params)
        return space

    return fit


Fitted = Callable[[str, torch.Tensor], WeightSpace | Subspace]


def test_every_space_is_covered() -> None:
    assert set(DIMENSIONS) == set(SPACES)


@pytest.mark.parametrize("name", SPACES)
def test_values_have_the_spaces_dimension_and_parameters_theirs(
    fitted: Fitted, params: torch.Tensor, layout: Layout, name: str
) -> None:
    space = fitted(name, params)
    assert space.dimension == DIMENSIONS[name]
    several = params.view(10, 20, layout.size)
    values = space.normalise(several)
    assert values.shape == (10, 20, space.dimension)
    assert space.denormalise(values).shape == several.shape
    torch.testing.assert_close(values[3, 4], space.normalise(several[3, 4]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", SPACES)
def test_networks_that_a_space_can_express_come_back(fitted: Fitted, spanned: torch.Tensor, name: str) -> None:
    space = fitted(name, spanned)
    torch.testing.assert_close(space.denormalise(space.normalise(spanned)), spanned, atol=1e-4, rtol=1e-4)
    values = random(5, space.dimension)
    torch.testing.assert_close(space.normalise(space.denormalise(values)), values, atol=1e-4, rtol=1e-4)
    start = random(5, 59, seed=3)
    torch.testing.assert_close(space.normalise(space.denormalise(values, start)), values, atol=1e-4, rtol=1e-4)


def test_weights_are_normalised_by_mean_and_scale(fitted: Fitted, params: torch.Tensor) -> None:
    space = fitted("weights", params)
    assert isinstance(space, WeightSpace)
    torch.testing.assert_close(space.normalise(space.mean), torch.zeros(59))
    torch.testing.assert_close(space.normalise(space.mean + space.scale), torch.ones(59))
    assert float(space.normalise(params).std()) == pytest.approx(TARGET_STD, rel=0.05)


def test_coefficients_are_white(fitted: Fitted, params: torch.Tensor) -> None:
    values = fitted("subspace", params).normalise(params)
    torch.testing.assert_close(values.mean(0), torch.zeros(7), atol=1e-4, rtol=0)
    torch.testing.assert_close(values.T.cov(), torch.eye(7), atol=1e-4, rtol=0)


def test_coefficients_are_those_of_scikit_learn_but_for_signs(fitted: Fitted, params: torch.Tensor) -> None:
    space, expected = fitted("subspace", params), PCA(7, whiten=True, svd_solver="full").fit(params.numpy())
    values = torch.from_numpy(expected.transform(params.numpy()))
    torch.testing.assert_close(space.normalise(params).abs(), values.abs(), atol=1e-3, rtol=1e-3)
    decoded = torch.from_numpy(expected.inverse_transform(values.numpy()))
    torch.testing.assert_close(space.denormalise(space.normalise(params)), decoded, atol=1e-3, rtol=1e-3)


def test_the_share_of_variance_is_what_is_not_lost(build: Build, params: torch.Tensor, spanned: torch.Tensor) -> None:
    subspace = build(space="subspace").space
    share = subspace.fit(params)
    lost = subspace.denormalise(subspace.normalise(params)) - params
    centred = params - params.mean(0)
    assert share == pytest.approx(1 - float(lost.square().sum() / centred.square().sum()), abs=1e-4)
    assert 0.1 < share < 0.9
    assert subspace.fit(spanned) == pytest.approx(1, abs=1e-4)
    assert build().space.fit(params) == 1


def test_a_start_keeps_what_lies_outside_of_the_subspace(fitted: Fitted, params: torch.Tensor) -> None:
    space = fitted("subspace", params)
    assert isinstance(space, Subspace)
    start, values = random(5, 59, seed=3), random(5, 7, seed=4)
    projector = space.components.T @ space.components
    outside = start - start @ projector
    assert (outside.norm(dim=1) > 1).all()
    edited = space.denormalise(values, start)
    torch.testing.assert_close(edited - edited @ projector, outside, atol=1e-4, rtol=1e-4)
    # Inside, it is the network that the values stand for.
    torch.testing.assert_close(edited @ projector, space.denormalise(values) @ projector, atol=1e-4, rtol=1e-4)
    assert torch.equal(space.denormalise(space.normalise(start), start), start)


@pytest.mark.parametrize("name", SPACES)
def test_gradients_flow_both_ways_and_not_into_the_space(fitted: Fitted, params: torch.Tensor, name: str) -> None:
    space = fitted(name, params)
    values = random(3, space.dimension).requires_grad_()
    space.denormalise(values, params[:3]).square().sum().backward()
    assert values.grad is not None
    assert (values.grad != 0).all()
    networks = params[:3].clone().requires_grad_()
    space.normalise(networks).square().sum().backward()
    assert networks.grad is not None
    assert (networks.grad != 0).all()
    assert not any(buffer.requires_grad for buffer in space.buffers())


@pytest.fixture
def kinds(layout: Layout) -> torch.Tensor:
    """Every kind of parameter has a mean and a deviation of its own, and every class a bias."""
    generator = torch.Generator().manual_seed(0)
    parts = layout.split(torch.randn(200, layout.size, generator=generator))
    return layout.join(
        [
            0.1 * parts[0] + 0.2,
            2.0 * parts[1] - 1.0,
            0.7 * parts[2] + torch.arange(4).view(4, 1),
            0.5 * parts[3] + torch.tensor([1.0, 1.2, -2.0, -0.5]),
        ]
    )


def normalised(params: torch.Tensor, layout: Layout, tokens: str) -> torch.Tensor:
    mean, scale = fit_normalisation(params, layout, tokens)
    assert mean.shape == scale.shape == (layout.size,)
    assert (scale > 0).all()
    return (params - mean) / scale


def test_layers_have_one_scale_and_no_mean(kinds: torch.Tensor, layout: Layout) -> None:
    mean, scale = fit_normalisation(kinds, layout, "layers")
    assert not mean.any()
    assert (scale == scale[0]).all()
    assert float(normalised(kinds, layout, "layers").std()) == pytest.approx(TARGET_STD, rel=1e-4)


def test_units_share_their_statistics(kinds: torch.Tensor, layout: Layout) -> None:
    for statistic in fit_normalisation(kinds, layout, "units"):
        units, _ = unit_features(statistic.unsqueeze(0), layout)
        assert torch.equal(units, units[:, :1].expand_as(units))


def test_units_do_not_care_for_the_order_of_hidden_units(kinds: torch.Tensor, layout: Layout) -> None:
    (networks,) = permute_hidden([Networks(kinds, layout)], torch.Generator().manual_seed(1))
    permuted = networks.params
    assert not torch.equal(permuted, kinds)
    for found, expected in zip(
        fit_normalisation(permuted, layout, "units"), fit_normalisation(kinds, layout, "units"), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_each_feature_of_a_unit_has_mean_zero(kinds: torch.Tensor, layout: Layout) -> None:
    units, biases = unit_features(normalised(kinds, layout, "units"), layout)
    torch.testing.assert_close(units.mean((0, 1)), torch.zeros(units.shape[2]), atol=1e-4, rtol=0)
    torch.testing.assert_close(biases.mean(0), torch.zeros(4), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", [slice(0, 6), slice(6, 7), slice(7, None)], ids=["weight", "bias", "outgoing"])
def test_each_kind_of_a_units_parameters_has_the_target_deviation(
    kinds: torch.Tensor, layout: Layout, kind: slice
) -> None:
    units, _ = unit_features(normalised(kinds, layout, "units"), layout)
    assert float(units[..., kind].std()) == pytest.approx(TARGET_STD, rel=1e-4)
    _, scale = fit_normalisation(kinds, layout, "units")
    scales, _ = unit_features(scale.unsqueeze(0), layout)
    assert scales[..., kind].unique().numel() == 1


def test_output_biases_have_the_target_deviation(kinds: torch.Tensor, layout: Layout) -> None:
    _, biases = unit_features(normalised(kinds, layout, "units"), layout)
    assert float(biases.std()) == pytest.approx(TARGET_STD, rel=1e-4)


SKEWED = 3 + torch.randn(101, 7, generator=torch.Generator().manual_seed(0)) * (1 + torch.arange(7))


@pytest.mark.parametrize("at_once", [1, 70, 10**6])
def test_they_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(module, "_VALUES_AT_ONCE", at_once)
    before = SKEWED.clone()
    matrix = torch.randn(7, 2, generator=torch.Generator().manual_seed(1))
    for found, expected in (
        (moments(SKEWED), SKEWED.double().numpy()),
        (moments(SKEWED.double()), SKEWED.double().numpy()),
        (moments(SKEWED, lambda params: params @ matrix), (SKEWED @ matrix).double().numpy()),
    ):
        assert found.count == 101
        np.testing.assert_allclose(found.mean, expected.mean(0), rtol=1e-6)
        np.testing.assert_allclose(found.variance, expected.var(0, ddof=1), rtol=1e-6)
    assert torch.equal(SKEWED, before)


def test_values_that_are_all_alike_have_no_variance() -> None:
    found = moments(torch.full((9, 3), 1e3 + 0.1))
    assert (found.variance >= 0).all()
    torch.testing.assert_close(found.variance, torch.zeros(3, dtype=torch.float64), atol=1e-7, rtol=0)


def test_entries_pool_to_the_deviation_of_all_values() -> None:
    found = moments(SKEWED)
    pooled = pooled_deviation(found, found.mean.mean())
    assert float(pooled) == pytest.approx(SKEWED.double().numpy().std(ddof=1), rel=1e-9)
