"""Whether a metric tells what is known: areas, and what to make of them."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from hyperforget.metrics.judged import Area, area, further, verdict


def test_areas_are_those_of_scikit_learn_within_their_intervals() -> None:
    generator = torch.Generator().manual_seed(0)
    within, without = torch.randint(0, 6, (12,), generator=generator), torch.randint(2, 8, (9,), generator=generator)
    found = area(within.double(), without.double())
    expected = roc_auc_score([1] * 12 + [0] * 9, torch.cat([within, without]))
    assert found.value == pytest.approx(expected)
    assert 0 <= found.low < found.value < found.high <= 1
    assert area(within.double(), without.double()) == found


def test_what_tells_all_and_what_tells_none() -> None:
    low, high = torch.zeros(8), torch.ones(8)
    assert str(area(high, low)) == "1.00 [1.00, 1.00]"
    assert str(area(low, low)) == "0.50 [0.50, 0.50]"
    assert area(low, high).value == 0


@pytest.mark.parametrize(
    ("originals", "hidden", "said"),
    [
        (1.0, 1.0, "trust"),
        (1.0, 0.5, "sees answers"),
        (0.5, 0.5, "tells nothing"),
        (0.5, 1.0, "sees what is hidden, not what is answered"),
    ],
)
def test_a_metric_is_trusted_that_tells_both(originals: float, hidden: float, said: str) -> None:
    areas = [Area(value, value, value) for value in (originals, hidden)]
    assert verdict(*areas) == said
    assert verdict(Area(0.9, 0.7, 1.0), areas[1]) != "trust"


def test_further_is_away_from_where_good_values_lie() -> None:
    values = torch.tensor([0.1, 0.4, 0.9], dtype=torch.float64)
    assert further("retrained", values, 0.4).tolist() == pytest.approx([0.3, 0, 0.5])
    assert further("lower", values, 0.4).tolist() == values.tolist()
    assert further("higher", values, 0.4).tolist() == (-values).tolist()
