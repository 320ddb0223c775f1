"""From keys and values to sections: null is absent, text is text, numbers have bounds, and names a form."""

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config import load_config
from hyperforget.config.reading import parse_config
from hyperforget.errors import UserError
from tests.torture import hostile

TASK = {"classes": [0, 1, 2, 3], "hidden": [2], "pivots": [0], "forget": ["1"]}
NULLS = [None, "null", "Null", "NULL"]


def task(**keys: object) -> dict[str, Any]:
    return {"tasks": {"odd": TASK | keys}}


def refusal_of(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as refusal:
        load_config(values)
    message = str(refusal.value)
    assert message.isprintable()
    assert len(message) < 700
    return message


@pytest.mark.parametrize("null", NULLS)
def test_null_is_absent(null: object) -> None:
    plain = load_config(task())
    assert load_config({**task(), "store": null, "probe": null, "seeds": null, "rivals": null}) == plain
    sections = {"collection": null, "corpora": null, "recipe": {"steps": null}, "dataset": {"root": null, "path": null}}
    assert load_config(task(**sections)) == plain
    assert load_config({**task(), "models": {"gpt": null}}).models.keys() == {"gpt"}
    assert refusal_of(task(hidden=null)).startswith("tasks.odd: a main network is told by either 'hidden'")
    assert refusal_of({"tasks": null}).startswith("the key 'tasks' is missing")
    assert refusal_of({"tasks": {"odd": null}}).startswith("the key 'tasks.odd.classes' is missing")


def test_what_is_null_in_a_further_corpus_is_that_of_the_collection() -> None:
    ends = {"models": ["dihyfo-2"], "runs": None}
    config = load_config(task(collection={"runs": 700}, corpora={"ends": ends}))
    assert config.tasks["odd"].corpora["ends"].runs == 700
    assert refusal_of(task(corpora={"ends": None})).startswith("the key 'tasks.odd.corpora.ends.models' is missing")


def test_null_in_a_list_is_refused() -> None:
    assert refusal_of(task(forget=[None])).startswith("tasks.odd.forget.0 is null")


@pytest.mark.parametrize("value", [2024, 1.5])
@pytest.mark.parametrize("key", ["store", "name", "root", "path"])
def test_numbers_are_no_text(key: str, value: object) -> None:
    values = {**task(), key: value} if key == "store" else task(dataset={key: value})
    assert refusal_of(values).endswith(f"in quotes where it looks like a number: '{value}'")


def test_what_yaml_reads_as_true_or_false_is_no_text() -> None:
    message = refusal_of(task(dataset=parse_config("name: no", "text")))
    assert message.startswith(
        "tasks.odd.dataset.name is False (bool): input should be a valid string, which needs quotes"
    )


@pytest.mark.parametrize("text", ["01", "1-02", "02", " 2", "+2", "0_2", "٢"])
def test_a_forget_set_is_written_in_plain_digits(text: str) -> None:
    message = refusal_of(task(forget=[text]))
    assert f"the forget set {text!r} has a class that is not written in plain digits" in message
    assert message.endswith(f"; write {'1-2' if '-' in text else str(int(text))!r}")


@pytest.mark.parametrize("text", ["010", "2_3", "02", " 2", "+2", "0x2"])
@pytest.mark.parametrize("key", ["forget", "holdout"])
def test_a_forget_set_is_told_as_it_was_written(key: str, text: str) -> None:
    assert f"tasks.odd.{key}: the forget set {text!r}" in refusal_of(task(**{key: [text]}))


def test_names_may_be_numbers() -> None:
    config = load_config(parse_config(f"tasks: {{2024: {TASK}}}\nmodels: {{1: {{conditioning: gpt}}}}", "text"))
    assert (list(config.tasks), list(config.models)) == (["2024"], ["1"])


@pytest.mark.parametrize(
    ("path", "value", "bound"),
    [
        ("seeds", [10**300], 2**53 - 1),
        ("seeds", [2**53], 2**53 - 1),
        ("hidden", [10**300], 10**6),
        ("hidden", ["9" * 300], 10**6),
        ("classes", [0, 10**10], 10**9),
        ("originals", 10**10, 10**9),
        ("retrained", 10**10, 10**9),
    ],
)
def test_numbers_have_bounds(path: str, value: object, bound: int) -> None:
    message = refusal_of({**task(), "seeds": value} if path == "seeds" else task(**{path: value}))
    assert message.endswith(f"input should be less than or equal to {bound}")
    load_config({**task(), "seeds": [2**53 - 1]})


@pytest.mark.parametrize(("key", "bound"), [("width", 10**6), ("layers", 1000), ("components", 10**6)])
def test_sizes_of_hypernetworks_have_bounds(key: str, bound: int) -> None:
    values = {**task(), "models": {"gpt": {"architecture": {key: bound + 1}}}}
    assert refusal_of(values).endswith(
        f"architecture.{key} is {bound + 1} (int): input should be less than or equal to {bound}"
    )


def test_numbers_of_thousands_of_digits_are_refused() -> None:
    assert "is a number of thousands of digits" in refusal_of(task(originals=10**5000))
    assert "tasks.odd.originals is '999" in refusal_of(task(originals="9" * 5000))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Digits_4", "digits-4"),
        ("a b", "a-b"),
        ("é", "e"),
        ("-a-", "a"),
        ("a--b", "a-b"),
        ("../x", "x"),
        ("x" + "ab" * 40, "x" + "ab" * 31 + "a"),
        ("a\x1b[31m", "a-31m"),
        ("a\n", "a"),
    ],
)
def test_names_have_a_form(name: str, nearest: str) -> None:
    for values in ({"tasks": {name: TASK}}, {**task(), "models": {name: {}}}, task(corpora={name: {"models": ["x"]}})):
        message = refusal_of(values)
        assert "allowed are lower-case letters and digits, in parts joined by '-'" in message
        assert message.endswith(f"; the nearest is {nearest!r}")


def test_a_name_without_letters_has_none_near() -> None:
    assert refusal_of({"tasks": {"漢字": TASK}}).endswith("at most 64 in all")


@pytest.mark.parametrize("name", ["a" * 25, "a" * 20, "x-" + "ab" * 20, "task-" + "1" * 30])
def test_names_do_not_repeat_themselves_without_end(name: str) -> None:
    assert "again and again; allowed is to repeat letters and digits less than 20 times" in refusal_of(
        {"tasks": {name: TASK}}
    )
    load_config({"tasks": {"a" * 19: TASK, "x" * 40 + "y": TASK}})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            task(collection=3),
            "tasks.odd.collection is 3 (int): input should be a valid dictionary, with keys of ",
        ),
        ({"tasks": 3}, "tasks is 3 (int): input should be a valid dictionary"),
        (task(corpora=[]), "tasks.odd.corpora is [] (list): input should be a valid dictionary"),
        (task(dataset={"name": "a\x1b[31m", "x": 1}), "unknown key 'tasks.odd.dataset.x' (value 1)"),
    ],
)
def test_no_message_speaks_of_classes_of_the_code(values: dict[str, Any], sentence: str) -> None:
    message = refusal_of(values)
    assert message.startswith(sentence)
    assert re.search(r"[a-z]Config|instance", message) is None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_KEYS = ["tasks", "models", "seeds", "store", "rivals", "prompts", "hardware", "recipe", "collection", "dataset", "x"]


@hostile("keys of configurations", 100)
@given(key=st.sampled_from(_KEYS), value=_VALUES, inside=st.booleans())
def test_any_value_is_taken_or_refused_in_one_sentence(key: str, value: object, inside: bool) -> None:
    with contextlib.suppress(UserError):
        load_config(task(**{key: value}) if inside else {**task(), key: value})


def test_no_configuration_makes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load_config({**task(), "store": "depot"})
    assert list(tmp_path.iterdir()) == []
