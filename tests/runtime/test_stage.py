"""A stage runs once for a recipe; afterwards its files are restored."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.runtime.saved_state import FOLDER, State
from hyperforget.runtime.stage import StageParser, stage_main
from hyperforget.store import NonDeterminismError, Store, read_records, write_token

STAGE = "gather_metrics"  # any module of the package will do: its digest is part of the recipe
Work = Callable[[argparse.Namespace], None]


class Folder:
    """A folder with an input, a store and a stage that publishes the sum of input and spec."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = 0
        self.noise = 0
        self.computes = self.light = False
        (path / "input.txt").write_text("4")

    def parser(self) -> StageParser:
        parser = StageParser("A stage.", computes=self.computes, light=self.light)
        parser.add_argument("--task", required=True)
        parser.add_input("--number")
        parser.add_output("--token")
        parser.add_output("--extra", required=False)
        return parser

    def work(self, options: argparse.Namespace) -> None:
        self.runs += 1
        value = int(options.number.read_text()) + options.spec["add"] + self.noise
        object_id = options.store.publish("networks", {"params": np.array([value])}, {"value": value})
        write_token(options.token, "networks", object_id, {"value": value})

    def run(self, add: int = 1, task: str = "digits", *more: str, repeatable: bool = True) -> int:
        """The value in the token that the stage wrote or restored."""
        arguments = ["--spec", json.dumps({"add": add}), "--store", str(self.path / "store"), "--task", task]
        arguments += [
            "--number",
            str(self.path / "input.txt"),
            "--token",
            str(self.path / "token.json"),
            *more,
        ]
        stage_main(STAGE, self.parser(), self.work, arguments, repeatable=repeatable)
        summary = json.loads((self.path / "token.json").read_text())["summary"]
        assert isinstance(summary["value"], int)
        return summary["value"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_every_stage_is_given_spec_store_and_threads() -> None:
    spec = {"seed": 0, "classes": [0, 1], "path": None}
    options = StageParser("x").parse_args(["--spec", json.dumps(spec), "--store", "a/b", "--threads", "3"])
    assert (options.spec, options.store, options.threads) == (spec, Store(Path("a/b")), 3)
    assert StageParser("x").parse_args(["--store", "a"]).threads == 1


@pytest.mark.parametrize("arguments", [[], ["--spec", "{}"], ["--spec", "{", "--store", "a"]])
def test_bad_arguments_are_named_and_leave_with_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        StageParser("x").parse_args(arguments)
    assert leaving.value.code == 2
    assert re.search("--s(pec|tore)", capsys.readouterr().err.splitlines()[-1])


def test_a_known_recipe_is_restored_byte_for_byte(folder: Folder) -> None:
    assert folder.run() == 5
    before = (folder.path / "token.json").read_bytes()
    (folder.path / "token.json").unlink()
    assert folder.run() == 5
    assert (folder.path / "token.json").read_bytes() == before
    assert folder.runs == 1


def test_switching_away_and_back_runs_nothing_again(folder: Folder) -> None:
    assert [folder.run(1), folder.run(2), folder.run(1)] == [5, 6, 5]
    assert folder.runs == 2


@pytest.mark.parametrize("change", ["spec", "task", "input"])
def test_all_that_determines_the_result_is_in_the_recipe(folder: Folder, change: str) -> None:
    folder.run()
    if change == "input":
        (folder.path / "input.txt").write_text("7")
    folder.run(2 if change == "spec" else 1, "mnist" if change == "task" else "digits")
    assert folder.runs == 2


def test_threads_and_places_are_not(folder: Folder) -> None:
    folder.run()
    (folder.path / "input.txt").rename(folder.path / "elsewhere.txt")
    folder.run(1, "digits", "--threads", "2", "--number", str(folder.path / "elsewhere.txt"))
    assert folder.runs == 1


def test_no_reuse_computes_again_and_compares(folder: Folder) -> None:
    folder.run()
    folder.run(1, "digits", "--no-reuse")
    assert folder.runs == 2
    folder.noise = 1
    with pytest.raises(NonDeterminismError, match=STAGE):
        folder.run(1, "digits", "--no-reuse")


def test_a_stage_that_is_not_repeatable_always_runs(folder: Folder) -> None:
    folder.run(repeatable=False)
    folder.noise = 1
    assert folder.run(repeatable=False) == 6
    assert folder.runs == 2
    assert len(list(read_records(Store(folder.path / "store")))) == 2


@pytest.mark.parametrize("place", ["objects", "blobs"])
def test_a_damaged_result_is_made_again(folder: Folder, place: str) -> None:
    folder.run()
    object_id = json.loads((folder.path / "token.json").read_text())["object_id"]
    damaged = (
        Store(folder.path / "store").object_folder(object_id)
        if place == "objects"
        else folder.path / "store/blobs"
    )
    file = max((path for path in damaged.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert folder.run() == 5
    assert folder.runs == 2
    assert file.read_bytes() == content
    assert folder.run() == 5
    assert folder.runs == 2


def test_a_missing_input_is_one_sentence(folder: Folder) -> None:
    (folder.path / "input.txt").unlink()
    with pytest.raises(UserError, match=r"input\.txt is missing"):
        folder.run()
    assert folder.runs == 0


def test_what_was_done_is_recorded(folder: Folder) -> None:
    folder.run()
    (record,) = read_records(Store(folder.path / "store"))
    assert record.computation.stage == STAGE
    assert record.computation.arguments == {"task": "digits"}
    assert record.computation.spec == {"add": 1}
    assert set(record.computation.inputs) == {"number"}
    assert set(record.outputs) == {"token"}
    assert record.provenance["seconds"] >= 0
    assert record.provenance["timed"] == {}
    assert record.provenance["versions"]["python"].startswith("3.")


def test_what_a_stage_timed_itself_is_kept_also_when_it_is_restored(folder: Folder) -> None:
    untimed = folder.work

    def work(options: argparse.Namespace) -> dict[str, float]:
        untimed(options)
        return {"request": 1.23456 * folder.runs}

    folder.work = work  # type: ignore[assignment, method-assign]
    folder.run()
    folder.run()
    folder.run(1, "digits", "--no-reuse")
    (record,) = read_records(Store(folder.path / "store"))
    assert record.provenance["timed"] == {"request": 1.2346}


def test_the_seconds_before_a_stage_was_stopped_count(folder: Folder) -> None:
    folder.run(add=2)
    folder.computes, whole = True, folder.work

    def work(options: argparse.Namespace) -> None:
        if options.unfinished.load() is None:
            options.unfinished.spent = 1000.0
            options.unfinished.save(State({}, {}))
            raise KeyboardInterrupt
        whole(options)

    folder.work = work  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        folder.run()
    folder.run()
    seconds = [record.provenance["seconds"] for record in read_records(Store(folder.path / "store"))]
    assert min(seconds) < 1000 <= max(seconds)
    assert list((folder.path / "store" / FOLDER).iterdir()) == []


def test_a_light_stage_computes_on_the_cpu(folder: Folder) -> None:
    folder.computes = folder.light = True
    folder.run(1, "digits", "--hardware", json.dumps({"device": "cuda:99"}))
    (record,) = read_records(Store(folder.path / "store"))
    assert record.provenance["device"] == "cpu"
    folder.light = False
    with pytest.raises(UserError, match=r"hardware\.device is 'cuda:99'"):
        folder.run(2, "digits", "--hardware", json.dumps({"device": "cuda:99"}))
