"""What parameters matter to: dampening and Fisher forgetting, against one image at a time and closed forms."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.networks.forward import forward
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.rivals import fisher, ssd
from hyperforget.unlearning.rivals.fisher import add_fisher_noise, fisher_information
from hyperforget.unlearning.rivals.importance import importance, some_images
from hyperforget.unlearning.rivals.ssd import dampen, dampened
from tests.unlearning.rivals.cases import LAYOUTS, ONE, TRAIN, TWO, assigned, generator, module_of, trained


def importance_by_torch(layout: Layout, index: int, classes: Tensor) -> Tensor:
    """Of one module, (P,), one image after another."""
    module, shown = module_of(trained(layout), index), classes[TRAIN.labels]
    total = torch.zeros(layout.size)
    for image, label in zip(TRAIN.images[shown], TRAIN.labels[shown], strict=True):
        module.zero_grad()
        F.cross_entropy(module(layout.images_of_modules(image.unsqueeze(0))), label.unsqueeze(0)).backward()
        total += torch.cat([part.grad.flatten() for part in module.parameters() if part.grad is not None]).square()
    return total / int(shown.sum())


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_dampening_is_that_of_one_image_at_a_time(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssd, "SELECTIONS", (1.2,))
    monkeypatch.setattr(ssd, "DAMPENINGS", (0.5,))
    originals = trained(layout)
    found = dampen(assigned(originals, TWO)).params
    for index in range(len(originals)):
        of_all, of_forgotten = (importance_by_torch(layout, index, each) for each in (TWO | ~TWO, TWO))
        expected = originals.params[index].clone()
        chosen = of_forgotten > 1.2 * of_all
        assert 0 < chosen.sum() < layout.size
        expected[chosen] *= torch.minimum(0.5 * of_all / of_forgotten, torch.ones(layout.size))[chosen]
        torch.testing.assert_close(found[index], expected, atol=1e-5, rtol=1e-3)


def test_importance_depends_on_no_order_and_no_size_of_minibatches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Squares of the mean gradient of minibatches do, by far."""
    networks = trained(LAYOUTS[0])
    whole = importance(networks, TRAIN.images, TRAIN.labels)
    order = torch.randperm(80, generator=generator())
    monkeypatch.setattr("hyperforget.unlearning.rivals.importance._GRADIENTS_AT_ONCE", 7 * networks.params.numel())
    again = importance(networks, TRAIN.images[order], TRAIN.labels[order])
    torch.testing.assert_close(again, whole, atol=1e-7, rtol=1e-4)

    def of_minibatches(size: int) -> Tensor:
        module, found = module_of(networks), []
        for some, wanted in zip(TRAIN.images.split(size), TRAIN.labels.split(size), strict=True):
            module.zero_grad()
            F.cross_entropy(module(some), wanted).backward()
            found.append(torch.cat([part.grad.flatten() for part in module.parameters() if part.grad is not None]))
        return torch.stack(found).square().mean(dim=0)

    torch.testing.assert_close(of_minibatches(1), whole[0], atol=1e-6, rtol=1e-3)
    assert of_minibatches(20).sum() < 0.5 * whole[0].sum()


def test_dampening_makes_nothing_larger_and_leaves_what_is_not_selected() -> None:
    params = torch.tensor([[2.0, -2.0, 2.0, 2.0, 2.0]])
    of_all = torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0]])
    of_forgotten = torch.tensor([[4.0, 4.0, 2.0, 3.0, 0.0]])
    assert dampened(params, of_all, of_forgotten, 2.0, 1.0).tolist() == [[0.5, -0.5, 2.0, 0.0, 2.0]]
    assert dampened(params, of_all, of_forgotten, 2.0, 100.0).tolist() == [[2.0, -2.0, 2.0, 0.0, 2.0]]


def test_information_on_output_biases_is_the_variance_of_the_answer() -> None:
    """Of a softmax, Σ_y p_y (1[y = c] - p_c)² = p_c (1 - p_c)."""
    for layout in LAYOUTS:
        networks = trained(layout)
        likely = forward(networks, TRAIN.images).softmax(dim=2)
        found = layout.split(fisher_information(networks, TRAIN.images))[-1]
        torch.testing.assert_close(found, (likely * (1 - likely)).mean(dim=1), atol=1e-6, rtol=1e-4)


def test_noise_is_scaled_by_the_fourth_root_of_the_information(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fisher, "SCALES", (0.02,))
    originals = trained(LAYOUTS[0])
    assignment = assigned(originals)
    found = add_fisher_noise(assignment)
    draws = assigned(originals)
    images, labels = some_images(draws, ~ONE, 100)
    assert 1 not in labels
    deviation = fisher_information(originals, images).clamp(min=1e-6) ** -0.25
    noise = torch.randn(originals.params.shape, generator=draws.generator)
    torch.testing.assert_close(found.params, originals.params + 0.02 * deviation * noise)
    assert deviation.max() <= 1000**0.5


def test_images_are_some_of_each_class() -> None:
    images, labels = some_images(assigned(trained(LAYOUTS[0])), TWO, 5)
    assert sorted(labels.tolist()) == [0] * 5 + [2] * 5
    assert all(any(torch.equal(image, each) for each in TRAIN.images[TWO[TRAIN.labels]]) for image in images)
