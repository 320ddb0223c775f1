"""Rivals that descend a loss, against loops of plain torch over one module, and against faults of public code."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.methods import METHODS
from hyperforget.unlearning.rivals import gradient_ascent, last_layers, scrub
from hyperforget.unlearning.rivals.bad_teacher import SHOWN
from hyperforget.unlearning.rivals.boundary_shrink import STEP, nearest_classes
from hyperforget.unlearning.rivals.descent import Grid
from hyperforget.unlearning.rivals.importance import mean_gradient
from hyperforget.unlearning.rivals.last_layers import in_last_layers
from hyperforget.unlearning.rivals.neggrad import RETAINED
from hyperforget.unlearning.rivals.random_labels import random_labels
from hyperforget.unlearning.rivals.salun import salient
from hyperforget.unlearning.rivals.scrub import LABELS, TEACHER, is_ascent
from tests.unlearning.rivals.cases import LAYOUTS, RECIPE, TRAIN, TWO, assigned, flat, generator, module_of, trained

STEPS, BATCH = 5, RECIPE.batch_size
# Images, and their labels, that are to be forgotten, and the others.
FORGOTTEN, KEPT = ((TRAIN.images[shown], TRAIN.labels[shown]) for shown in (TWO[TRAIN.labels], ~TWO[TRAIN.labels]))

# What a step of one module loses: the module, the draws, and the step.
StepLoss = Callable[[nn.Sequential, torch.Generator, int], Tensor]


@pytest.fixture(autouse=True)
def one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing is chosen, and every network is what it would be alone."""
    only = Grid(rates=(0.5,), lengths=(STEPS / RECIPE.steps,))
    monkeypatch.setattr("hyperforget.unlearning.rivals.descent.tuned.__defaults__", (only, None))
    for module, name in ((gradient_ascent, "SLOWLY"), (last_layers, "ALONG"), (scrub, "GRID")):
        monkeypatch.setattr(module, name, only)
    monkeypatch.setattr(scrub, "ROUNDS", (3,))


def drawn(pool: tuple[Tensor, Tensor], draws: torch.Generator) -> tuple[Tensor, Tensor]:
    rows = torch.randint(len(pool[1]), (BATCH,), generator=draws)
    return pool[0][rows], pool[1][rows]


def descended(
    layout: Layout, module: nn.Sequential, loss: StepLoss, draws: torch.Generator, steps: int = STEPS
) -> Tensor:
    optimizer = torch.optim.SGD(module.parameters(), 0.5 * RECIPE.learning_rate, weight_decay=RECIPE.weight_decay)
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        loss(module, draws, step).backward()
        optimizer.step()
    return flat(module)


def answers(layout: Layout) -> Callable[[nn.Sequential, Tensor], Tensor]:
    return lambda module, images: module(layout.images_of_modules(images))


@pytest.fixture(params=LAYOUTS, ids=str)
def layout(request: pytest.FixtureRequest) -> Layout:
    found: Layout = request.param
    return found


def compare(name: str, layout: Layout, loss_of: Callable[[int], StepLoss], steps: int = STEPS) -> None:
    """The population of a method with each module by itself, which loses what ``loss_of`` its index says."""
    originals = trained(layout)
    found = METHODS[name](assigned(originals, TWO))
    for index in range(len(originals)):
        alone = descended(layout, module_of(originals, index), loss_of(index), generator(2), steps)
        torch.testing.assert_close(found.params[index], alone, atol=1e-4, rtol=1e-4)


def test_gradient_ascent(layout: Layout) -> None:
    answer = answers(layout)

    def loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
        images, labels = drawn(FORGOTTEN, draws)
        return -F.cross_entropy(answer(module, images), labels)

    compare("gradient-ascent", layout, lambda index: loss)


def test_neggrad_plus(layout: Layout) -> None:
    answer = answers(layout)

    def loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
        (images, labels), (others, wanted) = drawn(FORGOTTEN, draws), drawn(KEPT, draws)
        up, down = F.cross_entropy(answer(module, images), labels), F.cross_entropy(answer(module, others), wanted)
        return RETAINED * down - (1 - RETAINED) * up

    compare("neggrad", layout, lambda index: loss)


def random_label_loss(layout: Layout) -> StepLoss:
    answer = answers(layout)

    def loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
        (images, _), (others, wanted) = drawn(FORGOTTEN, draws), drawn(KEPT, draws)
        labels = torch.tensor([1, 3])[torch.randint(2, (BATCH,), generator=draws)]
        return F.cross_entropy(answer(module, images), labels) + F.cross_entropy(answer(module, others), wanted)

    return loss


def test_random_labels(layout: Layout) -> None:
    compare("random-labels", layout, lambda index: random_label_loss(layout))


def test_labels_are_of_retained_classes_alone() -> None:
    """Drawn among all classes, one in four would be the right one, or another that is to go."""
    labels = random_labels(assigned(trained(LAYOUTS[0]), TWO), 4000)
    assert labels.unique().tolist() == [1, 3]
    assert 0.45 < (labels == 1).float().mean() < 0.55


def test_salun_moves_the_salient_half_as_random_labels_would_and_nothing_else(layout: Layout) -> None:
    originals = trained(layout)
    found = METHODS["salun"](assigned(originals, TWO))
    for index in range(len(originals)):
        module = module_of(originals, index)
        F.cross_entropy(answers(layout)(module, FORGOTTEN[0]), FORGOTTEN[1]).backward()
        slopes = torch.cat([part.grad.flatten() for part in module.parameters() if part.grad is not None]).abs()
        mask = torch.zeros(layout.size, dtype=torch.bool)
        mask[slopes.topk(round(layout.size / 2)).indices] = True
        frozen = originals.params[index]

        loss = held(random_label_loss(layout), mask, frozen)
        alone = torch.where(mask, descended(layout, module_of(originals, index), loss, generator(2)), frozen)
        torch.testing.assert_close(found.params[index], alone, atol=1e-4, rtol=1e-4)
        assert torch.equal(found.params[index][~mask], frozen[~mask])


def held(loss: StepLoss, mask: Tensor, frozen: Tensor) -> StepLoss:
    """The same, after all parameters but those in a mask are put back."""

    def held_loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
        with torch.no_grad():
            torch.nn.utils.vector_to_parameters(torch.where(mask, flat(module), frozen), module.parameters())
        return loss(module, draws, step)

    return held_loss


def test_half_is_salient_also_where_most_gradients_are_zero() -> None:
    """With the median as threshold all would be, as pixels that are always blank have no gradient."""
    gradient = torch.tensor([[0.0, 0.0, 0.0, 0.0, -3.0, 2.0], [1.0, 2.0, 3.0, 4.0, 5.0, -6.0]])
    assert salient(gradient).sum(dim=1).tolist() == [3, 3]
    assert salient(gradient).tolist()[0][4:] == [True, True]
    assert salient(gradient).tolist()[1] == [False, False, False, True, True, True]


def test_gradients_do_not_depend_on_how_images_are_divided(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = trained(layout)
    whole = mean_gradient(networks, TRAIN.images, TRAIN.labels)
    monkeypatch.setattr("hyperforget.unlearning.rivals.importance._VALUES_AT_ONCE", 7 * 3 * layout.activations)
    torch.testing.assert_close(mean_gradient(networks, TRAIN.images, TRAIN.labels), whole, atol=1e-6, rtol=1e-4)


def test_bad_teacher(layout: Layout) -> None:
    originals, answer = trained(layout), answers(layout)

    def teachers(draws: torch.Generator) -> Networks:
        return initialise(layout, len(originals), draws)

    def loss_of(index: int) -> StepLoss:
        competent = module_of(originals, index)
        state: dict[str, tuple[nn.Sequential, tuple[Tensor, Tensor]]] = {}

        def loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
            if step == 1:
                incompetent = module_of(teachers(draws), index)
                some = torch.randperm(len(KEPT[1]), generator=draws)[: round(SHOWN * len(KEPT[1]))]
                pool = (torch.cat([FORGOTTEN[0], KEPT[0][some]]), torch.cat([FORGOTTEN[1], KEPT[1][some]]))
                state["drawn"] = incompetent, pool
            incompetent, pool = state["drawn"]
            images, labels = drawn(pool, draws)
            forgotten = TWO[labels].float().unsqueeze(1)
            with torch.no_grad():
                taught = forgotten * answer(incompetent, images).softmax(1)
                taught = taught + (1 - forgotten) * answer(competent, images).softmax(1)
            return F.kl_div(answer(module, images).log_softmax(1), taught, reduction="batchmean")

        return loss

    compare("bad-teacher", layout, loss_of)


def test_scrub(layout: Layout) -> None:
    originals, answer = trained(layout), answers(layout)

    def loss_of(index: int) -> StepLoss:
        teacher = module_of(originals, index)
        # Forty images of each side, so two minibatches: up in the first two of three rounds, then down.
        ascends = iter([*[True, True, False, False] * 2, False, False])

        def loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
            up = next(ascends)
            images, labels = drawn(FORGOTTEN if up else KEPT, draws)
            with torch.no_grad():
                known = answer(teacher, images).softmax(1)
            away = F.kl_div(answer(module, images).log_softmax(1), known, reduction="batchmean")
            return -away if up else TEACHER * away + LABELS * F.cross_entropy(answer(module, images), labels)

        return loss

    compare("scrub", layout, loss_of, steps=10)


def test_scrub_moves_the_student_and_not_the_teacher(layout: Layout) -> None:
    """Where the optimiser has the teacher's parameters, nothing is ever forgotten."""
    originals = trained(layout)
    before = originals.params.clone()
    found = METHODS["scrub"](assigned(originals, TWO))
    assert torch.equal(originals.params, before)
    assert ((found.params - before).norm(dim=1) > 0.01).all()


def test_rounds_of_scrub_ascend_first_and_then_only_descend() -> None:
    assert [is_ascent(step, 1, 2) for step in range(1, 10)] == [True, False, False, True, *[False] * 5]


def test_boundary_shrink(layout: Layout) -> None:
    originals, answer = trained(layout), answers(layout)

    def loss_of(index: int) -> StepLoss:
        labels = nearest_by_torch(originals, index)

        def loss(module: nn.Sequential, draws: torch.Generator, step: int) -> Tensor:
            rows = torch.randint(len(labels), (BATCH,), generator=draws)
            return F.cross_entropy(answer(module, FORGOTTEN[0][rows]), labels[rows])

        return loss

    compare("boundary-shrink", layout, loss_of)


def nearest_by_torch(networks: Networks, index: int) -> Tensor:
    """Labels (B,) of forgotten images, one after another, by one module."""
    module, answer = module_of(networks, index), answers(networks.layout)
    found = []
    for image, label in zip(*FORGOTTEN, strict=True):
        image = image.clone().unsqueeze(0).requires_grad_()
        F.cross_entropy(answer(module, image), label.unsqueeze(0)).backward()
        assert image.grad is not None
        logits = answer(module, image + STEP * image.grad.sign())[0].detach()
        found.append(1 if logits[1] > logits[3] else 3)
    return torch.tensor(found)


def test_nearest_classes_are_of_each_network_and_never_to_be_forgotten(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = trained(layout)
    found = nearest_classes(originals, *FORGOTTEN, TWO)
    assert found.shape == (len(originals), 40)
    for index in range(len(originals)):
        assert torch.equal(found[index], nearest_by_torch(originals, index))
    monkeypatch.setattr("hyperforget.unlearning.rivals.boundary_shrink._NUMBERS_AT_ONCE", 500)
    assert torch.equal(nearest_classes(originals, *FORGOTTEN, TWO), found)


@pytest.mark.parametrize("name", ["cf-k", "eu-k"])
def test_the_last_layer_alone_is_trained(layout: Layout, name: str) -> None:
    originals = trained(layout)
    found = METHODS[name](assigned(originals, TWO))
    last = in_last_layers(layout)
    assert int(last.sum()) == 4 * layout.layers[-1][1][1] + 4
    assert torch.equal(found.params[:, ~last], originals.params[:, ~last])
    draws = generator(2)
    starts = originals.params
    if name == "eu-k":
        starts = torch.where(last, initialise(layout, len(originals), draws).params, starts)
    state = draws.get_state()
    for index in range(len(originals)):
        module = module_of(Networks(starts, layout), index)
        draws.set_state(state)
        optimizer = torch.optim.SGD(
            module[-1].parameters(), 0.5 * RECIPE.learning_rate, weight_decay=RECIPE.weight_decay
        )
        for _ in range(STEPS):
            images, labels = drawn(KEPT, draws)
            optimizer.zero_grad()
            F.cross_entropy(answers(layout)(module, images), labels).backward()
            optimizer.step()
        torch.testing.assert_close(found.params[index], flat(module), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        *((name, TWO) for name in ("cf-k", "eu-k", "fisher", "class-means")),
        *((name, ~TWO) for name in ("gradient-ascent", "boundary-shrink")),
    ],
)
def test_images_that_a_method_says_it_does_not_need_are_not_read(name: str, classes: Tensor) -> None:
    assignment = assigned(trained(LAYOUTS[0]), TWO)
    found = METHODS[name](assignment)
    noise = torch.where(classes[TRAIN.labels].unsqueeze(1), 100.0, TRAIN.images)
    again = replace(assignment, train=replace(TRAIN, images=noise), generator=generator(2))
    assert torch.equal(METHODS[name](again).params, found.params)
