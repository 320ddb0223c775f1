"""Finding a generator among results."""

from pathlib import Path

import pytest

import hyperforget
from hyperforget.errors import UserError
from hyperforget.generator.folder import write_generator
from hyperforget.generator.generator import Generator
from hyperforget.generator.loading import find_generator


@pytest.fixture
def results(tmp_path: Path, generator: Generator) -> Path:
    for task, model in (("digits", "dihyfo-1"), ("digits", "dihyfo-2"), ("mnist", "dihyfo-1")):
        write_generator(tmp_path / task / model / "generator", generator)
    (tmp_path / "letters" / "dihyfo-1" / "generator").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("below", ["mnist/dihyfo-1/generator", "mnist/dihyfo-1", "mnist"])
def test_a_folder_with_one_generator_is_enough(results: Path, below: str) -> None:
    assert find_generator(results / below) == results / "mnist/dihyfo-1/generator"
    assert hyperforget.load(str(results / below)).description.model == "mine"


def test_task_and_model_say_which(results: Path) -> None:
    assert find_generator(results, "digits", "dihyfo-2") == results / "digits/dihyfo-2/generator"
    assert find_generator(results, task="mnist") == results / "mnist/dihyfo-1/generator"
    assert find_generator(results, model="dihyfo-2") == results / "digits/dihyfo-2/generator"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({}, "holds several generators: digits dihyfo-1, digits dihyfo-2, mnist dihyfo-1; name task and model"),
        ({"task": "digits"}, "holds several generators: digits dihyfo-1, digits dihyfo-2;"),
        ({"task": "digit"}, "of task 'digit'; allowed are digits, mnist; did you mean 'digits'"),
        ({"model": "dihyfo-3"}, "of model 'dihyfo-3'; allowed are dihyfo-1, dihyfo-2"),
        ({"task": "mnist", "model": "dihyfo-2"}, "holds no such generator"),
    ],
)
def test_what_is_not_one_generator_lists_what_there_is(results: Path, names: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        hyperforget.load(results, **names)


def test_where_there_is_none_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"holds no generator; run the workflow for .*/TASK/MODEL/generator/config\.json"
    ):
        hyperforget.load(tmp_path)
    with pytest.raises(UserError, match="is no folder"):
        hyperforget.load(tmp_path / "nowhere")
