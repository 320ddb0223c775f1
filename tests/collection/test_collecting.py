"""Collection: stored checkpoints are what they say."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import chisquare

from hyperforget.collection import collecting
from hyperforget.collection.admission import AdmissionCounts
from hyperforget.collection.collecting import collect_runs
from hyperforget.collection.schedule import Runs
from hyperforget.collection.segment import SEGMENT_ARRAYS, SEGMENT_DIMENSIONS
from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.metrics.discriminability import discriminability
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from tests.conftest import InPieces

LAYOUT = PerceptronLayout((6, 4, 4))
RECIPE = RecipeConfig(batch_size=32, learning_rate=0.3, weight_decay=0.0)
SMALL = CollectionConfig(
    steps=60, reviews=10, reviews_per_run=6, checkpoints=3, pivot_accuracy=0.6, review_schedule="uniform"
)
OTHERS = [
    RECIPE.model_copy(update={"optimizer": "adam", "initialisation": "kaiming", "learning_rate": 0.05}),
]
PIVOTS = [0, 1]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def split_of(seed: int, count: int) -> Split:
    labels = torch.arange(count) % 4
    noise = torch.randn(count, 6, generator=seeded(seed))
    return Split(0.5 * noise + 2 * F.one_hot(labels, 6), labels, LAYOUT.classes)


TRAIN, REVIEW = split_of(0, 80), split_of(1, 48)
Collected = tuple[dict[str, np.ndarray], AdmissionCounts]


def collected(
    config: CollectionConfig = SMALL,
    shared: Networks | None = None,
    seed: int = 0,
    train: Split = TRAIN,
    recipe: RecipeConfig = RECIPE,
    others: Sequence[RecipeConfig] = (),
    resuming: Resuming = NOT_RESUMING,
    holdout: Sequence[tuple[int, ...]] = ((3,),),
) -> Collected:
    runs = Runs(LAYOUT, 14, config, [recipe, *others], PIVOTS, holdout, shared)
    return collect_runs(runs, train, REVIEW, seeded(seed), resuming)


@pytest.fixture(scope="module", params=["relaxed", "bins", "chunks", "recipes"])
def segment(request: pytest.FixtureRequest) -> Collected:
    rule = "bins" if request.param == "bins" else "relaxed"
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "chunks":
            patch.setattr(collecting, "_NETWORKS_AT_ONCE", 5)
        others = OTHERS if request.param == "recipes" else []
        return collected(SMALL.model_copy(update={"admission": rule}), others=others)


def test_arrays_are_as_described(segment: Collected) -> None:
    arrays, _ = segment
    assert set(arrays) == set(SEGMENT_DIMENSIONS) == set(SEGMENT_ARRAYS)
    lengths = {"run": 14, "checkpoint": 4, "parameter": LAYOUT.size, "class": 4}
    for name, array in arrays.items():
        assert array.shape == tuple(lengths[axis] for axis in SEGMENT_DIMENSIONS[name])
    assert arrays["theta"].dtype == np.float32
    rates = np.array([RECIPE.learning_rate, *(other.learning_rate for other in OTHERS)])[arrays["recipe"]]
    assert (arrays["learning_rate"] / rates).min() >= 0.7 - 1e-6
    assert (arrays["learning_rate"] / rates).max() <= 1.4 + 1e-6


def test_a_run_has_its_start_then_checkpoints_in_order_then_padding(segment: Collected) -> None:
    arrays, _ = segment
    saved = arrays["saved"]
    assert saved.min() >= 1
    assert saved.max() == 4
    for run in range(14):
        steps = arrays["step"][run]
        assert steps[0] == 0
        assert (np.diff(steps[: saved[run]]) > 0).all()
        assert set(steps[1 : saved[run]]) <= set(range(6, 61, 6))
        for name in ("theta", "loss", "correct", "discriminability", "separability", "step"):
            assert not arrays[name][run, saved[run] :].any()
        assert arrays["theta"][run, : saved[run]].any(axis=1).all()


def test_stored_outcomes_are_those_of_the_stored_parameters(segment: Collected) -> None:
    arrays, _ = segment
    network = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4))
    for run in range(14):
        for slot in range(arrays["saved"][run]):
            network.load_state_dict(LAYOUT.state_dict(torch.from_numpy(arrays["theta"][run, slot])))
            logits = network(REVIEW.images).detach()
            for label in range(4):
                rows = REVIEW.labels == label
                loss = F.cross_entropy(logits[rows], REVIEW.labels[rows]).item()
                assert arrays["loss"][run, slot, label] == pytest.approx(loss, rel=1e-4, abs=1e-6)
                correct = int((logits[rows].argmax(1) == label).sum())
                assert arrays["correct"][run, slot, label] == correct
            expected = discriminability(logits.unsqueeze(0), REVIEW.labels)[0].tolist()
            assert arrays["discriminability"][run, slot].tolist() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_admitted_checkpoints_have_accurate_pivots_and_are_counted(segment: Collected) -> None:
    arrays, counts = segment
    admitted = 0
    for run in range(14):
        kept = arrays["correct"][run, 1 : arrays["saved"][run]]
        admitted += len(kept)
        assert (kept[:, PIVOTS] >= 0.6 * 12).all()
        # Class 3 alone is held out: what does not know it does not know class 2 either.
        assert not ((kept[:, 3] < 6) & (kept[:, 2] >= 6)).any()
    assert admitted > 10
    for label in (2, 3):
        assert sum(row.admitted for row in counts.levels if row.class_ == label) == admitted


def test_starts_are_random_and_differ(segment: Collected) -> None:
    starts = segment[0]["theta"][:, 0]
    assert len(np.unique(starts, axis=0)) == 14
    assert np.abs(starts[segment[0]["recipe"] == 0]).max() <= 0.5


def test_each_run_draws_a_recipe_that_it_starts_and_trains_by() -> None:
    # One step, all classes shown, no weight decay: what a run has moved by tells its update rule.
    config = SMALL.model_copy(
        update={
            "steps": 1,
            "reviews": 1,
            "pivot_accuracy": 0.0,
            "undersampling": [1.0],
            "deoptimisation": 0.0,
            "never_seen": 0.0,
        }
    )
    arrays = collected(config, others=OTHERS, holdout=())[0]
    recipe = arrays["recipe"]
    assert set(recipe) == {0, 1}
    biases = LAYOUT.parameters[1]
    at_start = arrays["theta"][:, 0, biases.offset : biases.stop]
    assert (at_start[recipe == 1] == 0).all()
    assert (at_start[recipe == 0] != 0).all()
    # The first step of Adam is the learning rate, whatever the gradient.
    moved = np.abs(arrays["theta"][:, 1] - arrays["theta"][:, 0]) / arrays["learning_rate"][:, None]
    touched = moved > 1e-3
    assert touched[recipe == 1].mean() > 0.5
    np.testing.assert_allclose(moved[recipe == 1][touched[recipe == 1]], 1, rtol=1e-2)
    assert moved[recipe == 0].std() > 0.05


def test_recipes_are_drawn_alike() -> None:
    drawn = list(collecting._draw_recipes(3, 3000, seeded(0)))
    assert [index for index, _ in drawn] == [0, 1, 2]
    assert torch.equal(torch.cat([rows for _, rows in drawn]).sort().values, torch.arange(3000))
    assert chisquare([len(rows) for _, rows in drawn]).pvalue > 1e-3


def test_a_single_recipe_costs_no_random_number() -> None:
    generator = seeded(0)
    state = generator.get_state()
    [(index, rows)] = collecting._draw_recipes(1, 5, generator)
    assert (index, rows.tolist()) == (0, [0, 1, 2, 3, 4])
    assert torch.equal(generator.get_state(), state)


def test_a_shared_start_is_checkpoint_0_of_all_runs_that_then_part() -> None:
    shared = initialise(LAYOUT, 1, seeded(5))
    arrays, _ = collected(shared=shared)
    np.testing.assert_array_equal(arrays["theta"][:, 0], shared.params.expand(14, -1).numpy())
    trained = [arrays["theta"][run, arrays["saved"][run] - 1] for run in range(14) if arrays["saved"][run] > 1]
    assert len(trained) > 5
    assert len(np.unique(np.stack(trained), axis=0)) == len(trained)


def test_collection_repeats_to_the_byte_and_changes_with_the_seed() -> None:
    first, again, other = collected()[0], collected()[0], collected(seed=1)[0]
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
    assert first["theta"].tobytes() != other["theta"].tobytes()


def test_a_deletion_raises_the_losses_of_the_deleted_classes_alone() -> None:
    config = SMALL.model_copy(update={"deoptimisation": 1.0, "switch": (0.5, 0.5), "steps": 600, "checkpoints": 10})
    recipe = RECIPE.model_copy(update={"weight_decay": 0.01})
    arrays = collected(config, recipe=recipe)[0]
    rises: dict[bool, list[float]] = {False: [], True: []}
    for run in range(14):
        steps = arrays["step"][run, : arrays["saved"][run]]
        trained = np.flatnonzero((steps > 0) & (steps < 300))
        if len(trained) and steps[-1] == 600:
            before, after = arrays["loss"][run, trained[-1]], arrays["loss"][run, len(steps) - 1]
            for label in range(4):
                rises[bool(arrays["rate_after"][run, label] == 0)].append(after[label] - before[label])
    assert min(map(len, rises.values())) > 5
    assert min(rises[True]) > 0.4
    assert max(rises[False]) < 0.1


def test_a_class_of_rate_0_has_no_influence_on_a_run() -> None:
    config = SMALL.model_copy(update={"deoptimisation": 0.0, "undersampling": [0.0], "pivot_accuracy": 0.0})
    altered = torch.where((TRAIN.labels == 2).unsqueeze(1), 50.0, TRAIN.images)
    first, second = (collected(config, train=train)[0] for train in (TRAIN, replace(TRAIN, images=altered)))
    without = first["rate_after"][:, 2] == 0
    assert 0 < without.sum() < 14
    np.testing.assert_allclose(second["theta"][without], first["theta"][without], atol=1e-5)
    assert not np.allclose(second["theta"][~without], first["theta"][~without], atol=1e-2)


@pytest.mark.pipeline
@pytest.mark.parametrize("kills", [[2], [31], [50, 20, 1]])
@pytest.mark.parametrize(
    ("rule", "others", "shared"), [("bins", OTHERS, False), ("bins", [], True), ("relaxed", OTHERS, False)]
)
def test_collection_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces: InPieces,
    monkeypatch: pytest.MonkeyPatch,
    kills: list[int],
    rule: str,
    others: list[RecipeConfig],
    shared: bool,
) -> None:
    monkeypatch.setattr(collecting, "_NETWORKS_AT_ONCE", 5)
    config = SMALL.model_copy(update={"admission": rule, "bin_cap": 0.2, "pivot_accuracy": 0.3, "steps": 30})
    recipe = RECIPE.model_copy(update={"momentum": 0.9, "weight_decay": 0.01})
    start = initialise(LAYOUT, 1, seeded(5)) if shared else None
    expected, decided = collected(config, start, recipe=recipe, others=others)
    assert sum(level.rejected for level in decided.levels) > 0 or rule == "relaxed"
    arrays, counts = in_pieces(
        lambda resuming: collected(config, start, recipe=recipe, others=others, resuming=resuming), kills
    )
    assert counts == decided
    assert all(arrays[name].tobytes() == expected[name].tobytes() for name in expected)
