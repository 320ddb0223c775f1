"""Sets as whole numbers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.what_if.sets import every_set, masks_of, numbers_of, sizes_of


def test_every_set_is_there_once() -> None:
    masks = masks_of(every_set(3), [4, 1, 2], 5)
    assert masks.shape == (8, 5)
    assert len({tuple(mask) for mask in masks.tolist()}) == 8
    assert not masks[:, [0, 3]].any()
    # The first bit is of the first place.
    assert masks[1].tolist() == [False, False, False, False, True]
    assert masks[6].tolist() == [False, True, True, False, False]


@given(st.permutations(range(6)), st.integers(1, 6), st.lists(st.integers(0, 63), min_size=1, max_size=8))
def test_numbers_and_masks_are_each_other(places: list[int], count: int, drawn: list[int]) -> None:
    numbers = torch.tensor(drawn) % 2**count
    masks = masks_of(numbers, places[:count], 6)
    assert torch.equal(numbers_of(masks, places[:count]), numbers)
    assert torch.equal(sizes_of(numbers), masks.sum(dim=1))


def test_too_many_sets_are_refused() -> None:
    with pytest.raises(UserError, match="21 classes have 2,097,152 sets; allowed are those of up to 20 classes"):
        every_set(21)
