"""Training on a small corpus: schedule, weights of pairs, snapshots, averaging, and what is left alone."""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.collection.pairs import Pairs, draw_pairs
from hyperforget.config import TrainingConfig
from hyperforget.config.performance import Metric, Performance
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.hypernet import batches, training
from hyperforget.hypernet.batches import Batch, draw_batch, pair_weights, recombine
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.loss_matching import (
    DrawnImages,
    draw_images,
    group_by_class,
    performance_errors,
    performance_on,
    with_wanted,
)
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.spaces import SPACES, Subspace
from hyperforget.hypernet.training import (
    Runs,
    TrainingData,
    TrainingSetup,
    learning_rate_factor,
    train_hypernetwork,
)
from hyperforget.hypernet.training_state import Trained
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.layout import Layout
from hyperforget.runtime.device import computes_in_bfloat16
from tests.hypernet.conftest import told_by

pytestmark = pytest.mark.pipeline

Build = Callable[..., Hypernetwork]
Make = Callable[..., Corpus]
Train = Callable[..., tuple[Trained, Hypernetwork]]

SHORT = {
    "steps": 12, "batch_size": 16, "warmup": 3, "snapshots": 3, "ema": 0.9, "precision": "float32",
    "loss_matching": 0.0, "matching_images": 8,
}  # fmt: skip
LONGER = {"steps": 25, "batch_size": 32, "learning_rate": 0.02, "warmup": 3, "ema": 0.7}
CPU = torch.device("cpu")
POINTS = 6
IMAGES = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(7)), torch.arange(40) % 4, 4)


@pytest.fixture
def train(build: Build, make_corpus: Make, monkeypatch: pytest.MonkeyPatch) -> Train:
    """``train(conditioning, seed=0, **training)`` on the small corpus; what was trained, and its model.

    It is told class losses, or their mean, or ``told``.
    """
    monkeypatch.setattr(training, "_HISTORY_PAIRS", 64)
    monkeypatch.setattr(training, "_HISTORY_POINTS", POINTS)

    def run(
        conditioning: str = "dihyfo-1",
        process: str = "ddpm",
        space: str = "weights",
        seed: int = 0,
        seen: Corpus | None = None,
        unseen: Corpus | None = None,
        told: Performance | None = None,
        holdout: Sequence[tuple[int, ...]] = (),
        **options: object,
    ) -> tuple[Trained, Hypernetwork]:
        performance = told or told_by(conditioning)
        model = build(conditioning, space=space, random=False, performance=performance, layers=1)
        config = TrainingConfig.model_validate(SHORT | options)
        generator = torch.Generator().manual_seed(seed)
        corpus = {"told": performance, "shared": space == "subspace"}
        seen = make_corpus(**corpus) if seen is None else seen
        model.space.fit(seen.checkpoints())
        unseen = make_corpus(10, seed=1, **corpus) if unseen is None else unseen
        data, setup = (
            TrainingData([Runs(model.layout, seen, unseen)], IMAGES, holdout),
            TrainingSetup(PROCESSES[process], config),
        )
        return train_hypernetwork(model, data, setup, generator), model

    return run


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (10, 0), (10, 3), (100, 100), (1600, 100)])
def test_the_learning_rate_rises_linearly_and_falls_as_a_cosine(steps: int, warmup: int) -> None:
    config = TrainingConfig(steps=steps, warmup=warmup)
    factors = [learning_rate_factor(step, config) for step in range(steps + 1)]
    for step, factor in enumerate(factors):
        rising = (step + 1) / warmup if step + 1 < warmup else 1
        assert factor == pytest.approx(rising * math.cos(math.pi * step / steps / 2) ** 2, abs=1e-12)
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[-1] == pytest.approx(0, abs=1e-12)


def test_uniform_weights_are_ones() -> None:
    clean = torch.randn(6, 9)
    assert torch.equal(pair_weights(clean, torch.randn(6, 9), "uniform"), torch.ones(6))
    assert torch.equal(pair_weights(clean, None, "relative"), torch.ones(6))


def test_relative_weights_divide_by_the_change_and_have_mean_one() -> None:
    clean = torch.zeros(3, 4)
    start = torch.tensor([[0.0], [0.1], [2.0]]).expand(3, 4)
    weights = pair_weights(clean, start, "relative")
    expected = torch.tensor([1 / 0.02, 1 / (0.01 + 0.02), 1 / (4 + 0.02)])
    torch.testing.assert_close(weights, expected / expected.mean())
    assert float(weights.mean()) == pytest.approx(1)


@pytest.mark.parametrize("steps", [1, 5, 6, 19])
def test_history_and_snapshots_are_evenly_spaced_and_hold_the_end(train: Train, steps: int) -> None:
    trained, _ = train(steps=steps, snapshots=5, batch_size=2)
    for moments, most in ((list(trained.snapshots), 5), ([point.step for point in trained.history], POINTS)):
        assert len(moments) == min(most, steps)
        assert moments == sorted(set(moments))
        assert moments[-1] == steps
        gaps = [later - earlier for earlier, later in zip([0, *moments], moments, strict=False)]
        assert max(gaps) - min(gaps) <= 1


def test_the_history_holds_finite_errors_and_the_next_learning_rate(train: Train) -> None:
    trained, _ = train(learning_rate=0.01)
    config = TrainingConfig.model_validate(SHORT)
    for point in trained.history:
        assert math.isfinite(point.train_mse)
        assert math.isfinite(point.test_mse)
        assert point.learning_rate == pytest.approx(0.01 * learning_rate_factor(point.step, config), abs=1e-9)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("space", SPACES)
def test_errors_fall_on_seen_and_on_unseen_runs(
    train: Train, monkeypatch: pytest.MonkeyPatch, conditioning: str, process: str, space: str
) -> None:
    # The first of as many is after a single step.
    monkeypatch.setattr(training, "_HISTORY_POINTS", LONGER["steps"])
    trained, _ = train(conditioning, process, space, **LONGER)
    first, last = trained.history[0], trained.history[-1]
    assert last.train_mse < 0.8 * first.train_mse
    assert last.test_mse < 0.9 * first.test_mse


@torch.no_grad()
def generated(model: Hypernetwork, batch: Batch) -> Tensor:
    """The networks (B, P) that the model predicts for a batch."""
    return model.space.denormalise(training._predict(model, batch), batch.network)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_loss_matching_brings_class_losses_closer(
    train: Train, make_corpus: Make, conditioning: str, layout: Layout
) -> None:
    """On the same pairs, with the same images, the networks predicted have losses nearer to the checkpoints'."""
    images = draw_images(group_by_class(IMAGES), 8, torch.Generator().manual_seed(0))
    errors = []
    for weight in (0.0, 10.0):
        _, model = train(conditioning, **LONGER, loss_matching=weight)
        corpus = make_corpus(conditioning=conditioning)
        batch = draw_batch(corpus, PROCESSES["ddpm"], model, TrainingConfig(), 256, torch.Generator().manual_seed(4))
        found, wanted = (
            performance_on(params, Performance(), layout, images) for params in (generated(model, batch), batch.target)
        )
        errors.append(float(performance_errors(found, wanted, layout.classes)[0].mean()))
    assert errors[1] < 0.8 * errors[0]


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
def test_discriminability_matching_brings_discriminability_closer(
    train: Train, make_corpus: Make, conditioning: str, layout: Layout
) -> None:
    images = draw_images(group_by_class(IMAGES), 50, torch.Generator().manual_seed(0))
    errors, told = [], told_by(conditioning, "discriminability")
    for weight in (0.0, 20.0):
        options = {"loss_matching": 1e-6, "discriminability_matching": weight, "matching_images": 50, "recombined": 0.0}
        _, model = train(conditioning, told=told, **(LONGER | options))
        corpus = make_corpus(told=told)
        batch = draw_batch(corpus, PROCESSES["ddpm"], model, TrainingConfig(), 256, torch.Generator().manual_seed(4))
        found, wanted = (
            performance_on(params, told, layout, images) for params in (generated(model, batch), batch.target)
        )
        errors.append(float(performance_errors(found, wanted, layout.classes)[1].mean()))
    assert errors[1] < 0.9 * errors[0]


def test_a_model_that_is_told_losses_alone_matches_no_discriminability(train: Train) -> None:
    one, other = (train(loss_matching=1.0, discriminability_matching=weight)[0] for weight in (0.0, 9.0))
    assert one.history == other.history
    assert all(torch.equal(value, other.snapshots[12][name]) for name, value in one.snapshots[12].items())


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
def test_recombined_prompts_are_obeyed_better_by_a_model_that_has_seen_some(
    train: Train, make_corpus: Make, conditioning: str, layout: Layout
) -> None:
    images = draw_images(group_by_class(IMAGES), 8, torch.Generator().manual_seed(0))
    corpus = make_corpus(conditioning=conditioning)
    # Output biases of two classes rise where those of the others fall: no checkpoint shows one class alone.
    heights = 2 * torch.randn(*corpus.all_theta.shape[:2], 1, generator=torch.Generator().manual_seed(3))
    theta = corpus.all_theta[:1, :1] + 0.05 * corpus.all_theta.nan_to_num()
    theta[..., -layout.classes :] += heights * torch.tensor([1.0, -1.0, 1.0, -1.0])
    losses = performance_on(theta.flatten(0, 1), Performance(), layout, images)
    corpus = replace(corpus, all_theta=theta, performance=losses.reshape(corpus.performance.shape))
    errors = []
    for share in (0.0, 0.9):
        _, model = train(
            conditioning,
            **(LONGER | {"steps": 35, "batch_size": 64, "learning_rate": 0.04}),
            seen=corpus,
            loss_matching=10.0,
            recombined=share,
        )
        generator = torch.Generator().manual_seed(4)
        batch = draw_batch(corpus, PROCESSES["ddpm"], model, TrainingConfig(), 256, generator)
        batch = recombine(with_wanted(batch, Performance(), layout, images), 1.0, [], generator)
        found = performance_on(generated(model, batch), Performance(), layout, images)
        assert batch.wanted is not None
        errors.append(float(performance_errors(found, batch.wanted, layout.classes)[0].mean()))
    assert errors[1] < 0.97 * errors[0]


@pytest.mark.parametrize("also", [(), ("discriminability",)])
def test_of_a_recombined_pair_each_class_counts_as_in_the_checkpoint_that_it_is_asked_of(
    train: Train, make_corpus: Make, layout: Layout, also: tuple[Metric, ...]
) -> None:
    told = Performance(also=also)
    _, model = train("dihyfo-2", steps=1, told=told)
    config = TrainingConfig(loss_matching=1.0, discriminability_matching=0.5)
    images = draw_images(group_by_class(IMAGES), 8, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(4)
    batch = draw_batch(make_corpus(told=told), PROCESSES["ddpm"], model, config, 8, generator)
    own = performance_on(batch.target, told, layout, images)
    drawn = with_wanted(batch, told, layout, images)
    assert drawn.wanted is not None
    assert torch.equal(drawn.wanted, own)
    batch = recombine(drawn, 0.5, [], generator)
    asked = ~batch.answered
    assert 0 < asked.sum() <= 4
    predicted = torch.randn(batch.clean.shape, generator=generator)

    def errors(**changed: Tensor) -> Tensor:
        return training._errors(predicted, replace(batch, **changed), model, images, config)

    assert torch.equal(errors(clean=batch.clean + 1) != errors(), ~asked)
    # The prompt was measured on other images; what answers it is measured on these.
    assert torch.equal(errors(target_performance=batch.target_performance + 1), errors())
    found = performance_on(model.space.denormalise(predicted, None), told, layout, images)
    wanted = own.clone()
    for row in asked.nonzero().flatten().tolist():
        moved = batch.target_performance[row] != drawn.target_performance[row]
        (partner,) = (batch.target_performance[row] == drawn.target_performance)[:, moved].all(dim=1).nonzero()
        wanted[row] = torch.where(moved, own[partner[0]], own[row])
    losses, discriminable = performance_errors(found, wanted, layout.classes)
    torch.testing.assert_close(errors()[asked], (losses + 0.5 * discriminable)[asked])
    assert bool(discriminable.any()) == bool(also)


def test_training_asks_for_no_state_of_a_held_out_set(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every set of classes is held out, no pair can be asked for anything but its own."""
    answered: list[bool] = []

    def errors(
        predicted: Tensor, batch: Batch, model: Hypernetwork, images: DrawnImages | None, config: TrainingConfig
    ) -> Tensor:
        answered.extend(batch.answered.tolist())
        return reckon(predicted, batch, model, images, config)

    reckon = training._errors
    monkeypatch.setattr(training, "_errors", errors)
    told = told_by("dihyfo-1", "discriminability")
    every = [classes for size in range(5) for classes in itertools.combinations(range(4), size)]
    for holdout, share in (([], 0.5), (every, 0.0)):
        answered.clear()
        train(told=told, loss_matching=1.0, recombined=0.5, holdout=holdout)
        assert len(answered) == 12 * 16
        asked = 1 - sum(answered) / len(answered)
        # One in sixteen is swapped nowhere.
        assert asked == pytest.approx(share * 15 / 16, abs=0.06 if share else 0)


@pytest.mark.parametrize(("conditioning", "loss_matching"), [("gpt", 1.0), ("dihyfo-1", 0.0)])
def test_one_number_and_training_without_loss_matching_have_nothing_to_recombine(
    train: Train, conditioning: str, loss_matching: float
) -> None:
    weights = []
    for share in (0.0, 0.9):
        trained, _ = train(conditioning, loss_matching=loss_matching, recombined=share)
        weights.append(trained.snapshots[12])
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_in_the_subspace_losses_are_matched_on_the_networks_that_are_handed_over(
    train: Train, monkeypatch: pytest.MonkeyPatch, conditioning: str
) -> None:
    """What lies outside of the subspace is the start's, of a model that reads one, and else the mean's."""
    pairs: list[Pairs] = []
    networks: list[Tensor] = []

    def draw(corpus: Corpus, count: int, from_start: float, generator: torch.Generator) -> Pairs:
        pairs.append(draw_pairs(corpus, count, from_start, generator))
        return pairs[-1]

    def perform(params: Tensor, performance: Performance, layout: Layout, images: DrawnImages) -> Tensor:
        if params.requires_grad:
            networks.append(params)
        return performance_on(params, performance, layout, images)

    monkeypatch.setattr(batches, "draw_pairs", draw)
    monkeypatch.setattr(training, "performance_on", perform)
    _, model = train(conditioning, space="subspace", loss_matching=1.0)
    assert len(networks) == 12
    assert isinstance(model.space, Subspace)
    outside = torch.eye(59) - model.space.components.T @ model.space.components
    # The first two draws are for the history.
    for drawn, predicted in zip(pairs[2:], networks, strict=True):
        kept = drawn.start if model.conditioning.uses_start else model.space.mean
        torch.testing.assert_close(predicted @ outside, (kept @ outside).expand_as(predicted), atol=1e-5, rtol=1e-4)


def test_unseen_runs_are_measured_and_not_trained_on(train: Train, make_corpus: Make) -> None:
    plain, _ = train("dihyfo-2")
    unseen = make_corpus(10, seed=1)
    other, _ = train("dihyfo-2", unseen=replace(unseen, all_theta=unseen.all_theta + 10))
    for found, expected in zip(other.history, plain.history, strict=True):
        assert found.train_mse == expected.train_mse
        assert found.test_mse > expected.test_mse + 1


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_the_same_seed_gives_the_same_weights(train: Train, conditioning: str) -> None:
    one, _ = train(conditioning)
    torch.rand(5)  # moves torch's global generator, which must not matter
    same, _ = train(conditioning)
    other, _ = train(conditioning, seed=1)
    assert one.history == same.history
    assert list(one.snapshots) == list(same.snapshots)
    for step, weights in one.snapshots.items():
        assert all(torch.equal(value, same.snapshots[step][name]) for name, value in weights.items())
    last = max(other.snapshots)
    assert any(not torch.equal(value, other.snapshots[last][name]) for name, value in one.snapshots[last].items())


def test_snapshots_hold_the_moving_average_of_the_weights(train: Train) -> None:
    trained, model = train(ema=0.0, snapshots=12)
    averaged, same = train(ema=0.9, snapshots=12)
    raw = list(trained.snapshots.values())
    expected = {name: value.clone() for name, value in raw[0].items()}
    for weights, found in zip(raw, averaged.snapshots.values(), strict=True):
        for name, value in weights.items():
            expected[name] = 0.9 * expected[name] + 0.1 * value
            torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=1e-5)
    for name, value in model.state_dict().items():
        assert torch.equal(value, raw[-1][name])
        assert torch.equal(value, same.state_dict()[name])


def test_snapshots_are_copies(train: Train) -> None:
    snapshots = list(train()[0].snapshots.values())
    name = "denoiser.transformer.norm.weight"
    assert not torch.equal(snapshots[0][name], snapshots[1][name])


def test_the_start_and_its_losses_are_hidden_from_a_model_that_reads_none(
    train: Train, make_corpus: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = train("dihyfo-2")

    def draw_other_starts(corpus: Corpus, count: int, from_start: float, generator: torch.Generator) -> Pairs:
        pairs = draw_pairs(corpus, count, from_start, generator)
        return replace(pairs, start=pairs.start + 1, start_performance=pairs.start_performance + 1)

    monkeypatch.setattr(batches, "draw_pairs", draw_other_starts)
    assert train("dihyfo-2")[0].history == one.history
    assert train("dihyfo-1")[0].history != one.history


@pytest.mark.parametrize("permute", [False, True])
def test_permutation_reorders_pairs_jointly_and_leaves_functions_unchanged(
    build: Build, make_corpus: Make, layout: Layout, permute: bool
) -> None:
    model = build("dihyfo-1")
    images = torch.randn(20, 6, generator=torch.Generator().manual_seed(5))

    def draw(permute: bool) -> tuple[Tensor, Tensor, Tensor]:
        config = TrainingConfig(permute=permute)
        generator = torch.Generator().manual_seed(0)
        batch = draw_batch(make_corpus(), PROCESSES["ddpm"], model, config, 32, generator)
        assert batch.start is not None
        return batch.start, batch.clean, batch.target_performance

    start, clean, losses = draw(permute)
    plain_start, plain_clean, plain_losses = draw(False)
    assert torch.equal(losses, plain_losses)
    assert torch.equal(clean, plain_clean) != permute
    # The third is a network too, and only a common order leaves its function as it was.
    pairs = ((start, plain_start), (clean, plain_clean), (clean - start, plain_clean - plain_start))
    for params, plain in pairs:
        found, expected = (forward(Networks(each, layout), images) for each in (params, plain))
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_training_with_permutation_runs_and_differs(build: Build, train: Train) -> None:
    permuted, _ = train(permute=True)
    plain, _ = train(permute=False)
    assert math.isfinite(permuted.history[-1].train_mse)
    assert permuted.history != plain.history


def test_bfloat16_trains_in_bfloat16_and_keeps_float32_weights(train: Train) -> None:
    half, model = train(precision="bfloat16")
    full, _ = train(precision="float32")
    assert math.isfinite(half.history[-1].train_mse)
    assert half.history != full.history
    assert half.history[-1].train_mse == pytest.approx(full.history[-1].train_mse, rel=0.05)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert {value.dtype for value in half.snapshots[12].values()} == {torch.float32}


def test_precision_is_as_asked_or_what_the_processor_can() -> None:
    assert computes_in_bfloat16("bfloat16", CPU)
    assert not computes_in_bfloat16("float32", CPU)
    assert isinstance(computes_in_bfloat16("auto", CPU), bool)


def test_squared_gradients_are_averaged_as_configured(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    step = torch.optim.AdamW.step

    def note(self: torch.optim.AdamW, *arguments: Any) -> Any:
        given.append(self.param_groups[0]["betas"])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", note)
    train(steps=2, second_moment_decay=0.9375)
    assert set(given) == {(0.9, 0.9375)}


def test_gradients_are_clipped(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    norms = []
    clip_grad_norm_ = torch.nn.utils.clip_grad_norm_

    def clip(parameters: Iterable[Tensor], limit: float) -> Tensor:
        clipped = list(parameters)
        before = clip_grad_norm_(clipped, limit)
        norms.append(float(torch.cat([each.grad.flatten() for each in clipped if each.grad is not None]).norm()))
        return before

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
    train(clip=1e-3)
    assert len(norms) == 12
    assert max(norms) <= 1.001e-3


@pytest.mark.parametrize("learning_rate", [1e3, 1e30])
@pytest.mark.parametrize("conditioning", ["dihyfo-1", "gpt"])
def test_a_hypernetwork_that_diverges_is_said_to(train: Train, conditioning: str, learning_rate: float) -> None:
    message = r"^the hypernetwork diverged: at step \d+ of 12 .* lower training.learning_rate .* "
    with pytest.raises(UserError, match=message + re.escape(f"{learning_rate:g},")):
        train(conditioning, learning_rate=learning_rate)
