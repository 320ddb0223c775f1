"""What is there of a run, and one sentence with the nearest choice, or the command, for what is not."""

from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet
from hyperforget.scores.from_results import load_original, load_retrained, load_task, task_folder, tasks_in


def results(folder: Path) -> Path:
    for task in ("digits", "digits-4"):
        (folder / task).mkdir()
        (folder / task / "dataset.json").touch()
    return folder


def test_tasks_are_the_folders_with_data(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    assert tasks_in(results(tmp_path)) == ["digits", "digits-4"]


def test_a_path_stands_for_a_task_and_a_name_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert task_folder("results/digits") == Path("results/digits")
    assert task_folder(Path("a/b.npz")) is None
    assert task_folder("digits") is None
    assert task_folder({"train": ()}) is None
    assert task_folder(results(tmp_path) / "digits") == tmp_path / "digits"
    assert task_folder("digits") == Path("digits")


def test_the_nearest_task_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no task 'digit'; it has digits, digits-4; did you mean 'digits'\?"):
        load_task(results(tmp_path) / "digit")


def test_without_results_the_run_is_named_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no task 'digits'; it has none, which a run of the workflow makes"):
        load_task(tmp_path / "results" / "digits")


def test_without_retrained_networks_the_command_is_told_that_makes_them(tmp_path: Path) -> None:
    command = "'hyperforget run -- results/digits/retrained/forget-2-3.json' makes them"
    with pytest.raises(UserError, match=rf"no networks of task 'digits' that were retrained without 2-3; {command}"):
        load_retrained(results(tmp_path) / "digits", ForgetSet((2, 3)))


def test_without_an_original_network_the_command_is_told_that_makes_it(tmp_path: Path) -> None:
    command = "'hyperforget run -- results/digits/original.json' makes it"
    with pytest.raises(UserError, match=f"has no original network of task 'digits'; {command}"):
        load_original(results(tmp_path) / "digits")
