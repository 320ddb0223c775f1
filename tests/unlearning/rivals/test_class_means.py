"""The class-mean-feature head, against the same on one module of torch."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.rivals.class_means import TEMPERATURES, class_mean_head, class_means
from tests.unlearning.rivals.cases import CLASSES, LAYOUTS, ONE, TRAIN, TWO, assigned, images_of, module_of, trained


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("forget", [ONE, TWO])
def test_logits_are_those_of_centred_class_means(layout: Layout, forget: Tensor) -> None:
    originals = trained(layout)
    found = class_mean_head(assigned(originals, forget))
    for index in range(len(originals)):
        module = module_of(originals, index)
        features = module[:-1](images_of(layout, TRAIN, ~forget)).detach()
        labels = TRAIN.labels[~forget[TRAIN.labels]]
        centred = features - features.mean(dim=0)
        length = centred.norm(dim=1).mean()
        kept = [label for label in range(CLASSES) if not forget[label]]
        means = F.normalize(torch.stack([centred[labels == label].mean(dim=0) for label in kept]))
        right = torch.tensor([kept.index(int(label)) for label in labels])
        logits = min(
            (temperature * centred @ means.T / length for temperature in TEMPERATURES),
            key=lambda each: float(F.cross_entropy(each, right)),
        )
        answers = forward(found[[index]], TRAIN.images)[0]
        torch.testing.assert_close(answers[~forget[TRAIN.labels]][:, ~forget], logits, atol=1e-4, rtol=1e-4)
        assert (answers[:, forget] < -5000).all()


def test_only_the_output_layer_changes_and_the_forgotten_images_are_not_seen() -> None:
    originals = trained(LAYOUTS[1])
    found = class_mean_head(assigned(originals))
    split = originals.layout.split
    for before, after in zip(split(originals.params)[:-2], split(found.params)[:-2], strict=True):
        assert torch.equal(before, after)
    noise = replace(TRAIN, images=torch.where(ONE[TRAIN.labels].unsqueeze(1), 100.0, TRAIN.images))
    assert torch.equal(class_mean_head(assigned(originals, train=noise)).params, found.params)


def test_features_that_are_dead_leave_every_retained_class_alike() -> None:
    originals = trained(LAYOUTS[0])
    weight, bias, *head = originals.layout.split(originals.params)
    dead = Networks(originals.layout.join([weight, bias - 1000, *head]), originals.layout)
    found = class_mean_head(assigned(dead))
    assert found.params.isfinite().all()
    assert not forward(found, TRAIN.images)[..., ~ONE].any()


def test_means_of_classes() -> None:
    units = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]])
    means = class_means(units, torch.tensor([0, 0, 2]), 3)
    assert means.tolist() == [[[2.0, 3.0], [0.0, 0.0], [5.0, 7.0]]]
