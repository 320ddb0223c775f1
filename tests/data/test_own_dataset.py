"""Images from a function of the user's own."""

from pathlib import Path

import numpy as np
import pytest

from hyperforget.cli.planning import image_shape
from hyperforget.config import DatasetConfig, load_config
from hyperforget.config.raw_files import content_of
from hyperforget.data.sources import DATASETS
from hyperforget.errors import UserError

SOURCE = """
import numpy as np

def load(count=12, test=0):
    images = np.arange(count * 6).reshape(count, 2, 3)
    labels = np.arange(count) % 3
    return (images, labels, images[:test], labels[:test]) if test else (images, labels)

def wrong(what):
    images, labels = load()
    return {"one": images, "five": (images,) * 5, "labels": (images, labels / 2), "nan": (images / 0.0, labels)}[what]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return str(path)


def dataset(file: str, function: str = "load", /, **settings: object) -> DatasetConfig:
    return DatasetConfig(source="function", file=file, function=function, settings=settings)


def test_a_function_gives_images_and_labels_and_may_give_some_for_tests(file: str) -> None:
    raw = DATASETS["function"](dataset(file))
    np.testing.assert_array_equal(raw.train[0], np.arange(72).reshape(12, 6))
    assert raw.train[1].tolist() == [0, 1, 2] * 4
    assert raw.test is None
    both = DATASETS["function"](dataset(file, count=9, test=3))
    assert both.test is not None
    assert (len(both.train[0]), len(both.test[0])) == (9, 3)
    assert image_shape(dataset(file)) == (2, 3, 1)


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("one", "returned ndarray; allowed are arrays of images and labels"),
        ("five", "returned tuple of 5; allowed are arrays"),
        ("labels", r"has labels of shape \(12,\) and type float64; allowed are whole numbers"),
        ("nan", "has images of shape .*; allowed are finite numbers"),
        ("other", "failed with KeyError: 'other'"),
    ],
)
def test_what_is_no_dataset_is_one_sentence_that_names_the_function(file: str, what: str, words: str) -> None:
    with pytest.raises(UserError, match=f"^the dataset 'wrong' of '.*mine.py' {words}"):
        DATASETS["function"](dataset(file, "wrong", what=what))


def test_another_file_is_another_dataset(file: str) -> None:
    before = content_of(dataset(file))
    Path(file).write_text(SOURCE + "# another\n")
    assert content_of(dataset(file)) != before


def test_a_function_that_is_not_there_is_refused_with_the_configuration(file: str) -> None:
    task = {"classes": [0, 1, 2], "hidden": [2], "pivots": [0], "forget": ["1"]}
    given = {"source": "function", "file": file, "function": "laod"}
    with pytest.raises(UserError, match=r"^tasks\.t\.dataset\.function is 'laod', .*did you mean 'load'"):
        load_config({"tasks": {"t": {**task, "dataset": given}}})
    with pytest.raises(UserError, match=r"^tasks\.t\.dataset\.file is missing, and no installed package offers"):
        load_config({"tasks": {"t": {**task, "dataset": {"source": "function"}}}})
