"""Paths that begin with the home folder."""

from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.home_folder import expand_home


def test_the_home_folder_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert expand_home("~/store") == "/home/me/store"
    assert expand_home("~") == "/home/me"
    assert Path(expand_home("~root/x")).is_absolute()


@pytest.mark.parametrize("path", ["results/store", "./~/x", "a~", "a/~/b", "/~", ""])
def test_other_paths_stay_as_they_are(path: str) -> None:
    assert expand_home(path) == path


def test_an_unknown_home_folder_is_no_folder_of_that_name() -> None:
    with pytest.raises(UserError, match=r"'~nobody-of-that-name/x' begins with .* such as '\./~nobody-of-that-name/x'"):
        expand_home("~nobody-of-that-name/x")


@pytest.mark.parametrize("path", ["a\0b", "a\nb", "\x1b[31m"])
def test_a_path_has_no_control_characters(path: str) -> None:
    with pytest.raises(UserError, match="control characters"):
        expand_home(path)
