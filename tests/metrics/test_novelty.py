"""Distance from the nearest checkpoint, means of checkpoints, and overlap of mistakes, against exhaustive search."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from hyperforget.errors import UserError
from hyperforget.metrics.novelty import aligned_mean, mistake_overlap, nearest_distances
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.permutations import permute_hidden

LAYOUT = PerceptronLayout((3, 4, 2))


def networks(count: int, seed: int) -> Networks:
    return initialise(LAYOUT, count, torch.Generator().manual_seed(seed))


def reordered(params: Tensor, order: tuple[int, ...]) -> Tensor:
    weight, bias, head, last = LAYOUT.split(params.unsqueeze(0))
    return LAYOUT.join([weight[:, order, :], bias[:, order], head[:, :, order], last])[0]


def test_the_nearest_checkpoint_is_that_of_all_orders_of_units() -> None:
    own, checkpoints = networks(3, 0), networks(9, 1).params
    before = own.params.clone()
    found = nearest_distances(own, checkpoints)
    for row, value in zip(own.params, found, strict=True):
        every = [reordered(each, order) for each in checkpoints for order in permutations(range(4))]
        assert float(value) == pytest.approx(min(float((row - each).norm() / row.norm()) for each in every), rel=1e-5)
    assert torch.equal(own.params, before)


def test_a_copy_in_another_order_is_found_and_itself_does_not_count() -> None:
    checkpoints = networks(9, 1)
    [shuffled] = permute_hidden([checkpoints], torch.Generator().manual_seed(3))
    assert float(nearest_distances(shuffled, checkpoints.params).max()) < 1e-6
    others = nearest_distances(shuffled, checkpoints.params, torch.arange(9))
    assert float(others.min()) > 0.1
    deep = initialise(PerceptronLayout((3, 4, 4, 2)), 2, torch.Generator())
    with pytest.raises(UserError, match="of one hidden layer"):
        nearest_distances(deep, deep.params)


def test_the_mean_of_the_same_network_in_two_orders_is_this_network() -> None:
    one = networks(1, 0)
    [other] = permute_hidden([one], torch.Generator().manual_seed(5))
    mean = Networks(aligned_mean(torch.cat([one.params, other.params]), LAYOUT).unsqueeze(0), LAYOUT)
    torch.testing.assert_close(mean.params, one.params)
    images = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(forward(mean, images), forward(other, images))


def test_mistakes_overlap_by_their_intersection_over_their_union() -> None:
    wrong = torch.tensor([[True, True, False, False], [False, False, False, False]])
    checkpoints = torch.tensor([[True, False, True, False], [True, True, True, False], [False, False, False, False]])
    assert mistake_overlap(wrong, checkpoints).tolist() == [pytest.approx(2 / 3), 1.0]
    assert mistake_overlap(wrong, checkpoints, torch.tensor([1, -1])).tolist() == [pytest.approx(1 / 3), 1.0]
