"""Descents of many networks at once, against torch's own optimisers on one module."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.rivals.descent import Answer, Grid, Pool, Schedule, descend
from hyperforget.unlearning.rivals.losses import cross_entropies, divergences
from tests.unlearning.rivals.cases import LAYOUTS, ONE, RECIPE, TRAIN, assigned, flat, generator, module_of, trained

SGD = RECIPE.model_copy(update={"momentum": 0.9, "weight_decay": 0.01})
ADAM = RECIPE.model_copy(update={"optimizer": "adam", "learning_rate": 0.01})


def optimizer_of(recipe: RecipeConfig, rate: float) -> Callable[[object], torch.optim.Optimizer]:
    def build(parameters: object) -> torch.optim.Optimizer:
        if recipe.optimizer == "adam":
            return torch.optim.Adam(parameters, rate * recipe.learning_rate, weight_decay=recipe.weight_decay)  # type: ignore[arg-type]
        return torch.optim.SGD(
            parameters,  # type: ignore[arg-type]
            rate * recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )

    return build


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("recipe", [SGD, ADAM], ids=["sgd", "adam"])
def test_every_network_descends_as_it_would_alone_in_torch(layout: Layout, recipe: RecipeConfig) -> None:
    originals = trained(layout)
    before = originals.params.clone()
    pool = Pool.of(assigned(originals, recipe=recipe), ONE)

    def loss(answer: Answer, step: int) -> Tensor:
        images, labels = pool.draw()
        return cross_entropies(answer(images), labels) * (1 if step % 2 else -0.1)

    found = list(descend(originals, recipe, loss, Schedule(0.5, (2, 5))))
    assert torch.equal(originals.params, before)
    for index in range(len(originals)):
        module, draws = module_of(originals, index), generator(2)
        optimizer = optimizer_of(recipe, 0.5)(module.parameters())
        images, labels = TRAIN.images[ONE[TRAIN.labels]], TRAIN.labels[ONE[TRAIN.labels]]
        for step in range(1, 6):
            rows = torch.randint(20, (32,), generator=draws)
            alone = F.cross_entropy(module(layout.images_of_modules(images[rows])), labels[rows])
            optimizer.zero_grad()
            (alone * (1 if step % 2 else -0.1)).backward()
            optimizer.step()
            if step in (2, 5):
                torch.testing.assert_close(found[step == 5].params[index], flat(module), atol=1e-4, rtol=1e-4)


def test_what_is_not_trained_keeps_every_bit() -> None:
    originals = trained(LAYOUTS[0])
    mask = torch.rand(originals.params.shape, generator=generator()) < 0.5

    def loss(answer: Answer, step: int) -> Tensor:
        return cross_entropies(answer(TRAIN.images), TRAIN.labels)

    # Momentum and the penalty move what has no gradient.
    (found,) = descend(originals, SGD, loss, Schedule(1.0, (4,), mask))
    assert torch.equal(found.params[~mask], originals.params[~mask])
    assert (found.params != originals.params)[mask].float().mean() > 0.9


def test_a_pool_has_the_images_of_its_classes_alone() -> None:
    pool = Pool.of(assigned(trained(LAYOUTS[0])), ~ONE)
    assert (len(pool.labels), pool.epoch) == (60, 2)
    seen = torch.cat([pool.draw()[1] for _ in range(20)])
    assert seen.unique().tolist() == [0, 2, 3]
    rows = pool.rows()
    assert torch.equal(TRAIN.images[TRAIN.labels != 1][rows], pool.images[rows])


def test_lengths_are_shares_of_the_steps_of_the_recipe() -> None:
    grid = Grid(lengths=(0.001, 0.3, 0.1))
    assert grid.steps(RECIPE.model_copy(update={"steps": 100})) == (1, 10, 30)
    assert grid.steps(RECIPE.model_copy(update={"steps": 1})) == (1,)


def test_losses_are_means_over_images_and_no_further() -> None:
    students, teachers = torch.randn(2, 3, 4, 7, generator=generator())
    labels = torch.randint(4, (7,), generator=generator())
    for index in range(3):
        student, teacher = students[index].T, teachers[index].T
        torch.testing.assert_close(cross_entropies(students, labels)[index], F.cross_entropy(student, labels))
        # By default `kl_div` also divides by the number of classes; its second argument is the teacher.
        expected = F.kl_div(student.log_softmax(1), teacher.softmax(1), reduction="batchmean")
        torch.testing.assert_close(divergences(teachers, students)[index], expected)
    torch.testing.assert_close(divergences(teachers, teachers), torch.zeros(3), atol=1e-6, rtol=0)
    own = torch.stack([labels, labels.flip(0), labels])
    assert torch.equal(cross_entropies(students, own)[::2], cross_entropies(students, labels)[::2])
