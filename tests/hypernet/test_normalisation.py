"""Normalised parameters have the wanted deviation, and units share their statistics."""

import pytest
import torch

from hyperforget.hypernet.spaces import TARGET_STD, fit_normalisation
from hyperforget.hypernet.tokens import unit_features
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.permutations import permute_hidden


@pytest.fixture
def params(layout: Layout) -> torch.Tensor:
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


def test_layers_have_one_scale_and_no_mean(params: torch.Tensor, layout: Layout) -> None:
    mean, scale = fit_normalisation(params, layout, "layers")
    assert not mean.any()
    assert (scale == scale[0]).all()
    assert float(normalised(params, layout, "layers").std()) == pytest.approx(TARGET_STD, rel=1e-4)


def test_units_share_their_statistics(params: torch.Tensor, layout: Layout) -> None:
    for statistic in fit_normalisation(params, layout, "units"):
        units, _ = unit_features(statistic.unsqueeze(0), layout)
        assert torch.equal(units, units[:, :1].expand_as(units))


def test_units_do_not_care_for_the_order_of_hidden_units(params: torch.Tensor, layout: Layout) -> None:
    permuted = permute_hidden([Networks(params, layout)], torch.Generator().manual_seed(1))[0].params
    assert not torch.equal(permuted, params)
    for found, expected in zip(
        fit_normalisation(permuted, layout, "units"), fit_normalisation(params, layout, "units"), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_each_feature_of_a_unit_has_mean_zero(params: torch.Tensor, layout: Layout) -> None:
    units, biases = unit_features(normalised(params, layout, "units"), layout)
    torch.testing.assert_close(units.mean((0, 1)), torch.zeros(units.shape[2]), atol=1e-4, rtol=0)
    torch.testing.assert_close(biases.mean(0), torch.zeros(4), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "kind", [slice(0, 6), slice(6, 7), slice(7, None)], ids=["weight", "bias", "outgoing"]
)
def test_each_kind_of_a_units_parameters_has_the_target_deviation(
    params: torch.Tensor, layout: Layout, kind: slice
) -> None:
    units, _ = unit_features(normalised(params, layout, "units"), layout)
    assert float(units[..., kind].std()) == pytest.approx(TARGET_STD, rel=1e-4)
    _, scale = fit_normalisation(params, layout, "units")
    scales, _ = unit_features(scale.unsqueeze(0), layout)
    assert scales[..., kind].unique().numel() == 1


def test_output_biases_have_the_target_deviation(params: torch.Tensor, layout: Layout) -> None:
    _, biases = unit_features(normalised(params, layout, "units"), layout)
    assert float(biases.std()) == pytest.approx(TARGET_STD, rel=1e-4)
