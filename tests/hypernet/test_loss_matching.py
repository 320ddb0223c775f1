"""Loss matching against a plain loop over networks and classes, and its effect on training."""

import pytest
import torch
import torch.nn.functional as F

from hyperforget.data.splits import Split
from hyperforget.hypernet.loss_matching import draw_images, group_by_class, loss_errors, losses_by_class
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward


@pytest.fixture
def split() -> Split:
    generator = torch.Generator().manual_seed(3)
    labels = torch.tensor([2, 0, 1, 3, 3, 0, 2, 1, 1, 3, 2, 0, 0])
    return Split(torch.randn(13, 6, generator=generator), labels, 4)


@pytest.mark.parametrize("count", [1, 3, 20])
def test_images_are_drawn_class_after_class(split: Split, count: int) -> None:
    images = draw_images(group_by_class(split, 4), count, torch.Generator().manual_seed(0))
    assert images.shape == (6, 4 * count)
    for place, image in enumerate(images.T):
        row = int((split.images == image).all(dim=1).nonzero())
        assert split.labels[row] == place // count


def test_all_images_of_a_class_are_drawn_sooner_or_later(split: Split) -> None:
    images = draw_images(group_by_class(split, 4), 200, torch.Generator().manual_seed(0))
    assert len(images.T.unique(dim=0)) == 13


def test_errors_are_those_of_a_plain_loop(split: Split, layout: Layout) -> None:
    generator = torch.Generator().manual_seed(1)
    predicted, target = (4 * initialise(layout, 5, generator).params for _ in range(2))
    images = draw_images(group_by_class(split, 4), 3, generator)
    found = loss_errors(predicted, losses_by_class(target, layout, images), layout, images)
    for network in range(5):
        differences = []
        for label in range(4):
            shown = images.T[3 * label : 3 * label + 3]
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


def test_the_checkpoint_itself_has_no_error_and_gradients_reach_the_prediction(split: Split, layout: Layout) -> None:
    target = initialise(layout, 3, torch.Generator().manual_seed(0)).params
    predicted = (target + 0.5).requires_grad_()
    images = draw_images(group_by_class(split, 4), 3, torch.Generator().manual_seed(2))
    wanted = losses_by_class(target, layout, images)
    assert torch.equal(loss_errors(target, wanted, layout, images), torch.zeros(3))
    loss_errors(predicted, wanted, layout, images).sum().backward()
    assert predicted.grad is not None
    assert (predicted.grad.abs().sum(dim=1) > 0).all()
