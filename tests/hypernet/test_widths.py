"""One hypernetwork for several widths: the same parameters for all, told the width, normalised by laws of widths."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config.models import TrainingConfig
from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.hypernet import training
from hyperforget.hypernet.batches import draw_batch
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.spaces import TARGET_STD, fit_normalisation
from hyperforget.hypernet.training import Runs, TrainingData, TrainingSetup, train_hypernetwork
from hyperforget.hypernet.training_state import Trained
from hyperforget.hypernet.widths import SharedWeightSpace, fit_by_widths, width_scalars
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.permutations import permute_hidden
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from tests.hypernet.conftest import SMALL
from tests.hypernet.stopping import Stopped, Stopping

FOUR, NINE = PerceptronLayout((6, 4, 3)), PerceptronLayout((6, 9, 3))
DEEP, DEEPER = PerceptronLayout((6, 4, 5, 3)), PerceptronLayout((6, 9, 7, 3))
CONVOLUTIONS = ConvolutionalLayout((6, 6, 1), (2, 3), 3, 2, 4), ConvolutionalLayout((6, 6, 1), (5, 4), 3, 2, 4)
FAMILIES: dict[str, tuple[Layout, Layout]] = {
    "one layer": (FOUR, NINE),
    "two layers": (DEEP, DEEPER),
    "convolutional": CONVOLUTIONS,
}


def build(layouts: tuple[Layout, ...], conditioning: str = "dihyfo-1", random: bool = True) -> Hypernetwork:
    torch.manual_seed(0)
    model = Hypernetwork(layouts[0], conditioning, SMALL, Performance(), layouts)
    if random:
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def asked(layout: Layout, count: int = 3) -> tuple[Tensor, ...]:
    """Noised values, times, and performances of target and start, with the start between them."""
    generator = torch.Generator().manual_seed(1)

    def values(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    classes = layout.classes
    return (
        values(count, layout.size),
        values(count).sigmoid(),
        values(count, classes).abs(),
        values(count, layout.size),
        values(count, classes).abs(),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_for_another_layout_it_has_the_very_same_parameters(family: str) -> None:
    one, other = FAMILIES[family]
    model = build((one, other))
    variant = model.for_layout(other)
    own, of_variant = dict(model.named_parameters()), dict(variant.named_parameters())
    assert own.keys() == of_variant.keys()
    assert all(own[name] is of_variant[name] for name in own)
    assert model.state_dict().keys() == variant.state_dict().keys()
    assert variant.layout == other
    assert variant.learned_from == (one, other)
    assert model.for_layout(one) is model
    assert not variant.training
    predicted = variant(*asked(other))
    assert predicted.shape == (3, other.size)
    predicted.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_random_numbers_are_left_alone() -> None:
    model = build((FOUR, NINE))
    before = torch.get_rng_state()
    model.for_layout(NINE)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_equivariant_to_permutations_for_every_width(family: str) -> None:
    one, other = FAMILIES[family]
    model = build((one, other)).for_layout(other)
    noised, time, target, start, performance = asked(other)
    predicted = model(noised, time, target, start, performance)
    batches = [Networks(params, other) for params in (noised, start, predicted)]
    noised, start, expected = (each.params for each in permute_hidden(batches, torch.Generator().manual_seed(2)))
    torch.testing.assert_close(model(noised, time, target, start, performance), expected, atol=2e-5, rtol=1e-4)


def test_it_is_told_the_width() -> None:
    assert width_scalars(PerceptronLayout((6, 8, 16, 3))) == [0, pytest.approx(math.log(2))]
    family, alone = build((FOUR, NINE)), Hypernetwork(FOUR, "dihyfo-1", SMALL, Performance())
    per_scalar = 2 * SMALL.frequencies + 1
    of_family, of_alone = (
        model.state_dict()["denoiser.read_prompt.layers.0.weight"].shape[1] for model in (family, alone)
    )
    assert of_family == of_alone + per_scalar
    # All else being equal, another width is another prompt.
    before = family(*asked(FOUR))
    family.widths = width_scalars(NINE)
    assert (family(*asked(FOUR)) != before).any()


def test_one_that_learned_from_one_layout_is_asked_for_no_other() -> None:
    model = Hypernetwork(FOUR, "dihyfo-1", SMALL, Performance())
    assert model.for_layout(PerceptronLayout((6, 4, 3))) is model
    with pytest.raises(UserError, match=r"networks such as MLP 6-4-3, and is asked for MLP 6-9-3; allowed is one that"):
        model.for_layout(NINE)


@pytest.mark.parametrize("other", [DEEP, PerceptronLayout((5, 4, 3)), PerceptronLayout((6, 4, 2)), CONVOLUTIONS[0]])
def test_networks_that_differ_in_more_than_widths_are_refused(other: Layout) -> None:
    with pytest.raises(UserError, match="differ from these in the widths of hidden layers only"):
        build((FOUR, NINE)).for_layout(other)


def checkpoints(layout: Layout, count: int = 40) -> Tensor:
    return initialise(layout, count, torch.Generator().manual_seed(3)).params + 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_of_one_layout_the_normalisation_is_that_of_its_checkpoints(family: str) -> None:
    layout = FAMILIES[family][1]
    space = SharedWeightSpace(layout, SMALL)
    assert space.fit(checkpoints(layout)) == 1
    for found, expected in zip(
        (space.mean, space.scale), fit_normalisation(checkpoints(layout), layout, "units"), strict=True
    ):
        torch.testing.assert_close(found, expected)
    params = checkpoints(layout)
    torch.testing.assert_close(space.denormalise(space.normalise(params)), params)
    assert space.normalise(params).std() == pytest.approx(TARGET_STD, abs=0.05)


@pytest.mark.parametrize("family", FAMILIES)
def test_of_two_layouts_it_is_that_of_either(family: str) -> None:
    layouts = FAMILIES[family]
    space = SharedWeightSpace(layouts[0], SMALL)
    space.fit_each([(layout, checkpoints(layout)) for layout in layouts])
    for layout in layouts:
        of_layout = SharedWeightSpace(layout, SMALL)
        of_layout.load_state_dict(space.state_dict())
        mean, scale = fit_normalisation(checkpoints(layout), layout, "units")
        torch.testing.assert_close(of_layout.mean, mean, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(of_layout.scale, scale, atol=1e-5, rtol=1e-4)


def test_power_laws_of_widths_are_recovered_also_for_widths_never_seen() -> None:
    layouts = [PerceptronLayout((6, width, 3)) for width in (4, 7, 12)]

    def drawn(layout: Layout) -> Tensor:
        # Deviations of -1/2, -1 and 1/3 powers of the width, and means that are linear in its logarithm.
        width = layout.parameters[1].size
        incoming, bias, outgoing, output = (
            torch.randn(4000, *parameter.shape, generator=torch.Generator().manual_seed(index))
            for index, parameter in enumerate(layout.parameters)
        )
        return layout.join(
            [incoming * width**-0.5 + math.log(width), bias / width, outgoing * width ** (1 / 3), output]
        )

    space = SharedWeightSpace(layouts[0], SMALL)
    space.fit_each([(layout, drawn(layout)) for layout in layouts])
    for width in (5, 9, 30):
        never_seen = PerceptronLayout((6, width, 3))
        of_width = SharedWeightSpace(never_seen, SMALL)
        of_width.load_state_dict(space.state_dict())
        scales, means = (
            never_seen.split(values.unsqueeze(0)) for values in (of_width.scale * TARGET_STD, of_width.mean)
        )
        for found, expected in zip(scales, (width**-0.5, 1 / width, width ** (1 / 3), 1), strict=True):
            assert found.flatten().tolist() == pytest.approx([expected] * found.numel(), rel=0.05)
        assert means[0].mean().item() == pytest.approx(math.log(width), rel=0.02)


def test_between_two_widths_values_lie_between_theirs() -> None:
    values = torch.tensor([[0.0, 5.0], [1.0, -1.0]])
    coefficients = fit_by_widths(values, [FOUR, NINE])
    told = torch.tensor([1.0, math.log(6 / 8)])
    # Six is the geometric mean of four and nine.
    torch.testing.assert_close(coefficients @ told, torch.tensor([0.5, 2.0]))


def test_without_anything_to_tell_slopes_from_the_flattest_line_is_taken() -> None:
    same = fit_by_widths(torch.tensor([[2.0], [4.0]]), [FOUR, FOUR])
    torch.testing.assert_close(same, torch.tensor([[3.0, 0.0]]))
    # Both layers widen alike, so each has half of the slope.
    widened = fit_by_widths(
        torch.tensor([[0.0], [math.log(2)]]), [PerceptronLayout((6, 4, 4, 3)), PerceptronLayout((6, 8, 8, 3))]
    )
    assert widened[0, 1:].tolist() == pytest.approx([0.5, 0.5])


IMAGES = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(7)), torch.arange(40) % 3, 3)


def runs(layout: Layout) -> Runs:
    def corpus(count: int, seed: int) -> Corpus:
        generator = torch.Generator().manual_seed(seed)
        theta = initialise(layout, 4 * count, generator).params.unflatten(0, (count, 4))
        known = torch.ones(count, 4, 3, dtype=torch.bool)
        return Corpus(theta, torch.rand(count, 4, 3, generator=generator), known, torch.full((count,), 4))

    return Runs(layout, corpus(30, 0), corpus(10, 1))


def train(
    layouts: tuple[Layout, ...], resuming: Resuming = NOT_RESUMING, **options: Any
) -> tuple[Hypernetwork, Trained]:
    model = build(layouts, random=False)
    data = TrainingData([runs(layout) for layout in layouts], IMAGES)
    assert model.fit_space([(each.layout, each.seen.checkpoints()) for each in data.runs]) == 1
    config = {"steps": 8, "batch_size": 12, "warmup": 2, "snapshots": 2, "ema": 0.5, "matching_images": 4} | options
    setup = TrainingSetup(PROCESSES["ddpm"], TrainingConfig(precision="float32", **config))
    return model, train_hypernetwork(model, data, setup, torch.Generator().manual_seed(0), resuming)


@pytest.mark.pipeline
def test_every_layout_is_learned_from_and_the_history_tells_the_mean_error(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Layout] = []

    def recording(corpus: Corpus, process: Any, model: Hypernetwork, *others: Any) -> Any:
        drawn.append(model.layout)
        return draw_batch(corpus, process, model, *others)

    monkeypatch.setattr(training, "draw_batch", recording)
    monkeypatch.setattr(training, "_HISTORY_PAIRS", 512)
    model, trained = train((FOUR, NINE), steps=60, learning_rate=0.003)
    probes, steps = drawn[:4], drawn[4:]
    assert probes == [FOUR, FOUR, NINE, NINE]
    assert 15 < steps.count(FOUR) < 45
    assert len(steps) == 60
    assert list(trained.snapshots) == [30, 60]
    assert trained.history[-1].train_mse < trained.history[0].train_mse
    errors = []
    model.load_state_dict(trained.snapshots[60])
    for layout in (FOUR, NINE):
        batch = draw_batch(
            runs(layout).seen, PROCESSES["ddpm"], model.for_layout(layout), TrainingConfig(), 4000,
            torch.Generator().manual_seed(5),
        )  # fmt: skip
        with torch.no_grad():
            predicted = model.for_layout(layout)(
                batch.noised, batch.time, batch.target_performance, batch.start, batch.start_performance
            )
        errors.append(float((predicted - batch.clean).square().mean()))
    assert trained.history[-1].train_mse == pytest.approx(sum(errors) / 2, rel=0.1)


def test_what_was_learned_serves_widths_never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_HISTORY_PAIRS", 16)
    model, trained = train((FOUR, NINE))
    model.load_state_dict(trained.snapshots[8])
    scales = []
    for width in (4, 6, 9):
        variant = model.for_layout(PerceptronLayout((6, width, 3)))
        assert variant(*asked(variant.layout)).isfinite().all()
        assert isinstance(variant.space, SharedWeightSpace)
        scales.append(variant.layout.split(variant.space.scale.unsqueeze(0))[2].unique().item())
    # Of outgoing weights, which start smaller where there are more units.
    assert scales == sorted(scales, reverse=True)


@pytest.mark.pipeline
def test_stopped_at_any_step_it_goes_on_to_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_HISTORY_PAIRS", 16)
    expected = train((FOUR, NINE))[1]
    for step in (1, 4, 7):
        path = tmp_path / f"{step}.safetensors"
        with pytest.raises(Stopped):
            train((FOUR, NINE), Resuming(Stopping(path, step)))
        found = train((FOUR, NINE), Resuming(Stopping(path, 100)))[1]
        assert found.history == expected.history
        for at, weights in expected.snapshots.items():
            assert all(torch.equal(found.snapshots[at][name], value) for name, value in weights.items())
