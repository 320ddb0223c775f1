"""Functions of the user's own in a configuration: where they are looked for, and what is said of wrong ones."""

import os
from importlib import metadata
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from hyperforget.config import load_config
from hyperforget.config import own_code as module
from hyperforget.config.own_code import OwnFunction, beside
from hyperforget.errors import UserError

TASK = {"classes": [0, 1, 2], "hidden": [2], "pivots": [0], "forget": ["1"]}


def with_method(name: str = "mine", /, **own: Any) -> dict[str, Any]:
    return {"tasks": {"t": TASK}, "methods": {name: own}}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text("from math import floor\nlimit = 3\n\ndef my_method(assignment): ...\n")
    return str(path)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """One package is installed, which offers a method."""
    point = EntryPoint("shrink", "shrinking.methods:shrink", "hyperforget.methods")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: EntryPoints([point]).select(group=group))


def test_a_method_of_ones_own_stands_beside_the_built_in_ones(file: str) -> None:
    config = load_config(with_method("my-method", file=file))
    assert list(map(str, config.all_methods))[-1] == "my-method"
    assert config.own_method("my-method-strangers") == config.methods["my-method"]
    assert config.own_method("bias") is None
    assert "my-method-strangers" not in map(str, config.methods_on("t"))


@pytest.mark.parametrize(
    ("name", "own", "called"),
    [
        ("my-method", {"file": "a.py"}, "my_method"),
        ("my-method", {"file": "a.py", "function": "other"}, "other"),
        ("my-method", {}, "my-method"),
    ],
)
def test_a_function_is_called_as_its_method_unless_it_is_named(name: str, own: dict[str, str], called: str) -> None:
    assert OwnFunction.model_validate(own).function_of(name) == called


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (
            {"function": "my_methd"},
            r"methods\.mine\.function is 'my_methd', .*; it defines floor, limit, my_method; did",
        ),
        ({}, r"methods\.mine\.function is 'mine', which '.*mine\.py' does not define"),
        ({"settings": [1]}, r"methods\.mine\.settings is \[1\]"),
        ({"fil": "x"}, r"unknown key 'methods\.mine\.fil' .*; did you mean 'file'\?"),
        ({"file": "nowhere.py"}, r"methods\.mine\.file is 'nowhere\.py', which is no file; allowed is a Python file"),
    ],
)
def test_a_function_that_is_not_there_is_named(file: str, own: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=f"^{words}"):
        load_config(with_method(**{"file": file, **own}))


@pytest.mark.parametrize("text", ["def mine(:\n", "\0", b"\xff"])
def test_what_is_no_python_is_named(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=r"methods\.mine\.file is '.*', which is no Python"):
        load_config(with_method(file=str(path)))


@pytest.mark.parametrize("name", ["bias", "retrained", "mine-edit", "mine-strangers"])
def test_names_of_other_methods_are_refused(file: str, name: str) -> None:
    with pytest.raises(UserError, match=f"^methods.{name}: the name '{name}' belongs to another method"):
        load_config(with_method(name, file=file, function="my_method"))


def test_the_name_of_a_model_is_refused(file: str) -> None:
    with pytest.raises(UserError, match=r"^methods\.dihyfo-1: the name 'dihyfo-1' is that of a model"):
        load_config(with_method("dihyfo-1", file=file, function="my_method"))


@pytest.mark.usefixtures("packages")
def test_without_a_file_an_installed_package_offers_the_function() -> None:
    own = load_config(with_method("shrink")).methods["shrink"]
    assert own.package("method", "shrink") == "shrinking.methods"
    again = load_config(with_method("twice", function="shrink")).methods["twice"]
    assert again.function_of("twice") == "shrink"
    with pytest.raises(UserError, match=r"a method 'shrunk' .*hyperforget\.methods: shrink.*did you mean 'shrink'"):
        load_config(with_method("shrunk"))


def test_a_package_counts_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    [point] = [each for each in metadata.entry_points(group="pytest11") if each.name == "xdist"]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: EntryPoints([point]))
    package = OwnFunction().package("method", "xdist")
    assert package == f"pytest-xdist {metadata.version('pytest-xdist')}"


def test_a_method_by_name_alone_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "entry_points", lambda kind: {"shrink": None})
    assert load_config({"tasks": {"t": TASK}, "methods": {"shrink": None}}).methods["shrink"] == OwnFunction()


def test_paths_are_relative_to_the_file_that_has_them() -> None:
    held = with_method(file="code/mine.py") | {"store": "mine.py"}
    found = beside(held, [(Path("folder/my.yaml"), held)])
    assert found["methods"]["mine"]["file"] == os.path.join("folder", "code", "mine.py")
    assert found["store"] == "mine.py"
    assert held["methods"]["mine"]["file"] == "code/mine.py"


def test_paths_of_a_command_line_and_whole_ones_stay() -> None:
    held = with_method(file="mine.py")
    given = with_method(file="other.py")
    assert beside(given, [(Path("folder/my.yaml"), held)]) == given
    for path in ("/code/mine.py", "~/mine.py"):
        given = with_method(file=path)
        assert beside(given, [(Path("folder/my.yaml"), given)]) == given


def test_of_several_files_each_has_its_own_folder() -> None:
    first, second = with_method("one", file="one.py"), {"methods": {"two": {"file": "two.py"}}}
    given = first | {"methods": {**first["methods"], **second["methods"]}}
    found = beside(given, [(Path("a/a.yaml"), first), (Path("b/b.yaml"), second)])
    assert {name: own["file"] for name, own in found["methods"].items()} == {"one": "a/one.py", "two": "b/two.py"}
