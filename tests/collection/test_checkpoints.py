"""The corpus in memory: pairs drawn from runs, held-out runs, and loading from a real store."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from hyperforget.collection.checkpoints import (
    Corpus,
    admitted_mask,
    load_corpus,
    load_outcomes,
    never_seen,
    read_segments,
)
from hyperforget.collection.pairs import draw_pairs
from hyperforget.config.performance import Performance
from hyperforget.errors import UserError
from hyperforget.store.errors import MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.tokens import write_token

SAVED = [5, 2, 3, 9, 6, 2]
SIZES = torch.tensor([10, 20, 40])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(saved: list[int], slots: int = 9) -> Corpus:
    """A corpus whose parameters are (run, slot), and that tells 100 x run + slot three times."""
    runs, places = torch.meshgrid(torch.arange(len(saved)).float(), torch.arange(slots).float(), indexing="ij")
    losses = (100 * runs + places).unsqueeze(2).expand(-1, -1, 3)
    return Corpus(torch.stack([runs, places], dim=2), losses, known_by(runs, places), torch.tensor(saved))


def known_by(runs: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Classes 0 to 3, of which another set is known to each of the slots and, of class 3, to every second run."""
    bits = (places.long().unsqueeze(-1) >> torch.arange(3)) % 2
    return torch.cat([bits, runs.long().unsqueeze(-1) % 2], dim=-1).bool()


def starts(corpus: Corpus) -> torch.Tensor:
    """Parameters of the first checkpoint of each run."""
    return corpus.parameters(corpus.slots * torch.arange(corpus.saved.shape[0]))


@given(st.lists(st.integers(2, 9), min_size=1, max_size=5), st.floats(0, 1), st.integers(0, 1000))
@settings(max_examples=50, deadline=None, database=None)
def test_pairs_are_an_earlier_and_a_later_checkpoint_of_one_run(saved: list[int], from_start: float, seed: int) -> None:
    pairs = draw_pairs(numbered(saved), 64, from_start, seeded(seed))
    assert torch.equal(pairs.start[:, 0], pairs.target[:, 0])
    assert (pairs.start[:, 1] < pairs.target[:, 1]).all()
    assert (pairs.target[:, 1] < torch.tensor(saved)[pairs.target[:, 0].long()]).all()
    for params, told in (
        (pairs.start, pairs.start_performance),
        (pairs.target, pairs.target_performance),
    ):
        assert torch.equal(told, (100 * params[:, 0] + params[:, 1]).unsqueeze(1).expand(-1, 3))
    assert torch.equal(pairs.target_known, known_by(pairs.target[:, 0], pairs.target[:, 1]))


def test_runs_are_drawn_uniformly_whatever_their_length() -> None:
    pairs = draw_pairs(numbered(SAVED), 12000, 0.2, seeded(0))
    assert chisquare(torch.bincount(pairs.target[:, 0].long()).numpy()).pvalue > 1e-3


def test_later_and_earlier_checkpoints_are_drawn_uniformly() -> None:
    pairs = draw_pairs(numbered([9]), 16000, 0.0, seeded(0))
    later, earlier = pairs.target[:, 1].long(), pairs.start[:, 1].long()
    assert chisquare(torch.bincount(later)[1:].numpy()).pvalue > 1e-3
    assert chisquare(torch.bincount(earlier[later == 8]).numpy()).pvalue > 1e-3


@pytest.mark.parametrize("from_start", [0.0, 0.3, 1.0])
def test_starts_are_drawn_as_often_as_asked(from_start: float) -> None:
    pairs = draw_pairs(numbered([9]), 20000, from_start, seeded(1))
    by_chance = sum(1 / later for later in range(1, 9)) / 8
    share = pairs.start[:, 1].eq(0).double().mean().item()
    assert share == pytest.approx(from_start + (1 - from_start) * by_chance, abs=4 * (0.25 / 20000) ** 0.5)


def chances(saved: list[int], seed: int, slots: int = 9) -> torch.Tensor:
    """Random chances (R, T) of the checkpoints that may be a pair's later one; some are zero."""
    chance = torch.rand(len(saved), slots, generator=seeded(seed), dtype=torch.float64)
    chance = torch.where(chance > 0.3, chance, 0.0) * admitted_mask(torch.tensor(saved), slots)
    return chance / chance.sum()


def test_a_corpus_with_chances_draws_later_checkpoints_by_them() -> None:
    expected = chances(SAVED, 0)
    corpus = replace(numbered(SAVED), cumulative=expected.flatten().cumsum(0) / expected.sum())
    pairs = draw_pairs(corpus, 30000, 0.3, seeded(0))
    assert torch.equal(pairs.start[:, 0], pairs.target[:, 0])
    assert (pairs.start[:, 1] < pairs.target[:, 1]).all()
    entries = (9 * pairs.target[:, 0] + pairs.target[:, 1]).long()
    counts, possible = torch.bincount(entries, minlength=expected.numel()), expected.flatten() > 0
    assert counts[~possible].sum() == 0
    assert chisquare(counts[possible].numpy(), 30000 * expected.flatten()[possible].numpy()).pvalue > 1e-3
    # The earlier checkpoint is drawn as ever.
    latest = pairs.target[:, 1] == 8
    by_chance = 0.3 + 0.7 / 8
    share = pairs.start[latest, 1].eq(0).double().mean().item()
    assert share == pytest.approx(by_chance, abs=4 * (0.25 / int(latest.sum())) ** 0.5)


def test_runs_of_a_corpus_with_chances_are_drawn_uniformly() -> None:
    corpus = replace(numbered(SAVED), cumulative=torch.ones(54, dtype=torch.float64))
    assert corpus.runs(torch.arange(3)).cumulative is None


def test_drawing_repeats_with_the_seed() -> None:
    first, again, other = (draw_pairs(numbered(SAVED), 50, 0.2, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first.start, again.start)
    assert torch.equal(first.target, again.target)
    assert not torch.equal(first.target, other.target)


def test_split_divides_the_runs_that_have_a_checkpoint() -> None:
    saved = [1 + index % 3 for index in range(90)]
    corpus = numbered(saved)
    seen, unseen = corpus.split(0.2, seeded(0))
    runs = [starts(part)[:, 0].int().tolist() for part in (seen, unseen)]
    assert len(runs[1]) == 12
    assert sorted(runs[0] + runs[1]) == [index for index, count in enumerate(saved) if count >= 2]
    for part, rows in zip((seen, unseen), runs, strict=True):
        assert part.saved.tolist() == [saved[row] for row in rows]
        assert torch.equal(part.performance, corpus.performance[rows])
        assert torch.equal(part.known, corpus.known[rows])
    again = corpus.split(0.2, seeded(0))[1]
    assert torch.equal(starts(again), starts(unseen))
    assert not torch.equal(starts(corpus.split(0.2, seeded(1))[1]), starts(unseen))


def test_some_runs_of_some_runs_are_those_runs_and_share_their_parameters() -> None:
    corpus = numbered(SAVED)
    some = corpus.runs(torch.tensor([4, 0, 2, 5])).runs(torch.tensor([3, 2]))
    assert starts(some)[:, 0].tolist() == [5, 2]
    assert some.saved.tolist() == [SAVED[5], SAVED[2]]
    assert some.all_theta.data_ptr() == corpus.all_theta.data_ptr()
    pairs = draw_pairs(some, 200, 0.3, seeded(0))
    assert pairs.target[:, 0].unique().tolist() == [2, 5]
    # What is told of a checkpoint is 100 times its run, and its slot.
    assert torch.equal(pairs.target_performance[:, 0], 100 * pairs.target[:, 0] + pairs.target[:, 1])
    assert torch.equal(pairs.start_performance[:, 0], 100 * pairs.start[:, 0] + pairs.start[:, 1])
    assert torch.equal(pairs.target_known, known_by(pairs.target[:, 0], pairs.target[:, 1]))


def test_checkpoints_are_the_admitted_ones_run_after_run() -> None:
    checkpoints = numbered([3, 1, 2, 4]).runs(torch.tensor([3, 1, 0])).checkpoints()
    assert checkpoints.shape == (5, 2)
    everything = [[3, 1], [3, 2], [3, 3], [0, 1], [0, 2]]
    assert checkpoints[torch.arange(5)].tolist() == everything
    assert checkpoints[torch.tensor([4, 0, 4])].tolist() == [everything[row] for row in (4, 0, 4)]


def test_split_keeps_a_run_out_however_small_the_share() -> None:
    seen, unseen = numbered(SAVED).split(0.01, seeded(0))
    assert (len(seen.saved), len(unseen.saved)) == (5, 1)


def test_admitted_are_neither_starts_nor_padding() -> None:
    mask = numbered([1, 2, 4], slots=4).admitted()
    assert mask.tolist() == [
        [False, False, False, False],
        [False, True, False, False],
        [False, True, True, True],
    ]
    assert torch.equal(mask, admitted_mask(torch.tensor([1, 2, 4]), 4))


def random_segment(seed: int, runs: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "theta": rng.normal(size=(runs, 4, 6)).astype(np.float32),
        "loss": rng.exponential(size=(runs, 4, 3)).astype(np.float32),
        "correct": rng.integers(0, 11, size=(runs, 4, 3)).astype(np.int32),
        "discriminability": rng.exponential(size=(runs, 4, 3)).astype(np.float32),
        "separability": rng.exponential(size=(runs, 4, 3)).astype(np.float32),
        "saved": rng.integers(1, 5, size=runs),
        "switch": rng.choice([0, 40], size=runs),
        "rate_before": rng.choice([0.0, 1.0], size=(runs, 3)).astype(np.float32),
        "rate_after": rng.choice([0.0, 0.02, 1.0], size=(runs, 3)).astype(np.float32),
    }


def unseen(segment: dict[str, np.ndarray], run: int) -> np.ndarray:
    """Classes of which no step of a run, of 60, shows an image."""
    rates = [segment["rate_before" if step < segment["switch"][run] else "rate_after"][run] for step in range(60)]
    never: np.ndarray = np.max(rates, axis=0) == 0
    return never


Stored = tuple[Path, Path, list[str]]
SEGMENTS = [random_segment(0, 5), random_segment(1, 3)]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    root, token = tmp_path / "store", tmp_path / "corpus.json"
    ids = [Store(root).publish("segment", arrays, {"shard": k}) for k, arrays in enumerate(SEGMENTS)]
    write_token(token, "corpus", Store(root).publish("corpus", {}, {"segments": ids}), {})
    return root, token, ids


def test_a_corpus_is_the_runs_of_its_segments_in_order(stored: Stored) -> None:
    root, token, ids = stored
    corpus = load_corpus(Store(root), token, Performance(), SIZES)
    for tensor, name in ((corpus.all_theta, "theta"), (corpus.performance, "loss"), (corpus.saved, "saved")):
        np.testing.assert_array_equal(tensor.numpy(), np.concatenate([s[name] for s in SEGMENTS]))
    reversed_ = read_segments(Store(root), ids[::-1], ["saved"])
    assert list(reversed_) == ["saved"]
    np.testing.assert_array_equal(reversed_["saved"], np.concatenate([s["saved"] for s in SEGMENTS[::-1]]))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_parameters_stay_on_disk(stored: Stored) -> None:
    root, token, _ = stored
    corpus = load_corpus(Store(root), token, Performance(), SIZES)
    address = corpus.all_theta.data_ptr()
    (mapping,) = [line for line in Path("/proc/self/maps").read_text().splitlines() if "theta.npy" in line]
    first, last = (int(end, 16) for end in mapping.split()[0].split("-"))
    assert str(root) in mapping
    assert first <= address < last
    seen, unseen = corpus.split(0.3, seeded(0))
    assert seen.all_theta.data_ptr() == unseen.all_theta.data_ptr() == address


def test_a_corpus_tells_the_performance_that_is_asked_for(stored: Stored) -> None:
    root, token, _ = stored
    told = load_corpus(Store(root), token, Performance("error", "mean"), SIZES).performance
    correct = np.concatenate([segment["correct"] for segment in SEGMENTS])
    np.testing.assert_allclose(told.numpy(), (1 - correct / SIZES.numpy()).mean(-1, keepdims=True), rtol=1e-6)
    both = load_corpus(Store(root), token, Performance(also=("discriminability",)), SIZES).performance
    pairs = [np.concatenate([segment["loss"], segment["discriminability"]], axis=-1) for segment in SEGMENTS]
    np.testing.assert_array_equal(both.numpy(), np.concatenate(pairs))


def test_a_corpus_knows_the_classes_that_a_checkpoint_gets_right_every_second_time_at_least(stored: Stored) -> None:
    root, token, _ = stored
    known = load_corpus(Store(root), token, Performance("error", "mean"), SIZES).known
    correct = np.concatenate([segment["correct"] for segment in SEGMENTS])
    assert known.dtype == torch.bool
    np.testing.assert_array_equal(known.numpy(), 2 * correct >= SIZES.numpy())
    assert (2 * correct == SIZES.numpy()).any()


def test_outcomes_are_those_of_the_admitted_checkpoints(stored: Stored) -> None:
    root, token, _ = stored
    outcomes = load_outcomes(Store(root), token, SIZES)
    expected = [
        (
            segment["loss"][run, slot],
            segment["correct"][run, slot] / np.array([10, 20, 40]),
            segment["discriminability"][run, slot],
            segment["separability"][run, slot],
            unseen(segment, run),
        )
        for segment in SEGMENTS
        for run in range(len(segment["saved"]))
        for slot in range(1, segment["saved"][run])
    ]
    losses, accuracies, discriminable, separable, never = (np.stack(column) for column in zip(*expected, strict=True))
    np.testing.assert_array_equal(outcomes.losses.numpy(), losses)
    np.testing.assert_allclose(outcomes.accuracies.numpy(), accuracies)
    np.testing.assert_array_equal(outcomes.discriminability.numpy(), discriminable)
    np.testing.assert_array_equal(outcomes.separability.numpy(), separable)
    np.testing.assert_array_equal(outcomes.never_seen.numpy(), never)
    assert never.any()
    assert not never.all()


def test_what_was_never_seen_has_rate_0_from_the_first_step_on() -> None:
    arrays = {
        "switch": np.array([0, 0, 50, 50, 1]),
        "rate_before": np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.3], [0.0, 0.01, 0.0]]),
        "rate_after": np.array([[0.0, 0.0, 0.02], [1.0, 0.3, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.1]]),
    }
    assert never_seen(arrays).tolist() == [
        [True, True, False],  # without a switch, what would have been before it counts for nothing
        [False, False, False],
        [False, True, False],
        [True, False, False],
        [True, False, False],
    ]


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_what_was_never_seen_is_what_a_plain_loop_over_steps_finds(seed: int) -> None:
    segment = random_segment(seed, 20)
    found = never_seen(segment)
    assert found.shape == (20, 3)
    for run in range(20):
        assert found[run].tolist() == unseen(segment, run).tolist()


def test_a_missing_segment_is_named(stored: Stored) -> None:
    root, token, ids = stored
    shutil.rmtree(root / "objects" / ids[1][:2] / ids[1])
    with pytest.raises(MissingObjectError, match=ids[1]):
        load_corpus(Store(root), token, Performance(), SIZES)


def test_a_token_of_another_kind_is_refused(stored: Stored, tmp_path: Path) -> None:
    root, _, ids = stored
    write_token(tmp_path / "segment.json", "segment", ids[0], {})
    with pytest.raises(UserError, match="names a segment object, but must name a corpus object"):
        load_corpus(Store(root), tmp_path / "segment.json", Performance(), SIZES)
