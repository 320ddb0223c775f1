"""Which checkpoints are kept: accurate pivots, capped bins, and counts that add up."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hyperforget.collection.admission import Admission, AdmissionCounts, check_diverged, sum_counts
from hyperforget.collection.schedule import Runs
from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.errors import UserError
from hyperforget.metrics.measuring import Outcomes
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.records.corpora import LevelCount

SIZES = torch.tensor([10, 10, 20, 20])
EDGES = [0.5, 1.0, 2.0]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def runs_of(
    config: CollectionConfig, count: int, pivots: list[int], classes: int, holdout: Sequence[tuple[int, ...]] = ()
) -> Runs:
    return Runs(PerceptronLayout((6, 3, classes)), count, config, [RecipeConfig()], pivots, holdout)


def outcomes_of(losses: Tensor, correct: Tensor, sizes: Tensor = SIZES) -> Outcomes:
    return Outcomes(losses, correct, torch.zeros_like(losses), torch.zeros_like(losses), sizes)


def new_admission(
    rule: str,
    cap: float = 0.1,
    runs: int = 100,
    pivot_accuracy: float = 0.8,
    holdout: Sequence[tuple[int, ...]] = (),
) -> Admission:
    """Classes 0 and 1 are pivots, 2 and 3 free; a joint bin holds ``cap`` x ``runs`` checkpoints."""
    config = CollectionConfig(
        admission=rule, loss_levels=EDGES, bin_cap=cap, checkpoints=1, pivot_accuracy=pivot_accuracy
    )
    return Admission(runs_of(config, runs, [0, 1], 4, holdout), SIZES)


def reviewed(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Losses and correct counts of random checkpoints, most with low losses, many with weak pivots."""
    losses = torch.empty(count, 4).exponential_(1.0, generator=seeded(seed))
    correct = torch.randint(5, 11, (count, 4), generator=seeded(seed + 1))
    return losses, correct


def accurate(count: int) -> Tensor:
    return SIZES.expand(count, -1)


def joint_bins(losses: Tensor) -> list[tuple[int, ...]]:
    return [tuple(row) for row in np.digitize(losses[:, 2:].numpy(), np.array(EDGES, np.float32), right=True).tolist()]


@pytest.mark.parametrize("rule", ["bins", "relaxed"])
def test_every_pivot_must_reach_the_accuracy(rule: str) -> None:
    correct = torch.tensor([[8, 8, 0, 0], [7, 10, 20, 20], [10, 7, 20, 20], [10, 10, 0, 0]])
    admission = new_admission(rule, pivot_accuracy=0.8)
    kept = admission.admit(torch.arange(4), outcomes_of(torch.ones(4, 4), correct), seeded(0))
    assert kept.tolist() == ([0, 3] if rule == "relaxed" else kept.tolist())
    assert set(kept.tolist()) <= {0, 3}
    assert admission.counts().pivots_rejected == 2


@pytest.mark.parametrize("accuracy", [0.07, 0.3, 0.6, 0.72, 0.8, 0.9, 1.0])
def test_a_pivot_that_reaches_the_accuracy_exactly_is_accurate(accuracy: float) -> None:
    sizes = torch.tensor([size for size in range(20, 2000, 20) if (accuracy * 100 * size) % 100 < 1e-6])
    config = CollectionConfig(admission="relaxed", pivot_accuracy=accuracy)
    enough = (sizes * round(accuracy * 100)) // 100
    for size, correct in zip(sizes, enough, strict=True):
        pair = torch.stack([size, size])
        admission = Admission(runs_of(config, 10, [0], 2), pair)
        counts = torch.stack([torch.stack([correct, size]), torch.stack([correct - 1, size])])
        kept = admission.admit(torch.arange(2), outcomes_of(torch.ones(2, 2), counts, pair), seeded(0))
        assert kept.tolist() == [0], f"{correct} of {size}"


def test_only_the_rows_under_review_are_looked_at() -> None:
    admission = new_admission("relaxed")
    kept = admission.admit(torch.tensor([4, 1, 7]), outcomes_of(torch.ones(9, 4), accurate(9)), seeded(0))
    assert kept.tolist() == [4, 1, 7]
    assert admission.counts().reviewed == 3
    nothing = torch.empty(0, dtype=torch.int64)
    assert admission.admit(nothing, outcomes_of(torch.ones(9, 4), accurate(9)), seeded(0)).tolist() == []
    assert admission.counts().reviewed == 3


def test_relaxed_admits_all_with_accurate_pivots() -> None:
    losses, correct = reviewed(500, 0)
    admission = new_admission("relaxed", pivot_accuracy=0.7)
    kept = admission.admit(torch.arange(500), outcomes_of(losses, correct), seeded(0))
    assert kept.tolist() == torch.nonzero((correct[:, :2] >= 7).all(1)).flatten().tolist()
    assert sum(level.rejected for level in admission.counts().levels) == 0
    assert {level.cap for level in admission.counts().levels} == {None}


def test_bins_never_exceed_their_cap_and_the_first_of_a_bin_is_kept() -> None:
    admission = new_admission("bins", cap=0.05)
    admitted: list[tuple[int, ...]] = []
    seen: set[tuple[int, ...]] = set()
    for seed in range(30):
        losses, _ = reviewed(100, seed)
        kept = set(admission.admit(torch.arange(100), outcomes_of(losses, accurate(100)), seeded(seed)).tolist())
        for row, bin_ in enumerate(joint_bins(losses)):
            assert row in kept or bin_ in seen
            seen.add(bin_)
        admitted += [bin_ for row, bin_ in enumerate(joint_bins(losses)) if row in kept]
    assert len(seen) == 16
    assert set(Counter(admitted).values()) <= set(range(1, 6))
    assert Counter(admitted)[0, 0] == 5


def test_the_fuller_a_bin_the_rarer_it_is_chosen() -> None:
    cap = 400
    admission = new_admission("bins", cap=1.0, runs=cap)
    common = torch.rand(4000, generator=seeded(0)) < 0.95
    losses = torch.where(common, 0.1, 3.0).unsqueeze(1).expand(-1, 4)
    kept = admission.admit(torch.arange(4000), outcomes_of(losses, accurate(4000)), seeded(1))
    for of_bin in (common, ~common):
        offers, taken = int(of_bin.sum()), int(of_bin[kept].sum())
        # As many as there are different ones among that many random tickets of `cap` kinds.
        expected = cap * (1 - (1 - 1 / cap) ** offers)
        assert taken == pytest.approx(expected, abs=5 * math.sqrt(cap) / 4)
    share = [of_bin[kept].sum() / of_bin.sum() for of_bin in (~common, common)]
    assert share[0] > 6 * share[1]


@pytest.mark.parametrize("rule", ["bins", "relaxed"])
def test_counts_add_up_and_tell_losses_by_level(rule: str) -> None:
    losses, correct = reviewed(600, 3)
    admission = new_admission(rule, cap=0.1, pivot_accuracy=0.7)
    kept = torch.cat(
        [admission.admit(rows, outcomes_of(losses, correct), seeded(0)) for rows in torch.arange(600).split(37)]
    )
    counts = admission.counts()
    good = torch.nonzero((correct[:, :2] >= 7).all(1)).flatten()
    refused = torch.tensor(sorted(set(good.tolist()) - set(kept.tolist())), dtype=torch.int64)
    assert (counts.reviewed, counts.pivots_rejected, counts.holdout_rejected) == (600, 600 - len(good), 0)
    bounds = [(0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, None)]
    assert [(row.class_, row.low, row.high) for row in counts.levels] == [
        (label, *bound) for label in (2, 3) for bound in bounds
    ]
    for row in counts.levels:
        high = row.high or math.inf
        for rows, found in ((kept, row.admitted), (refused, row.rejected)):
            inside = (losses[rows, row.class_] > row.low) & (losses[rows, row.class_] <= high)
            assert found == int(inside.sum())
    for label in (2, 3):
        of_class = [row for row in counts.levels if row.class_ == label]
        total = sum(row.admitted + row.rejected for row in of_class)
        assert counts.reviewed == counts.pivots_rejected + total
        assert sum(row.admitted for row in of_class) == len(kept)


HELD_OUT = st.lists(st.integers(2, 6), min_size=1, max_size=5, unique=True).map(lambda labels: tuple(sorted(labels)))


@pytest.mark.parametrize("rule", ["bins", "relaxed"])
@given(holdout=st.lists(HELD_OUT, max_size=3), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_exactly_what_knows_all_free_classes_but_a_held_out_set_is_refused_and_counted(
    rule: str, holdout: list[tuple[int, ...]], seed: int
) -> None:
    sizes = torch.tensor([10, 10, 20, 20, 30, 40, 2])
    config = CollectionConfig(admission=rule, loss_levels=[100.0], bin_cap=1.0, checkpoints=50, pivot_accuracy=0.8)
    admission = Admission(runs_of(config, 1000, [0, 1], 7, holdout), sizes)
    rng = np.random.default_rng(seed)
    shares = rng.choice([0.0, 0.45, 0.5, 1.0], size=(300, 7))
    shares[:, :2] = rng.choice([0.7, 0.8, 1.0], size=(300, 2))
    correct = torch.from_numpy((shares * sizes.numpy()).round().astype(np.int64))
    kept = admission.admit(torch.arange(300), outcomes_of(torch.ones(300, 7), correct, sizes), seeded(seed))
    accurate_pivots = [all(correct[row, label] >= 0.8 * sizes[label] for label in (0, 1)) for row in range(300)]
    unknown = [tuple(label for label in range(2, 7) if 2 * correct[row, label] < sizes[label]) for row in range(300)]
    refused = [row for row in range(300) if accurate_pivots[row] and unknown[row] in holdout]
    assert admission.counts().holdout_rejected == len(refused)
    assert admission.counts().pivots_rejected == accurate_pivots.count(False)
    assert not set(kept.tolist()) & set(refused)
    passed = [row for row in range(300) if accurate_pivots[row] and row not in refused]
    of_class = [level for level in admission.counts().levels if level.class_ == 2]
    assert sum(level.admitted + level.rejected for level in of_class) == len(passed)
    if rule == "relaxed":
        assert kept.tolist() == passed


def test_subsets_and_supersets_of_a_held_out_set_are_kept() -> None:
    sizes = torch.tensor([10, 10, 10, 10])
    config = CollectionConfig(admission="relaxed", pivot_accuracy=0.8)
    admission = Admission(runs_of(config, 10, [0], 4, [(1, 2)]), sizes)
    correct = torch.tensor([[10, 4, 4, 10], [10, 4, 5, 10], [10, 4, 4, 4], [10, 10, 10, 10], [10, 0, 0, 5]])
    kept = admission.admit(torch.arange(5), outcomes_of(torch.ones(5, 4), correct, sizes), seeded(0))
    assert kept.tolist() == [1, 2, 3]
    assert admission.counts().holdout_rejected == 2


def test_without_held_out_sets_whatever_is_known_is_kept() -> None:
    correct = SIZES * torch.tensor([[1, 1, a, b] for a in (0, 1) for b in (0, 1)])
    admission = new_admission("relaxed")
    assert admission.admit(torch.arange(4), outcomes_of(torch.ones(4, 4), correct), seeded(0)).tolist() == [0, 1, 2, 3]
    assert admission.counts().holdout_rejected == 0


def test_counts_go_on_from_a_saved_state() -> None:
    losses, correct = reviewed(400, 5)
    whole, first = (new_admission("bins", pivot_accuracy=0.6, holdout=[(3,)]) for _ in range(2))
    outcomes, decisions = outcomes_of(losses, correct), [seeded(0), seeded(0)]
    rows = torch.arange(400).split(200)
    for some in rows:
        whole.admit(some, outcomes, decisions[0])
    first.admit(rows[0], outcomes, decisions[1])
    second = new_admission("bins", pivot_accuracy=0.6, holdout=[(3,)])
    second.restore(first.state())
    second.admit(rows[1], outcomes, decisions[1])
    assert second.counts() == whole.counts()
    assert whole.counts().holdout_rejected > 0


def test_a_bin_takes_its_share_of_all_checkpoints_and_one_at_least() -> None:
    config = CollectionConfig(admission="bins", bin_cap=0.1, checkpoints=8)
    assert Admission(runs_of(config, 250, [0, 1], 4), SIZES).counts().levels[0].cap == 200
    assert Admission(runs_of(config, 1, [0, 1], 4), SIZES).counts().levels[0].cap == 1


def test_counts_of_shards_add_up_through_json() -> None:
    shards = []
    for seed in range(3):
        losses, correct = reviewed(200, seed)
        admission = new_admission("bins", pivot_accuracy=0.6, holdout=[(2,)])
        admission.admit(torch.arange(200), outcomes_of(losses, correct), seeded(seed))
        shards.append(admission.counts())
    total = sum_counts([json.loads(json.dumps(asdict(shard))) for shard in shards])
    assert isinstance(total, AdmissionCounts)
    assert total.reviewed == 600
    assert total.pivots_rejected == sum(shard.pivots_rejected for shard in shards)
    assert total.holdout_rejected == sum(shard.holdout_rejected for shard in shards) > 0
    for index, row in enumerate(total.levels):
        parts = [shard.levels[index] for shard in shards]
        assert (row.class_, row.low, row.high) == (parts[0].class_, parts[0].low, parts[0].high)
        assert row.cap == sum(part.cap or 0 for part in parts)
        assert row.admitted == sum(part.admitted for part in parts)
        assert row.rejected == sum(part.rejected for part in parts)
    assert sum_counts([asdict(shards[0])]) == shards[0]


def test_counts_of_relaxed_shards_have_no_cap() -> None:
    shard = asdict(AdmissionCounts(5, 0, 1, 0, [LevelCount(2, 0.0, None, None, 3, 1)]))
    assert sum_counts([shard, shard]).levels == [LevelCount(2, 0.0, None, None, 6, 2)]


@pytest.mark.parametrize("rule", ["bins", "relaxed"])
@pytest.mark.parametrize("loss", [math.nan, math.inf, 1e4])
@pytest.mark.parametrize("label", range(4))
def test_what_has_diverged_is_counted_and_never_kept(rule: str, loss: float, label: int) -> None:
    losses = torch.ones(3, 4)
    losses[1, label] = loss
    admission = new_admission(rule, cap=1.0)
    kept = admission.admit(torch.arange(3), outcomes_of(losses, accurate(3)), seeded(0))
    assert kept.tolist() == [0, 2]
    counts = admission.counts()
    assert (counts.reviewed, counts.diverged, counts.pivots_rejected) == (3, 1, 0)
    assert sum(level.admitted + level.rejected for level in counts.levels if level.class_ == 2) == 2
    again = new_admission(rule, cap=1.0)
    again.restore(admission.state())
    assert again.counts() == counts
    assert sum_counts([asdict(counts), asdict(counts)]).diverged == 2


def test_a_shard_of_which_most_diverged_is_refused_with_what_to_lower() -> None:
    check_diverged(AdmissionCounts(10, 5, 5, 0, []), "digits", [0.1])
    check_diverged(AdmissionCounts(0, 0, 0, 0, []), "digits", [0.1])
    with pytest.raises(UserError, match=r"^task 'digits': 6 of 10 reviewed checkpoints diverged.* up to 1e\+06: lower"):
        check_diverged(AdmissionCounts(10, 6, 0, 0, []), "digits", [0.1, 1e6])
