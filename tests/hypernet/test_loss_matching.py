"""Loss matching against a plain loop over networks and classes, and its effect on training."""

import pytest
import torch
import torch.nn.functional as F

from hyperforget.config.performance import Performance
from hyperforget.data.splits import Answers, Split
from hyperforget.hypernet.loss_matching import (
    DrawnImages,
    draw_images,
    group_by_class,
    performance_errors,
    performance_on,
)
from hyperforget.metrics.discriminability import discriminability
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout

TOLD = {"losses": Performance(), "both": Performance(also=("discriminability",))}


@pytest.fixture
def split() -> Split:
    generator = torch.Generator().manual_seed(3)
    labels = torch.tensor([2, 0, 1, 3, 3, 0, 2, 1, 1, 3, 2, 0, 0])
    return Split(torch.randn(13, 6, generator=generator), labels, 4)


@pytest.mark.parametrize("count", [1, 3, 20])
def test_images_are_drawn_class_after_class(split: Split, count: int) -> None:
    images = draw_images(group_by_class(split), count, torch.Generator().manual_seed(0))
    assert images.columns.shape == (6, 4 * count)
    for place, image in enumerate(images.columns.T):
        row = int((split.images == image).all(dim=1).nonzero())
        assert split.labels[row] == place // count


def test_all_images_of_a_class_are_drawn_sooner_or_later(split: Split) -> None:
    images = draw_images(group_by_class(split), 200, torch.Generator().manual_seed(0))
    assert len(images.columns.T.unique(dim=0)) == 13


@pytest.mark.parametrize("told", TOLD)
def test_errors_are_those_of_a_plain_loop(split: Split, layout: Layout, told: str) -> None:
    generator = torch.Generator().manual_seed(1)
    predicted, target = (4 * initialise(layout, 5, generator).params for _ in range(2))
    images = draw_images(group_by_class(split), 3, generator)
    done, wanted = (performance_on(params, TOLD[told], layout, images) for params in (predicted, target))
    found, apart = performance_errors(done, wanted, 4)
    assert wanted.shape == (5, TOLD[told].count(4))
    labels = torch.arange(4).repeat_interleave(3)
    for network in range(5):
        differences = []
        told_apart = []
        for label in range(4):
            shown = images.columns.T[3 * label : 3 * label + 3]
            losses = [
                F.cross_entropy(
                    forward(Networks(params[network : network + 1], layout), shown)[0],
                    torch.full((3,), label),
                )
                for params in (predicted, target)
            ]
            differences.append(torch.log1p(losses[0]) - torch.log1p(losses[1]))
        expected = torch.stack(differences).square().mean()
        torch.testing.assert_close(found[network], expected, atol=1e-5, rtol=1e-4)
        for params in (predicted, target):
            logits = forward(Networks(params[network : network + 1], layout), images.columns.T)
            told_apart.append(torch.log1p(discriminability(logits, labels)[0]))
        expected = (told_apart[0] - told_apart[1]).square().mean() if told == "both" else torch.zeros(())
        torch.testing.assert_close(apart[network], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_what_networks_do_is_what_is_measured_on_the_same_images(layout: Layout, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    params = 4 * initialise(layout, 5, generator).params
    images = torch.randn(6, 4 * 7, generator=generator)
    measured = measure(Networks(params, layout), Split(images.T, torch.arange(4).repeat_interleave(7), 4))
    drawn = DrawnImages(images, None, 4)
    found = performance_on(params, TOLD["both"], layout, drawn)
    torch.testing.assert_close(found, performance_values(measured, TOLD["both"]), atol=1e-5, rtol=1e-4)
    assert torch.equal(performance_on(params, TOLD["losses"], layout, drawn), found[:, :4])


def test_of_groups_the_losses_are_those_that_are_measured_of_them(split: Split, layout: Layout) -> None:
    """Labels are then of three groups, of which networks, with four outputs, are to answer classes."""
    params = 4 * initialise(layout, 5, torch.Generator().manual_seed(0)).params
    groups = torch.arange(13) % 3
    grouped = Split(split.images, groups, 3, Answers(split.labels, 4))
    drawn = draw_images(group_by_class(grouped), 200, torch.Generator().manual_seed(0))
    assert drawn.targets is not None
    found = performance_on(params, TOLD["losses"], layout, drawn)
    same = Split(drawn.columns.T, torch.arange(3).repeat_interleave(200), 3, Answers(drawn.targets, 4))
    torch.testing.assert_close(found, measure(Networks(params, layout), same).losses, atol=1e-5, rtol=1e-4)
    for place, image in enumerate(drawn.columns.T):
        row = int((split.images == image).all(dim=1).nonzero())
        assert groups[row] == place // 200
        assert split.labels[row] == drawn.targets[place]


@pytest.mark.parametrize("told", TOLD)
def test_the_checkpoint_itself_has_no_error_and_gradients_reach_the_prediction(
    split: Split, layout: Layout, told: str
) -> None:
    target = initialise(layout, 3, torch.Generator().manual_seed(0)).params
    predicted = (target + 0.5 * torch.randn(target.shape, generator=torch.Generator().manual_seed(3))).requires_grad_()
    images = draw_images(group_by_class(split), 3, torch.Generator().manual_seed(2))
    wanted = performance_on(target, TOLD[told], layout, images)
    assert all(torch.equal(errors, torch.zeros(3)) for errors in performance_errors(wanted, wanted, 4))
    errors = performance_errors(performance_on(predicted, TOLD[told], layout, images), wanted, 4)
    for each in errors if told == "both" else errors[:1]:
        (gradient,) = torch.autograd.grad(each.sum(), predicted, retain_graph=True)
        assert gradient.isfinite().all()
        assert (gradient.abs().sum(dim=1) > 0).all()
