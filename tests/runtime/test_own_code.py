"""Functions of the user's own are loaded, called, and told of in one sentence where they fail."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.runtime import own_code
from hyperforget.runtime.own_code import Whereabouts, load_own

SOURCE = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Pair:
    first: int

number = 3

def double(value, by=2):
    return Pair(value * by).first

def fail(value):
    raise KeyError("no\\nsuch \\x1b[31mkey")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    return path


def test_a_function_of_a_file_is_called_with_its_settings(file: Path) -> None:
    assert load_own("method", Whereabouts("double", file), {})(4) == 8
    assert load_own("method", Whereabouts("double", file), {"by": 3})(4) == 12
    assert [path.name for path in file.parent.iterdir()] == ["mine.py"]


def test_a_file_is_read_anew_each_time(file: Path) -> None:
    load_own("method", Whereabouts("double", file), {})
    file.write_text(SOURCE.replace("by=2", "by=5"))
    assert load_own("method", Whereabouts("double", file), {})(4) == 20


def test_what_a_function_raises_is_one_sentence_with_the_traceback_before_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = load_own("method", Whereabouts("fail", file), {})
    with pytest.raises(UserError) as raised:
        failing(1)
    sentence = str(raised.value)
    assert sentence.startswith(f"the method 'fail' of {str(file)!r} failed with KeyError: 'no")
    assert sentence.isprintable()
    printed = capsys.readouterr().err
    assert "Traceback" in printed
    assert 'raise KeyError("no' in printed


def test_wrong_settings_are_told(file: Path) -> None:
    with pytest.raises(UserError, match=r"the method 'double' of .* failed with TypeError: .*'bi'"):
        load_own("method", Whereabouts("double", file), {"bi": 3})(4)


def test_a_function_that_is_not_there_is_told_with_the_nearest(file: Path) -> None:
    with pytest.raises(UserError, match=r"'duble' of .* is not there, .*did you mean 'double'"):
        load_own("metric", Whereabouts("duble", file), {})
    with pytest.raises(UserError, match=r"the metric 'number' of .* no function"):
        load_own("metric", Whereabouts("number", file), {})


def test_a_file_that_cannot_be_imported_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("import nothing_of_that_name\n")
    with pytest.raises(UserError, match=r"the method 'double' of .* cannot be imported: ModuleNotFoundError"):
        load_own("method", Whereabouts("double", file), {})
    assert "Traceback" in capsys.readouterr().err


def test_a_function_of_a_package_is_loaded_unless_its_version_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("greatest", "builtins:max", "hyperforget.methods")
    monkeypatch.setattr(own_code, "entry_points", lambda kind: {"greatest": point})
    monkeypatch.setattr(own_code, "package_of", lambda each: "greatness 1.0")
    assert load_own("method", Whereabouts("greatest", package="greatness 1.0"), {})([1, 3, 2]) == 3
    with pytest.raises(UserError, match=r"was planned with greatness 0\.9, but greatness 1\.0 is installed"):
        load_own("method", Whereabouts("greatest", package="greatness 0.9"), {})
    with pytest.raises(UserError, match=r"offers a method 'greatst'.*did you mean 'greatest'"):
        load_own("method", Whereabouts("greatst"), {})
