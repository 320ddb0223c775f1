"""What people may ask and give, and what each fault is answered."""

import numpy as np
import pytest
import torch

from hyperforget.errors import UserError
from hyperforget.generator.asking import Classes, normalise, split_of
from hyperforget.generator.generator import Generator
from tests.generator.conftest import IMAGES, LABELS

Data = tuple[np.ndarray, np.ndarray]


@pytest.mark.parametrize(
    ("classes", "labels", "alone"),
    [
        (5, [[5]], True),
        ([5], [[5]], True),
        ((11, 5), [[5, 11]], True),
        ({5, 11}, [[5, 11]], True),
        (np.array([5, 11]), [[5, 11]], True),
        ([np.int64(5), 5], [[5]], True),
        (torch.tensor([5]), [[5]], True),
        ([[5], [5, 11]], [[5], [5, 11]], False),
        ([(5,)], [[5]], False),
    ],
)
def test_sets_are_masks_of_outputs(
    generator: Generator, classes: Classes, labels: list[list[int]], alone: bool
) -> None:
    asked = generator.sets(classes)
    assert [[LABELS[place] for place in torch.nonzero(mask).flatten()] for mask in asked.masks] == labels
    assert asked.alone == alone


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ([], "classes is empty, which leaves nothing to forget; this generator can forget some of 5, 11"),
        ([[5], []], "classes is empty"),
        (LABELS, "classes has all 4 of them, which leaves nothing to retain"),
        ([5, 2], "class 2 is a pivot, known to all .*; this generator can forget some of 5, 11; the nearest is 5"),
        ([13], "class 13 is known to all networks.*the nearest is 11"),
        (7, "class 7 is none of 2, 5, 11, 13; this generator can forget some of 5, 11; the nearest is 5"),
        ([1], "class 1 is none of"),
        (["5"], "classes has '5'; allowed are labels, whole numbers, such as"),
        ("5", "classes has '5'"),
        ([5.0], "classes has 5.0"),
        (None, "classes has null"),
    ],
)
def test_what_cannot_be_forgotten_is_answered_by_what_can(
    generator: Generator, classes: Classes, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        generator.sets(classes)


def test_images_are_normalised_and_labels_are_places(generator: Generator, data: Data) -> None:
    split = split_of(data, generator.description)
    np.testing.assert_allclose(split.images, (data[0].reshape(80, 6) - 5) / 3, rtol=1e-5, atol=1e-6)
    assert [LABELS[place] for place in split.labels.tolist()] == data[1].tolist()
    assert split.classes == 4
    whole = split_of((data[0].round().astype(np.uint8), data[1].astype(">i4")), generator.description)
    assert whole.images.dtype == torch.float32
    listed = split_of((data[0].tolist(), data[1].tolist()), generator.description)
    torch.testing.assert_close(listed.images, split.images)
    torch.testing.assert_close(normalise(torch.tensor([5, 8]), IMAGES), torch.tensor([0.0, 1.0]))


def changed(data: Data, what: str) -> object:
    images, labels = data
    broken = images.copy()
    broken[3, 0, 0] = np.nan
    return {
        "bytes": (images * 255 / 12, labels),
        "shares": (images / 12, labels),
        "normalised": ((images - 5) / 3, labels),
        "black": (np.zeros_like(images), labels),
        "larger": (images.repeat(2, axis=1), labels),
        "nan": (broken, labels),
        "fewer": (images[:-1], labels),
        "flat": (images[0, 0], labels[:3]),
        "none": (images[:0], labels[:0]),
        "unknown": (images, labels + (labels == 5)),
        "lacking": (images[labels != 11], labels[labels != 11]),
        "alone": images,
        "three": (images, labels, labels),
        "text": (images, labels.astype(str)),
        "ragged": ([[1, 2], [3]], [2, 5]),
    }[what]


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("bytes", "pixels from 0 to 255 .* another scale .* allowed are pixels as in shapes, from 0 to 12"),
        ("shares", "another scale"),
        ("normalised", "pixels from -1.66667 .* another scale .*, not normalised"),
        ("black", "another scale"),
        ("larger", "images of 12 pixels; this generator's have 6"),
        ("nan", "pixels that are NaN or infinite"),
        ("fewer", r"images are \(79, 2, 3\) and labels \(80,\)"),
        ("flat", r"images are \(3,\)"),
        ("none", r"images are \(0, 2, 3\)"),
        ("unknown", "data has the label 6, and the generator's classes are 2, 5, 11, 13"),
        ("lacking", "data has no images of class 11; allowed are images of all classes"),
        ("alone", r"data must be a pair \(images, labels\)"),
        ("three", r"data must be a pair \(images, labels\)"),
        ("text", "labels hold no numbers"),
        ("ragged", "images have rows of several lengths"),
    ],
)
def test_data_that_do_not_fit_are_one_sentence(generator: Generator, data: Data, what: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        split_of(changed(data, what), generator.description)


def test_of_many_images_a_few_of_each_class_are_drawn_the_same_every_time(generator: Generator, data: Data) -> None:
    every = split_of(data, generator.description)
    few, again = (split_of(data, generator.description, 3) for _ in range(2))
    assert few.class_sizes.tolist() == [min(3, size) for size in every.class_sizes.tolist()]
    assert torch.equal(few.images, again.images)
    pairs = {(*image, label) for image, label in zip(every.images.tolist(), every.labels.tolist(), strict=True)}
    assert {(*image, label) for image, label in zip(few.images.tolist(), few.labels.tolist(), strict=True)} <= pairs
    many = split_of(data, generator.description, 10**6)
    assert torch.equal(many.class_sizes, every.class_sizes)
