"""What counts as forgotten and as known: constants of classes, what networks show of groups."""

import numpy as np
import pytest
import torch

from hyperforget.collection.bounds import Bounds, class_bounds, group_bounds, stored_bounds
from hyperforget.collection.checkpoints import CorpusOutcomes


def test_of_classes_bounds_are_constants_and_no_corpus_tells_them() -> None:
    assert class_bounds(2) == Bounds((0.01, 0.01), (0.5, 0.5))
    assert class_bounds(2).attributes == {}
    assert stored_bounds({"segments": ["a"]}, 2) == class_bounds(2)


def test_of_groups_what_networks_reach_that_never_saw_them_counts_as_forgotten() -> None:
    generator = np.random.default_rng(0)
    accuracies = generator.uniform(0.2, 0.4, (500, 4, 3))
    accuracies[..., 1] += 0.5
    unseen = generator.random((500, 4, 3)) < 0.5
    unseen[..., 2] = False
    bounds = group_bounds(accuracies, unseen)
    for place in (0, 1):
        of_unseen = accuracies[..., place][unseen[..., place]]
        forgotten = (of_unseen <= bounds.forgotten[place]).mean()
        assert 0.975 <= forgotten < 1.0 or bounds.forgotten[place] >= of_unseen.max()
        assert bounds.forgotten[place] == pytest.approx(np.quantile(of_unseen, 0.975) + 0.01)
        assert bounds.known[place] > bounds.forgotten[place]
    # A group that all have seen, as pivots are, has the bounds of a class.
    assert (bounds.forgotten[2], bounds.known[2]) == (0.01, 0.5)


def test_a_corpus_of_groups_tells_its_bounds() -> None:
    bounds = Bounds((0.25, 0.01), (0.250001, 0.5), of_groups=True)
    assert stored_bounds({"segments": ["a"], **bounds.attributes}, 2) == bounds


def test_outcomes_count_by_their_bounds() -> None:
    """Of 20 images, 5 are a quarter: of a group that is what networks reach that never saw it."""
    correct = torch.tensor([[5, 0], [6, 10], [0, 9], [4, 20]])
    nothing = torch.zeros(4, 2)
    unseen = torch.tensor([[True, False], [True, False], [False, False], [True, False]])
    sizes = torch.tensor([20, 20])
    classes = CorpusOutcomes(nothing, correct, nothing, nothing, sizes, unseen)
    groups = CorpusOutcomes(
        nothing, correct, nothing, nothing, sizes, unseen, Bounds((0.25, 0.01), (0.250001, 0.5), of_groups=True)
    )
    assert classes.known.tolist() == [[False, False], [False, True], [False, False], [False, True]]
    assert groups.known.tolist() == [[False, False], [True, True], [False, False], [False, True]]
    assert classes.forgotten(0).tolist() == [False] * 4
    assert groups.unanswered(0).tolist() == [True, False, True, True]
    assert groups.forgotten(0).tolist() == [True, False, False, True]
