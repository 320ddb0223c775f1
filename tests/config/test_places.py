"""Where a store may lie, and paths below the home folder."""

from pathlib import Path
from typing import Any

import pytest

from hyperforget.config import load_config
from hyperforget.config.data_folder import data_folder
from hyperforget.config.places import check_creatable, check_store
from hyperforget.errors import UserError

TASK = {"classes": [0, 1, 2, 3], "hidden": [2], "pivots": [0], "forget": ["1"]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder below the home folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HYPERFORGET_DATA", raising=False)
    monkeypatch.chdir(folder)
    return folder


def loaded(**keys: Any) -> Any:
    return load_config({"tasks": {"odd": TASK}, **keys})


def test_paths_of_the_configuration_begin_at_the_home_folder(tmp_path: Path) -> None:
    assert loaded(store="~/store").store == f"{tmp_path}/store"
    dataset = {"source": "torchvision", "root": "~/images"}
    assert loaded(tasks={"odd": TASK | {"dataset": dataset}}).tasks["odd"].dataset.root == f"{tmp_path}/images"
    (tmp_path / "my.npz").touch()
    dataset = {"source": "npz", "path": "~/my.npz"}
    assert loaded(tasks={"odd": TASK | {"dataset": dataset}}).tasks["odd"].dataset.path == f"{tmp_path}/my.npz"


def test_the_folder_of_the_environment_begins_at_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERFORGET_DATA", "~/images")
    assert data_folder(None) == tmp_path / "images"
    monkeypatch.setenv("HYPERFORGET_DATA", "")
    assert data_folder(None) == Path("data")
    monkeypatch.setenv("HYPERFORGET_DATA", "~nobody-of-that-name")
    with pytest.raises(UserError, match="HYPERFORGET_DATA: '~nobody-of-that-name' begins with a home folder"):
        loaded(tasks={"odd": TASK | {"dataset": {"source": "torchvision"}}})


@pytest.mark.parametrize("key", ["store", "root", "path"])
def test_an_unknown_home_folder_is_refused(key: str) -> None:
    given: dict[str, Any] = {key: "~nobody-of-that-name/x"}
    keys = given if key == "store" else {"tasks": {"odd": TASK | {"dataset": given}}}
    with pytest.raises(UserError, match=rf"{key}: '~nobody-of-that-name/x' begins with a home folder"):
        loaded(**keys)


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ("", "names no folder"),
        (".", "the folder of the results or one around it"),
        ("..", "the folder of the results or one around it"),
        ("/", "the folder of the results or one around it"),
        ("~", "the folder of the results or one around it"),
        ("results", "the folder of the results or one around it"),
        ("./results/../results/", "the folder of the results or one around it"),
        ("results/logs", "where the results have results/logs"),
        ("results/figures/store", "where the results have results/figures"),
        ("results/report.html", "where the results have results/report.html"),
        ("results/odd", "where the results have results/odd"),
        ("results/odd-seed-1/store", "where the results have results/odd-seed-1"),
        ("/dev/null", "but '/dev/null' is no folder"),
        ("/dev/null/store", "but '/dev/null' is no folder"),
        ("file", "file' is no folder"),
        ("file/store", "file' is no folder"),
        ("gone", "gone' is no folder"),
    ],
)
def test_a_store_is_a_folder_of_its_own(store: str, reason: str, here: Path) -> None:
    (here / "file").touch()
    (here / "gone").symlink_to("gone")
    with pytest.raises(UserError) as refusal:
        loaded(store=store, seeds=[0, 1])
    assert str(refusal.value).startswith("store is ")
    assert reason in str(refusal.value)
    assert str(refusal.value).endswith("allowed is a folder of its own, such as results/store")


@pytest.mark.parametrize("store", ["results/store", "results/depot", "depot", "~/depot", "~/work-depot", "results-2"])
def test_a_store_may_lie_elsewhere(store: str) -> None:
    check_creatable(loaded(store=store).store)


def test_trying_whether_a_store_can_be_made_leaves_nothing_behind(here: Path) -> None:
    check_creatable("results/store")
    assert list(here.iterdir()) == []
    (here / "depot").mkdir(mode=0o555)
    check_creatable("depot")


def test_a_store_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(UserError, match=r"store is '/proc/x', which cannot be made in '/proc' \(.*\); allowed is"):
        check_creatable("/proc/x")


def test_a_store_is_not_made_among_other_files(here: Path) -> None:
    (here / "depot" / "tmp").mkdir(parents=True)
    with pytest.raises(UserError, match=r"^store depot has other files, such as 'tmp', but no store\.json; allowed is"):
        check_creatable("depot")
    (here / "depot" / "store.json").touch()
    check_creatable("depot")


def test_links_are_followed(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "results").symlink_to("elsewhere")
    with pytest.raises(UserError, match="where the results have results/odd"):
        check_store("elsewhere/odd", ["odd"])


@pytest.mark.parametrize("store", ["a{task}", "{", "a/b}"])
def test_a_store_has_no_braces_which_rules_would_fill(store: str) -> None:
    with pytest.raises(UserError, match=r"^store is '.*', which has a brace; allowed is a folder of its own"):
        loaded(store=store)
