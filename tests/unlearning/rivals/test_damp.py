"""Projections of what only forgotten classes show, against closed forms and an implementation for one network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.unlearning.rivals.damp import damp, forget_projectors, probe_strengths
from hyperforget.unlearning.rivals.hidden_units import units_at
from tests.unlearning.rivals.cases import CLASSES, LAYOUTS, ONE, TRAIN, TWO, assigned, generator, module_of, trained


def prototypes(networks: Networks, index: int, depth: int) -> np.ndarray:
    """Class means (C, H) of what one module has after its ReLU ``depth``, of channels the mean over positions."""
    module, layout = module_of(networks, index), networks.layout
    with torch.no_grad():
        units = module[: 2 * depth](layout.images_of_modules(TRAIN.images))
    units = units.flatten(2).mean(dim=2) if units.dim() > 2 else units
    return np.stack([units[TRAIN.labels == label].mean(dim=0).double().numpy() for label in range(CLASSES)])


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("forget", [ONE, TWO])
def test_weights_are_projected_layer_by_layer(layout: Layout, forget: Tensor) -> None:
    originals = trained(layout)
    found = layout.split(damp(assigned(originals, forget)).params)
    before = layout.split(originals.params)
    assert torch.equal(found[0], before[0])
    for bias, same in zip(found[1::2], before[1::2], strict=True):
        assert torch.equal(bias, same)
    depths = len(before) // 2 - 1
    for depth in range(1, depths + 1):
        strengths = probe_strengths(assigned(originals, forget), depth) * depth / depths
        for index in range(len(originals)):
            means = prototypes(originals, index, depth)
            retained, forgotten = means[~forget.numpy()].T, means[forget.numpy()].T
            residual = forgotten - retained @ np.linalg.lstsq(retained, forgotten, rcond=1e-4)[0]
            basis, _ = np.linalg.qr(residual)
            weight = np.moveaxis(before[2 * depth][index].double().numpy(), 1, -1)
            expected = weight - float(strengths[index]) * weight @ basis @ basis.T
            np.testing.assert_allclose(np.moveaxis(found[2 * depth][index].numpy(), 1, -1), expected, atol=2e-5)


def test_retained_means_are_answered_as_before_and_the_forgotten_direction_no_longer() -> None:
    originals = trained(LAYOUTS[0])
    (strength,) = probe_strengths(assigned(originals[[0]]), 1)
    assert strength > 0.9
    before, after = (originals.layout.split(each.params)[2][0] for each in (originals, damp(assigned(originals))))
    means = torch.from_numpy(prototypes(originals, 0, 1)).float()
    torch.testing.assert_close(after @ means[~ONE].T, before @ means[~ONE].T, atol=1e-4, rtol=1e-4)
    projector = forget_projectors(means.double().unsqueeze(0), ONE)[0].float()
    torch.testing.assert_close(after @ projector, (1 - strength.float()) * before @ projector, atol=1e-4, rtol=1e-4)


def test_a_trained_network_forgets_and_keeps_the_rest() -> None:
    found = forward(damp(assigned(trained(LAYOUTS[0]))), TRAIN.images).argmax(-1) == TRAIN.labels
    assert (found[:, ONE[TRAIN.labels]].float().mean(dim=1) < 0.2).all()
    assert (found[:, ~ONE[TRAIN.labels]].float().mean(dim=1) > 0.9).all()


def test_where_retained_means_span_all_units_nothing_changes() -> None:
    originals = trained(PerceptronLayout((6, 2, 4)))
    spanning = [
        index
        for index in range(len(originals))
        if np.linalg.matrix_rank(prototypes(originals, index, 1)[[0, 2, 3]]) == 2
    ]
    assert spanning
    assert torch.equal(damp(assigned(originals)).params[spanning], originals.params[spanning])


def test_a_forgotten_mean_within_the_span_of_the_others_gives_no_direction() -> None:
    retained = torch.randn(2, 3, 8, generator=generator()).double()
    within = 0.3 * retained[:, :1] - 2 * retained[:, 1:2]
    means = torch.cat([retained, within], dim=1)
    forget = torch.tensor([False, False, False, True])
    assert not forget_projectors(means, forget).any()
    outside = torch.randn(2, 1, 8, generator=generator(1)).double()
    projector = forget_projectors(torch.cat([retained, outside], dim=1), forget)
    torch.testing.assert_close(projector @ projector, projector)
    torch.testing.assert_close(projector.diagonal(dim1=1, dim2=2).sum(dim=1), torch.ones(2).double())
    torch.testing.assert_close(projector @ retained.transpose(1, 2), torch.zeros(2, 8, 3).double())


def test_a_probe_counts_both_sides_alike() -> None:
    assignment = assigned(trained(LAYOUTS[0]))
    assert (probe_strengths(assignment, 1) > 0.9).all()
    blank = Split(torch.zeros_like(TRAIN.images), TRAIN.labels, CLASSES)
    # Nine in ten images are retained, yet a probe that always says so knows nothing.
    assert not probe_strengths(replace(assignment, train=blank, validation=blank), 1).any()


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_hidden_units_are_those_of_the_module(layout: Layout) -> None:
    networks = initialise(layout, 2, generator())
    for depth in range(1, len(layout.layers)):
        with torch.no_grad():
            expected = module_of(networks, 1)[: 2 * depth](layout.images_of_modules(TRAIN.images))
        expected = expected.flatten(2).mean(dim=2) if expected.dim() > 2 else expected
        torch.testing.assert_close(units_at(networks, TRAIN.images, depth)[1], expected, atol=1e-5, rtol=1e-5)
