"""Collection: what runs are shown, and that stored checkpoints are what they say."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import chisquare
from torch import Tensor

from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.corpus import collecting as collect
from hyperforget.corpus.collecting import (
    STRONGLY_UNDERSAMPLED,
    Plan,
    collect_runs,
    deleted_classes,
    plan_runs,
)
from hyperforget.corpus.segment import SEGMENT_ARRAYS, SEGMENT_DIMENSIONS
from hyperforget.data.splits import Split
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming

FREE = [0, 1, 2, 3, 4]
HOLDOUT = [(0, 4), (1, 2, 3), (2,)]
PLANNED = CollectionConfig(steps=200, reviews=20, deoptimisation=0.6, switch=(0.25, 0.75))
RUNS = 1500


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def classes_where(mask: Tensor) -> list[tuple[int, ...]]:
    return [tuple(torch.nonzero(row).flatten().tolist()) for row in mask]


def planned(holdout: list[tuple[int, ...]], config: CollectionConfig = PLANNED, seed: int = 0) -> Plan:
    return plan_runs(config, 8, FREE, holdout, RUNS, seeded(seed))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(HOLDOUT)


def test_pivots_are_never_undersampled(plan: Plan) -> None:
    assert plan.curriculum.before[:, 5:].eq(1).all()
    assert plan.curriculum.after[:, 5:].eq(1).all()


def test_two_kinds_of_runs(plan: Plan) -> None:
    before, after, switch = plan.curriculum.before, plan.curriculum.after, plan.curriculum.switch
    deletes = switch > 0
    # Four standard deviations of a share of 1,500 draws.
    assert deletes.double().mean().item() == pytest.approx(0.6, abs=4 * (0.24 / RUNS) ** 0.5)
    assert before.eq(1).all()
    assert switch[deletes].min() >= 50
    assert switch[deletes].max() <= 150
    assert set(after[deletes].unique().tolist()) == {0.0, 1.0}
    assert after[deletes].eq(0).any(1).all()
    rates = [0.0, 0.02, 0.1, 0.3, 1.0]
    assert after[~deletes].unique().tolist() == pytest.approx(rates)


@pytest.mark.parametrize("seed", range(3))
def test_no_run_deletes_or_strongly_undersamples_exactly_a_held_out_set(seed: int) -> None:
    config = PLANNED.model_copy(update={"undersampling": [0.0, 0.02, STRONGLY_UNDERSAMPLED, 0.3]})
    after = planned(HOLDOUT, config, seed).curriculum.after
    assert not set(classes_where(after <= STRONGLY_UNDERSAMPLED)) & set(HOLDOUT)
    assert not set(classes_where(after == 0)) & set(HOLDOUT)


def test_deleted_classes_are_those_up_to_a_rate() -> None:
    rates = torch.tensor([0.3, 0.0, STRONGLY_UNDERSAMPLED, 1.0, 0.0])
    assert deleted_classes(rates) == (1, 4)
    assert deleted_classes(rates, STRONGLY_UNDERSAMPLED) == (1, 2, 4)
    assert deleted_classes(torch.ones(3)) == ()


def test_subsets_and_supersets_of_held_out_sets_occur(plan: Plan) -> None:
    deleted = set(classes_where(plan.curriculum.after == 0))
    assert {(0,), (4,), (1,), (1, 2), (2, 3), (0, 1, 4), (0, 1, 2, 3), (1, 2, 3, 4), (2, 4)} <= deleted


def test_sizes_of_deleted_sets_are_uniform_and_so_are_their_members() -> None:
    curriculum = planned([]).curriculum
    deleted = (curriculum.after == 0)[curriculum.switch > 0][:, :5]
    assert chisquare(torch.bincount(deleted.sum(1))[1:].numpy()).pvalue > 1e-3
    assert chisquare(deleted.sum(0).numpy()).pvalue > 1e-3


def test_learning_rates_are_drawn_evenly_on_a_logarithmic_scale(plan: Plan) -> None:
    rates = plan.learning_rates.log2()
    assert rates.min() >= np.log2(0.7) - 1e-6
    assert rates.max() <= np.log2(1.4) + 1e-6
    counts = torch.histc(rates, 5, np.log2(0.7), np.log2(1.4))
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_runs_are_reviewed_at_their_end_and_just_before_a_deletion(plan: Plan) -> None:
    assert plan.review_steps.tolist() == list(range(10, 201, 10))
    assert plan.reviews.shape == (RUNS, 20)
    assert plan.reviews[:, -1].all()
    for run in range(RUNS):
        earlier = torch.nonzero(plan.review_steps <= plan.curriculum.switch[run]).flatten()
        assert earlier.numel() == 0 or plan.reviews[run, earlier[-1]]


@pytest.mark.parametrize("schedule", ["uniform", "early", "ends"])
def test_reviews_fall_where_the_schedule_says(schedule: str) -> None:
    config = PLANNED.model_copy(
        update={"review_schedule": schedule, "deoptimisation": 0.0, "reviews_per_run": 4.0}
    )
    density = planned([], config).reviews[:, :-1].double().mean(0)
    thirds = [density[:6].mean(), density[7:12].mean(), density[13:].mean()]
    if schedule == "uniform":
        assert density.tolist() == pytest.approx([0.2] * 19, abs=4 * (0.16 / RUNS) ** 0.5)
    elif schedule == "early":
        assert thirds[0] > 2 * thirds[1] > 4 * thirds[2]
    else:
        assert thirds[0] > 2 * thirds[1] < thirds[2]


def test_early_reviews_start_anew_after_a_deletion() -> None:
    config = PLANNED.model_copy(update={"deoptimisation": 1.0, "switch": (0.5, 0.5), "reviews_per_run": 4.0})
    density = planned([], config).reviews.double().mean(0)
    # Steps 10, 20, ... 200; the deletion follows step 100, and that one and the end are always reviewed.
    assert density[9] == density[19] == 1
    assert density[0] > density[6]
    assert density[10] > 2 * density[17]
    assert density[10] > 2 * density[7]


LAYOUT = Layout((6, 4, 4))
RECIPE = RecipeConfig(batch_size=32, learning_rate=0.3, weight_decay=0.0)
SMALL = CollectionConfig(
    steps=60, reviews=10, reviews_per_run=6, checkpoints=3, pivot_accuracy=0.6, review_schedule="uniform"
)
OTHERS = [
    RECIPE.model_copy(update={"optimizer": "adam", "initialisation": "kaiming", "learning_rate": 0.05}),
]
PIVOTS = [0, 1]


def split_of(seed: int, count: int) -> Split:
    labels = torch.arange(count) % 4
    noise = torch.randn(count, 6, generator=seeded(seed))
    return Split(0.5 * noise + 2 * F.one_hot(labels, 6), labels, LAYOUT.classes)


TRAIN, REVIEW = split_of(0, 80), split_of(1, 48)
Collected = tuple[dict[str, np.ndarray], collect.Admission]


def collected(
    config: CollectionConfig = SMALL,
    shared: Tensor | None = None,
    seed: int = 0,
    train: Split = TRAIN,
    recipe: RecipeConfig = RECIPE,
    others: Sequence[RecipeConfig] = (),
    resuming: Resuming = NOT_RESUMING,
) -> Collected:
    recipes = [recipe, *others]
    return collect_runs(
        LAYOUT, train, REVIEW, recipes, config, PIVOTS, [(3,)], 14, shared, seeded(seed), resuming
    )


@pytest.fixture(scope="module", params=["relaxed", "bins", "chunks", "recipes"])
def segment(request: pytest.FixtureRequest) -> Collected:
    rule = "bins" if request.param == "bins" else "relaxed"
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "chunks":
            patch.setattr(collect, "_NETWORKS_AT_ONCE", 5)
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
        for name in ("theta", "loss", "correct", "step"):
            assert not arrays[name][run, saved[run] :].any()
        assert arrays["theta"][run, : saved[run]].any(axis=1).all()


def test_stored_losses_and_counts_are_those_of_the_stored_parameters(segment: Collected) -> None:
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


def test_admitted_checkpoints_have_accurate_pivots_and_are_counted(segment: Collected) -> None:
    arrays, admission = segment
    counts = admission.counts()
    admitted = 0
    for run in range(14):
        kept = arrays["correct"][run, 1 : arrays["saved"][run]]
        admitted += len(kept)
        assert (kept[:, PIVOTS] >= 0.6 * 12).all()
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
        }
    )
    arrays = collected(config, others=OTHERS)[0]
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
    drawn = list(collect._draw_recipes(3, 3000, seeded(0)))
    assert [index for index, _ in drawn] == [0, 1, 2]
    assert torch.equal(torch.cat([rows for _, rows in drawn]).sort().values, torch.arange(3000))
    assert chisquare([len(rows) for _, rows in drawn]).pvalue > 1e-3


def test_a_single_recipe_costs_no_random_number() -> None:
    generator = seeded(0)
    state = generator.get_state()
    [(index, rows)] = collect._draw_recipes(1, 5, generator)
    assert (index, rows.tolist()) == (0, [0, 1, 2, 3, 4])
    assert torch.equal(generator.get_state(), state)


def test_a_shared_start_is_checkpoint_0_of_all_runs_that_then_part() -> None:
    shared = initialise(LAYOUT, 1, seeded(5))
    arrays, _ = collected(shared=shared)
    np.testing.assert_array_equal(arrays["theta"][:, 0], shared.expand(14, -1).numpy())
    trained = [
        arrays["theta"][run, arrays["saved"][run] - 1] for run in range(14) if arrays["saved"][run] > 1
    ]
    assert len(trained) > 5
    assert len(np.unique(np.stack(trained), axis=0)) == len(trained)


def test_collection_repeats_to_the_byte_and_changes_with_the_seed() -> None:
    first, again, other = collected()[0], collected()[0], collected(seed=1)[0]
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
    assert first["theta"].tobytes() != other["theta"].tobytes()


def test_a_deletion_raises_the_losses_of_the_deleted_classes_alone() -> None:
    config = SMALL.model_copy(
        update={"deoptimisation": 1.0, "switch": (0.5, 0.5), "steps": 600, "checkpoints": 10}
    )
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


@pytest.mark.parametrize("kills", [[2], [31], [50, 20, 1]])
@pytest.mark.parametrize(
    ("rule", "others", "shared"), [("bins", OTHERS, False), ("bins", [], True), ("relaxed", OTHERS, False)]
)
def test_collection_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces,
    monkeypatch: pytest.MonkeyPatch,
    kills: list[int],
    rule: str,
    others: list[RecipeConfig],
    shared: bool,
) -> None:
    monkeypatch.setattr(collect, "_NETWORKS_AT_ONCE", 5)
    config = SMALL.model_copy(update={"admission": rule, "bin_cap": 0.2, "pivot_accuracy": 0.3, "steps": 30})
    recipe = RECIPE.model_copy(update={"momentum": 0.9, "weight_decay": 0.01})
    start = initialise(LAYOUT, 1, seeded(5)) if shared else None
    expected, decided = collected(config, start, recipe=recipe, others=others)
    assert sum(level.rejected for level in decided.counts().levels) > 0 or rule == "relaxed"
    arrays, admission = in_pieces(
        lambda resuming: collected(config, start, recipe=recipe, others=others, resuming=resuming), kills
    )
    assert admission.counts() == decided.counts()
    assert all(arrays[name].tobytes() == expected[name].tobytes() for name in expected)
