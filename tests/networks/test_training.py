"""Training many networks at once against training each of them alone with torch's own optimiser."""

from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Answers, Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import (
    Curriculum,
    Hooks,
    constant_curriculum,
    example_weights,
    train_population,
    weighted_loss,
)
from tests.conftest import InPieces

LAYOUT = PerceptronLayout((5, 4, 3))
LABELS = torch.arange(60) % 3
IMAGES = torch.randn(60, 5, generator=torch.Generator().manual_seed(1)) + F.one_hot(LABELS, 5)
SPLIT = Split(IMAGES, LABELS, 3)
RECIPE = RecipeConfig(batch_size=12, learning_rate=0.2, momentum=0.0, weight_decay=0.0)
THOROUGH = RecipeConfig(batch_size=12, learning_rate=0.2, momentum=0.9, weight_decay=0.05)

ADAM = RecipeConfig(batch_size=12, optimizer="adam", learning_rate=0.02, weight_decay=0.0)
DECAYING_ADAM = ADAM.model_copy(update={"weight_decay": 0.05})


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def train(
    starts: Networks,
    steps: int,
    recipe: RecipeConfig = RECIPE,
    seed: int = 0,
    curriculum: Curriculum | None = None,
    split: Split = SPLIT,
    hooks: Hooks = Hooks(),  # noqa: B008
) -> Tensor:
    """Parameters of `train_population`, with everything shown unless told otherwise."""
    recipe = recipe.model_copy(update={"steps": steps})
    shown = curriculum or constant_curriculum(torch.ones(len(starts), 3))
    return train_population(starts, split, recipe, shown, seeded(seed), hooks).params


def start_of(count: int) -> Networks:
    """Some networks that start alike."""
    return Networks(initialise(LAYOUT, 1, seeded(0)).params.expand(count, -1), LAYOUT)


def train_one_by_one(starts: Networks, recipe: RecipeConfig, steps: int, curriculum: Curriculum) -> Tensor:
    """The same training in the plainest form, for the random numbers of seed 0."""
    networks = []
    for start in starts.params:
        networks.append(starts.layout.module())
        networks[-1].load_state_dict(starts.layout.state_dict(start))
    rule = torch.optim.Adam if recipe.optimizer == "adam" else partial(torch.optim.SGD, momentum=recipe.momentum)
    optimisers = [
        rule(network.parameters(), lr=recipe.learning_rate * factor, weight_decay=recipe.weight_decay)
        for network, factor in zip(networks, curriculum.learning_rates.tolist(), strict=True)
    ]
    generator = seeded(0)
    for step in range(steps):
        rows = torch.randint(len(LABELS), (recipe.batch_size,), generator=generator)
        uniform = torch.rand(len(networks), recipe.batch_size, generator=generator)
        for index, (network, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            rates = (curriculum.before if step < curriculum.switch[index] else curriculum.after)[index]
            drawn = (uniform[index] < recipe.share * rates[LABELS[rows]]).float()
            weights = drawn / drawn.sum() if drawn.any() else drawn
            losses = F.cross_entropy(
                network(starts.layout.images_of_modules(IMAGES[rows])), LABELS[rows], reduction="none"
            )
            optimiser.zero_grad()
            (losses * weights).sum().backward()
            optimiser.step()
    return torch.stack([nn.utils.parameters_to_vector(n.parameters()).detach() for n in networks])


@pytest.mark.parametrize(
    "recipe", [RECIPE, THOROUGH, ADAM, DECAYING_ADAM], ids=["plain", "momentum-decay", "adam", "adam-decay"]
)
@pytest.mark.parametrize(
    "layout",
    [PerceptronLayout((5, 4, 3)), PerceptronLayout((5, 4, 2, 3)), ConvolutionalLayout((1, 5, 1), (3, 2), 1, 1, 3)],
    ids=str,
)
def test_equals_training_one_by_one(layout: Layout, recipe: RecipeConfig) -> None:
    starts = initialise(layout, 4, seeded(2))
    rates = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.3, 0.0], [0.05, 0.0, 0.05], [1.0, 1.0, 1.0]])
    factors = torch.tensor([1.0, 0.5, 2.0, 1.4])
    curriculum = Curriculum(rates, rates.flip(0), torch.tensor([0, 4, 7, 100]), factors)
    trained = train(starts, 12, recipe, curriculum=curriculum)
    expected = train_one_by_one(starts, recipe, 12, curriculum)
    assert (trained - starts.params).abs().max() > 0.1
    torch.testing.assert_close(trained, expected, rtol=0, atol=1e-5)


def test_networks_with_a_common_start_differ_by_the_examples_that_they_draw() -> None:
    starts = start_of(3)
    trained = train(starts, 5)
    assert all((trained[a] - trained[b]).abs().max() > 1e-3 for a, b in ((0, 1), (0, 2), (1, 2)))
    # All of them are one network as soon as each draws the whole minibatch.
    together = train(starts, 5, RECIPE.model_copy(update={"share": 1.0}))
    torch.testing.assert_close(together[1:], together[:1].expand(2, -1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("recipe", [THOROUGH, ADAM], ids=["sgd", "adam"])
def test_training_repeats_to_the_byte_and_changes_with_the_seed(recipe: RecipeConfig) -> None:
    starts = initialise(LAYOUT, 3, seeded(0))
    first = train(starts, 5, recipe)
    assert first.numpy().tobytes() == train(starts, 5, recipe).numpy().tobytes()
    assert not torch.equal(first, train(starts, 5, recipe, seed=1))


def test_few_inputs_are_multiplied_in_float32_unless_told_otherwise() -> None:
    trained = {
        precision: train(start_of(2), 20, RECIPE.model_copy(update={"precision": precision}))
        for precision in ("auto", "float32", "bfloat16")
    }
    assert torch.equal(trained["auto"], trained["float32"])
    assert not torch.equal(trained["bfloat16"], trained["float32"])
    # bfloat16 has eight bits, and rounding errors of many steps partly cancel out.
    torch.testing.assert_close(trained["bfloat16"], trained["float32"], atol=0.02, rtol=0.02)


@pytest.mark.parametrize("computes", [True, False])
def test_many_inputs_are_multiplied_in_bfloat16_where_the_processor_does(
    monkeypatch: pytest.MonkeyPatch, computes: bool
) -> None:
    monkeypatch.setattr("hyperforget.runtime.device.multiplies_in_bfloat16", lambda device: computes)
    images = torch.randn(60, 256, generator=seeded(1)) / 16
    split, layout = Split(images, LABELS, 3), PerceptronLayout((256, 4, 3))
    auto, single = (
        train(initialise(layout, 2, seeded(0)), 5, RECIPE.model_copy(update={"precision": precision}), split=split)
        for precision in ("auto", "float32")
    )
    assert torch.equal(auto, single) is not computes
    assert auto.dtype == torch.float32


def test_training_leaves_its_starts_and_the_global_generator_alone() -> None:
    starts = initialise(LAYOUT, 2, seeded(0))
    before, state = starts.params.clone(), torch.get_rng_state()
    train(starts, 3)
    assert torch.equal(starts.params, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_step_is_proportional_to_the_learning_rate_of_the_network() -> None:
    starts = start_of(3)
    recipe = RECIPE.model_copy(update={"share": 1.0})
    curriculum = replace(constant_curriculum(torch.ones(3, 3)), learning_rates=torch.tensor([1.0, 0.25, 3.0]))
    moved = train(starts, 1, recipe, curriculum=curriculum) - starts.params
    assert moved[0].abs().max() > 1e-2
    torch.testing.assert_close(moved[1], 0.25 * moved[0], rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(moved[2], 3 * moved[0], rtol=1e-3, atol=1e-6)


def test_a_deleted_class_has_no_influence_on_training() -> None:
    starts = initialise(LAYOUT, 4, seeded(0))
    curriculum = constant_curriculum(torch.tensor([1.0, 1.0, 0.0]).expand(4, -1))
    expected = train(starts, 6, curriculum=curriculum)
    altered = replace(SPLIT, images=torch.where((LABELS == 2).unsqueeze(1), 100.0, IMAGES))
    assert torch.equal(train(starts, 6, curriculum=curriculum, split=altered), expected)
    assert not torch.allclose(train(starts, 6, split=altered), expected, atol=1e-3)


def test_a_network_that_is_shown_nothing_stays() -> None:
    starts = initialise(LAYOUT, 2, seeded(0))
    curriculum = constant_curriculum(torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    trained = train(starts, 4, curriculum=curriculum)
    assert torch.equal(trained[0], starts.params[0])
    assert not torch.equal(trained[1], starts.params[1])


def test_the_curriculum_switches_at_its_step_for_each_network() -> None:
    before, after = torch.zeros(3, 2), torch.ones(3, 2)
    curriculum = Curriculum(before, after, torch.tensor([0, 2, 5]), torch.ones(3))
    shown = [curriculum.rates(step)[:, 0].tolist() for step in range(6)]
    assert shown == [[1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0], [1, 1, 1]]


def test_training_takes_as_many_steps_before_the_switch_as_it_says() -> None:
    starts = initialise(LAYOUT, 2, seeded(0))
    nothing, everything = torch.zeros(2, 3), torch.ones(2, 3)
    shown = Curriculum(everything, nothing, torch.tensor([3, 10]), torch.ones(2))
    after_three, after_ten = train(starts, 3), train(starts, 10)
    trained = train(starts, 10, curriculum=shown)
    assert torch.equal(trained[0], after_three[0])
    assert torch.equal(trained[1], after_ten[1])


def test_observers_see_copies_at_their_steps() -> None:
    starts = initialise(LAYOUT, 2, seeded(0))
    seen: dict[int, Networks] = {}
    final = train(starts, 6, THOROUGH, hooks=Hooks(seen.__setitem__, frozenset({2, 5, 6})))
    assert list(seen) == [2, 5, 6]
    assert torch.equal(seen[6].params, final)
    assert torch.equal(seen[2].params, train(starts, 2, THOROUGH))
    assert torch.equal(seen[5].params, train(starts, 5, THOROUGH))


def test_example_weights_are_equal_among_the_drawn_and_sum_to_one_or_to_nothing() -> None:
    labels = torch.randint(3, (40,), generator=seeded(0))
    rates = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.1, 0.0], [0.0, 0.0, 0.0], [0.01, 0.01, 0.01]])
    for seed in range(20):
        weights = example_weights(labels, rates, 0.5, seeded(seed))
        assert weights.shape == (4, 40)
        for row in weights:
            drawn = row > 0
            assert row[drawn].tolist() == pytest.approx([1 / max(int(drawn.sum()), 1)] * int(drawn.sum()))
        assert weights[1, labels == 2].eq(0).all()
        assert weights[2].eq(0).all()


def test_examples_are_drawn_at_the_rate_of_their_class() -> None:
    labels = torch.arange(3).repeat(200)
    rates = torch.tensor([1.0, 0.4, 0.0]).expand(100, -1)
    drawn = example_weights(labels, rates, 0.5, seeded(0)) > 0
    shares = [drawn[:, labels == label].double().mean().item() for label in range(3)]
    # Four standard deviations of 20,000 draws.
    assert shares == pytest.approx([0.5, 0.2, 0.0], abs=4 * (0.25 / 20000) ** 0.5)
    assert shares[2] == 0


def test_weighted_loss_sums_cross_entropies() -> None:
    logits = 5 * torch.randn(4, 3, 10, generator=seeded(0))
    labels = torch.randint(3, (10,), generator=seeded(1))
    weights = torch.rand(4, 10, generator=seeded(2))
    losses = [F.cross_entropy(network.T, labels, reduction="none") for network in logits]
    expected = sum((loss * row).sum() for loss, row in zip(losses, weights, strict=True))
    torch.testing.assert_close(weighted_loss(logits, labels, weights), expected)


@pytest.mark.parametrize("recipe", [THOROUGH, DECAYING_ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("kills", [[2], [3], [4, 4, 4], [11, 8]])
def test_training_that_is_killed_time_and_again_ends_as_if_it_never_was(
    in_pieces: InPieces, recipe: RecipeConfig, kills: list[int]
) -> None:
    starts = initialise(LAYOUT, 3, seeded(0))
    curriculum = Curriculum(torch.ones(3, 3), torch.full((3, 3), 0.2), torch.tensor([0, 5, 9]), torch.ones(3))
    trained = in_pieces(
        lambda resuming: train(starts, 20, recipe, curriculum=curriculum, hooks=Hooks(resuming=resuming)),
        kills,
    )
    assert torch.equal(trained, train(starts, 20, recipe, curriculum=curriculum))


def test_groups_are_left_out_and_classes_are_learned() -> None:
    """Rates are those of four groups, each of which has images of all three classes."""
    groups = torch.arange(60) % 4
    grouped = Split(IMAGES, groups, 4, Answers(LABELS, 3))
    rates = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]])
    found = train(start_of(2), 30, curriculum=constant_curriculum(rates), split=grouped)
    # Nothing left out, they learn what they learn of classes alone.
    torch.testing.assert_close(found[0], train(start_of(2), 30)[0])
    # What is left out need not be what it is.
    changed = Split(torch.where((groups == 1).unsqueeze(1), 9.0, IMAGES), groups, 4, Answers(LABELS, 3))
    again = train(start_of(2), 30, curriculum=constant_curriculum(rates), split=changed)
    torch.testing.assert_close(again[1], found[1])
    assert not torch.allclose(again[0], found[0])
