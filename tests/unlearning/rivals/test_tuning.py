"""Of settings the best is chosen by validation images."""

from dataclasses import replace

import pytest
import torch

from hyperforget.errors import UserError
from hyperforget.metrics.measuring import Outcomes
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.rivals.tuning import best, merit
from tests.unlearning.rivals.cases import LAYOUTS, ONE, assigned, trained

SIZES = torch.tensor([100, 100, 100, 100])


def outcomes(forgotten: list[int], retained: int, loss: float = 1.0) -> Outcomes:
    """Of networks that know so many images of class 1, and so many of each other class."""
    correct = torch.full((len(forgotten), 4), retained)
    correct[:, 1] = torch.tensor(forgotten)
    nothing = torch.zeros(len(forgotten), 4)
    return Outcomes(torch.full((len(forgotten), 4), loss), correct, nothing, nothing, SIZES)


def test_merit_counts_divergence_first_then_what_is_still_known_then_what_is_kept() -> None:
    ordered = [
        outcomes([0, 1, 90], 95),
        outcomes([0, 0, 0], 80),
        outcomes([2, 2, 2], 99),
        outcomes([0, 0, 0], 99, torch.nan),
    ]
    merits = [merit(each, ONE, 0.01) for each in ordered]
    assert merits == sorted(merits)
    assert merits[0][:2] == (0.0, 0.0)
    assert merit(ordered[0], ONE, 0.0) > merit(ordered[1], ONE, 0.0)


def test_of_equally_good_settings_the_first_is_taken() -> None:
    originals = trained(LAYOUTS[0])
    settings = [Networks(originals.params.clone(), originals.layout) for _ in range(3)]
    assert best(iter(settings), assigned(originals), "networks") is settings[0]


def test_settings_that_diverge_are_chosen_never_and_a_sentence_where_all_do() -> None:
    originals = trained(LAYOUTS[0])
    lost = replace(originals, params=1e4 * originals.params)
    gone = replace(originals, params=torch.full_like(originals.params, torch.nan))
    assert best([lost, originals, gone], assigned(originals), "networks") is originals
    with pytest.raises(UserError, match=r"^3 of 3 made networks diverged, .*recipe\.learning_rate, which is 0\.3$"):
        best([gone, lost], assigned(originals), "made networks")
