"""Noise, noise that is learned, tilted answers and dampening without a loss, against torch's own on one module."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.layout import Layout
from hyperforget.networks.training import constant_curriculum, train_population
from hyperforget.unlearning.methods import METHODS
from hyperforget.unlearning.rivals import lfssd, noise, unsir
from hyperforget.unlearning.rivals.descent import Pool, answers
from hyperforget.unlearning.rivals.finetuned import FINETUNE_STEPS, finetune_briefly
from hyperforget.unlearning.rivals.lfssd import sensitivities
from hyperforget.unlearning.rivals.noise import root_mean_squares
from hyperforget.unlearning.rivals.ssd import dampened
from hyperforget.unlearning.rivals.trew import TILT, similarities, tilted_logits
from hyperforget.unlearning.rivals.unsir import PENALTY, impairs, unlike, unsir_loss
from tests.unlearning.rivals.cases import (
    CLASSES,
    LAYOUTS,
    NETWORKS,
    ONE,
    RECIPE,
    TRAIN,
    TWO,
    assigned,
    generator,
    module_of,
    trained,
)

SHOWN = TWO[TRAIN.labels]
IMAGES, LABELS = TRAIN.images[SHOWN], TRAIN.labels[SHOWN]


@pytest.fixture(params=LAYOUTS, ids=str)
def layout(request: pytest.FixtureRequest) -> Layout:
    found: Layout = request.param
    return found


def test_noise_is_in_proportion_to_each_weight_and_bias(monkeypatch: pytest.MonkeyPatch, layout: Layout) -> None:
    monkeypatch.setattr(noise, "SCALES", (0.1,))
    originals = trained(layout)
    found = METHODS["noise"](assigned(originals)).params - originals.params
    drawn = torch.randn(originals.params.shape, generator=generator(2))
    for index in range(len(originals)):
        parts = [part.detach() for part in module_of(originals, index).parameters()]
        sizes = torch.cat([part.square().mean().sqrt().expand(part.numel()) for part in parts])
        torch.testing.assert_close(found[index], 0.1 * sizes * drawn[index], atol=1e-5, rtol=1e-3)


def test_parameters_of_one_magnitude_have_it_as_their_root_mean_square(layout: Layout) -> None:
    signs = torch.where(torch.rand(2, layout.size, generator=generator()) < 0.5, -3.0, 3.0)
    torch.testing.assert_close(root_mean_squares(signs, layout), signs.abs())


def test_every_network_answers_images_of_its_own(layout: Layout) -> None:
    originals = trained(layout)
    images = torch.randn(NETWORKS, 7, layout.inputs, generator=generator())
    found = answers(layout, layout.split(originals.params), images)
    for index in range(NETWORKS):
        expected = forward(originals[[index]], images[index])[0].T
        torch.testing.assert_close(found[index], expected, atol=1e-5, rtol=1e-5)


def test_noise_is_made_unlike_its_label_network_by_network(layout: Layout) -> None:
    originals, labels = trained(layout), torch.tensor([0, 2, 0, 2])
    start = torch.randn(NETWORKS, 4, layout.inputs, generator=generator())
    before = start.clone()
    found = unlike(originals, start, labels)
    assert torch.equal(start, before)
    for index in range(NETWORKS):
        module, images = module_of(originals, index), start[index].clone().requires_grad_()
        optimizer = torch.optim.Adam([images], lr=unsir.NOISE_RATE)
        for _ in range(unsir.NOISE_STEPS):
            optimizer.zero_grad()
            likeness = -F.cross_entropy(module(layout.images_of_modules(images)), labels)
            (likeness + PENALTY * images.square().sum(dim=1).mean()).backward()
            optimizer.step()
        torch.testing.assert_close(found[index], images.detach(), atol=5e-3, rtol=5e-3)
        with torch.no_grad():
            sure = F.cross_entropy(module(layout.images_of_modules(found[index])), labels)
            at_first = F.cross_entropy(module(layout.images_of_modules(start[index])), labels)
        assert sure > at_first


def test_networks_are_impaired_and_repaired_in_turns() -> None:
    assert [impairs(step, 2) for step in range(1, 9)] == [True, True, False, False] * 2
    originals = trained(LAYOUTS[0])
    pool = Pool.of(assigned(originals, TWO), ~TWO)
    labels = torch.tensor([0, 2])
    images = torch.randn(NETWORKS, 2, 6, generator=generator())
    loss = unsir_loss(images, labels, pool)
    impaired, repaired = (
        loss(lambda shown: answers(originals.layout, originals.layout.split(originals.params), shown), step)
        for step in (1, pool.epoch + 1)
    )
    draws = generator(2)
    for found, impairing in ((impaired, True), (repaired, False)):
        rows = torch.randint(len(pool.labels), (RECIPE.batch_size,), generator=draws)
        for index in range(NETWORKS):
            module = module_of(originals, index)
            expected = F.cross_entropy(module(pool.images[rows]), pool.labels[rows])
            if impairing:
                # Of two forgotten classes, each noise image has the label of its own.
                expected = (expected + F.cross_entropy(module(images[index]), labels)) / 2
            torch.testing.assert_close(found[index], expected.detach(), atol=1e-5, rtol=1e-4)


def test_forgotten_images_are_taught_retained_classes_by_likeness() -> None:
    originals = trained(LAYOUTS[0])
    taught = tilted_logits(originals, IMAGES, LABELS, TWO).softmax(dim=1)
    assert not taught[:, TWO].any()
    for index in range(NETWORKS):
        weight = originals.layout.split(originals.params)[-2][index]
        centred = weight - weight.mean(dim=0)
        alike = torch.stack(
            [torch.stack([F.cosine_similarity(one, other, dim=0) for other in centred]) for one in centred]
        )
        torch.testing.assert_close(similarities(originals)[index], alike, atol=1e-5, rtol=1e-5)
        likely = forward(originals[[index]], IMAGES)[0].softmax(dim=1)[:, ~TWO]
        expected = likely * (TILT * alike[LABELS][:, ~TWO]).exp()
        expected = expected / expected.sum(dim=1, keepdim=True)
        torch.testing.assert_close(taught[index].T[:, ~TWO], expected, atol=1e-5, rtol=1e-4)


def test_without_likeness_the_original_is_conditioned_on_retained_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperforget.unlearning.rivals.trew.TILT", 0.0)
    originals = trained(LAYOUTS[0])
    taught = tilted_logits(originals, IMAGES, LABELS, TWO).softmax(dim=1)
    likely = forward(originals, IMAGES)[..., ~TWO].softmax(dim=2)
    torch.testing.assert_close(taught[:, ~TWO], likely.transpose(1, 2), atol=1e-6, rtol=1e-5)


def test_tilting_forgets_a_class_and_keeps_the_others() -> None:
    found = forward(METHODS["trew"](assigned(trained(LAYOUTS[0]), ONE)), TRAIN.images).argmax(-1) == TRAIN.labels
    assert (found[:, ONE[TRAIN.labels]].float().mean(dim=1) < 0.1).all()
    assert (found[:, ~ONE[TRAIN.labels]].float().mean(dim=1) > 0.9).all()


def sensitivity_by_torch(networks: Networks, index: int, images: Tensor) -> Tensor:
    module, total = module_of(networks, index), torch.zeros(networks.layout.size)
    for image in images:
        module.zero_grad()
        module(networks.layout.images_of_modules(image.unsqueeze(0))).square().sum().backward()
        total += torch.cat([part.grad.flatten() for part in module.parameters() if part.grad is not None]).abs()
    return total / len(images)


def test_dampening_without_loss_is_that_of_one_image_at_a_time(monkeypatch: pytest.MonkeyPatch, layout: Layout) -> None:
    monkeypatch.setattr(lfssd, "SELECTIONS", (1.1,))
    monkeypatch.setattr("hyperforget.unlearning.rivals.ssd.DAMPENINGS", (0.5,))
    originals = trained(layout)
    found = METHODS["lfssd"](assigned(originals, TWO)).params
    of_all, of_forgotten = (sensitivity_by_torch(originals, 0, each) for each in (TRAIN.images, IMAGES))
    torch.testing.assert_close(sensitivities(originals[:1], IMAGES)[0], of_forgotten, atol=1e-4, rtol=1e-3)
    expected = dampened(originals.params[:1], of_all, of_forgotten, 1.1, 0.5)[0]
    near = (of_forgotten / (1.1 * of_all) - 1).abs() < 1e-3
    torch.testing.assert_close(found[0][~near], expected[~near], atol=1e-4, rtol=1e-3)
    assert not torch.equal(found, originals.params)


def test_sensitivities_depend_on_no_order_of_images() -> None:
    networks = trained(LAYOUTS[0])
    first, again = (sensitivities(networks, images) for images in (TRAIN.images, TRAIN.images.flip(0)))
    torch.testing.assert_close(first, again, atol=1e-4, rtol=1e-4)


def test_impairing_reads_no_forgotten_image() -> None:
    originals = trained(LAYOUTS[0])
    noisy = replace(TRAIN, images=torch.where(ONE[TRAIN.labels].unsqueeze(1), 100.0, TRAIN.images))
    found = METHODS["unsir"](assigned(originals, train=noisy)).params
    assert torch.equal(found, METHODS["unsir"](assigned(originals)).params)


@pytest.mark.parametrize("name", ["bias", "class-means", "damp"])
def test_what_costs_nothing_is_finetuned_as_originals_would_be(name: str) -> None:
    originals = trained(LAYOUTS[0])
    found = METHODS[f"{name}-finetuned"](assigned(originals))
    assignment = assigned(originals)
    starts = METHODS[name](assignment)
    shown = constant_curriculum((~ONE).float().expand(NETWORKS, CLASSES))
    recipe = RecipeConfig(**(RECIPE.model_dump() | {"steps": FINETUNE_STEPS}))
    expected = train_population(starts, TRAIN, recipe, shown, assignment.generator)
    assert torch.equal(found.params, expected.params)


def test_finetuning_of_checkpoints_reads_retained_images_alone() -> None:
    originals = trained(LAYOUTS[0])
    noisy = replace(TRAIN, images=torch.where(ONE[TRAIN.labels].unsqueeze(1), 100.0, TRAIN.images))
    assert torch.equal(
        finetune_briefly(assigned(originals, train=noisy)).params,
        METHODS["nearest-finetuned"](assigned(originals)).params,
    )
