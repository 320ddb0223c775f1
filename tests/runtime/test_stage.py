"""A stage runs once for a recipe; afterwards its files are restored."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch

from hyperforget.config.base import Section
from hyperforget.config.hardware import HardwareConfig
from hyperforget.errors import UserError
from hyperforget.runtime.interface import Stage
from hyperforget.runtime.saved_state import FOLDER, State
from hyperforget.runtime.stage import Job, run_stage
from hyperforget.stages import gather_metrics
from hyperforget.store.computations import read_records
from hyperforget.store.errors import NonDeterminismError
from hyperforget.store.store import Store
from hyperforget.store.tokens import write_token

STAGE = "gather_metrics"  # any module of the stages will do: its digest is part of the recipe


class Sum(Section):
    """What the stage of these tests is told."""

    add: int


Work = Callable[[Job[Sum]], Mapping[str, float] | None]


class Folder:
    """A folder with an input, a store and a stage that publishes the sum of input and spec."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = 0
        self.noise = 0
        self.stage = Stage("A stage.", f"{__name__}:Sum", ("task", "forget?"), ("number",), ("token", "extra?"))
        (path / "input.txt").write_text("4")

    def work(self, job: Job[Sum]) -> Mapping[str, float] | None:
        self.runs += 1
        value = int(job.input("number").read_text()) + job.spec.add + self.noise
        object_id = job.store.publish("networks", {"params": np.array([value])}, {"value": value})
        write_token(job.output("token"), "networks", object_id, {"value": value})
        return None

    def arguments(self, add: int = 1, task: str = "digits", *more: str) -> list[str]:
        spec, files = json.dumps({"add": add}), {"number": "input.txt", "token": "token.json"}
        given = ["--spec", spec, "--store", str(self.path / "store"), "--task", task]
        return given + [part for name, file in files.items() for part in (f"--{name}", str(self.path / file))] + [*more]

    def run(self, add: int = 1, task: str = "digits", *more: str) -> int:
        """The value in the token that the stage wrote or restored."""
        run_stage(STAGE, self.stage, self.arguments(add, task, *more))
        summary = json.loads((self.path / "token.json").read_text())["summary"]
        assert isinstance(summary["value"], int)
        return summary["value"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    made = Folder(tmp_path)
    monkeypatch.setattr(gather_metrics, "run", lambda job: made.work(job))
    return made


def test_a_job_has_what_the_command_line_says(folder: Folder) -> None:
    jobs: list[Job[Sum]] = []
    folder.stage = replace(folder.stage, inputs=("number", "parts*"))
    own = folder.work

    def work(job: Job[Sum]) -> Mapping[str, float] | None:
        jobs.append(job)
        return own(job)

    folder.work = work  # type: ignore[method-assign]
    parts = [str(folder.path / "input.txt")] * 2
    folder.run(3, "mnist", "--threads", "3", "--hardware", '{"save_every": 7}', "--parts", *parts)
    (job,) = jobs
    assert (job.spec, job.names, job.threads) == (Sum(add=3), {"task": "mnist"}, 3)
    assert job.hardware.save_every == 7
    assert list(map(str, job.inputs["parts"])) == parts
    assert "extra" not in job.outputs
    folder.run(3, "mnist", "--forget", "2", "--parts", *parts)
    assert jobs[1].names == {"task": "mnist", "forget": "2"}
    (_, record) = sorted(
        read_records(Store(folder.path / "store")), key=lambda record: len(record.computation.arguments)
    )
    assert set(record.computation.inputs) == {"number", "parts.0", "parts.1"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--spec", '{"add": 1}'], "--store"),
        (["--spec", '{"add": 1}', "--store", "a", "--task", "b", "--number", "c"], "--token"),
        (["--spec", "{"], "--spec: invalid JSON"),
    ],
)
def test_bad_arguments_are_named_and_leave_with_status_2(
    folder: Folder, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        run_stage(STAGE, folder.stage, arguments)
    assert leaving.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--spec", "{}"], "argument --spec: add: Field required"),
        (["--spec", "[]"], "argument --spec: Sum: "),
        (["--spec", '{"add": 1, "ad": 2}'], "argument --spec: ad: Extra inputs"),
        (["--hardware", '{"save_every": -1}'], "argument --hardware: save_every"),
    ],
)
def test_bad_values_are_named_before_any_work(folder: Folder, more: list[str], words: str) -> None:
    with pytest.raises(UserError, match=f"^{words}"):
        folder.run(1, "digits", *more)
    assert folder.runs == 0


def test_a_spec_may_be_told_in_other_words(folder: Folder) -> None:
    folder.run(1)
    folder.run(1, "digits", "--spec", '{ "add": 1.0 }')
    folder.run(1, "digits", "--spec", '{"add": "1"}')
    assert folder.runs == 1


def test_a_known_result_is_restored_without_loading_what_makes_it(folder: Folder) -> None:
    folder.run()
    (folder.path / "token.json").unlink()
    program = f"""
import sys
from hyperforget.runtime.interface import Stage
from hyperforget.runtime.stage import run_stage
run_stage({STAGE!r}, {folder.stage!r}, {folder.arguments()!r})
heavy = {{"hyperforget.stages.gather_metrics", "torch", "sklearn", "pandas", "scipy", "numpy", "pydantic", "zarr"}}
print(sorted(heavy & set(sys.modules)))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert printed.stdout.splitlines()[-1] == "[]"
    assert (folder.path / "token.json").is_file()


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
    with pytest.raises(NonDeterminismError, match=rf"{STAGE}.*these differ: threads \(1 and 3\)"):
        folder.run(1, "digits", "--no-reuse", "--threads", "3")


def test_a_stage_that_is_not_repeatable_always_runs(folder: Folder) -> None:
    folder.stage = replace(folder.stage, repeatable=False)
    folder.run()
    folder.noise = 1
    assert folder.run() == 6
    assert folder.runs == 2
    assert len(list(read_records(Store(folder.path / "store")))) == 2


@pytest.mark.parametrize("place", ["objects", "blobs"])
def test_a_damaged_result_is_made_again(folder: Folder, place: str) -> None:
    folder.run()
    object_id = json.loads((folder.path / "token.json").read_text())["object_id"]
    damaged = (
        Store(folder.path / "store").object_folder(object_id) if place == "objects" else folder.path / "store/blobs"
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

    def work(job: Job[Sum]) -> dict[str, float]:
        untimed(job)
        return {"request": 1.23456 * folder.runs}

    folder.work = work  # type: ignore[method-assign]
    folder.run()
    folder.run()
    folder.run(1, "digits", "--no-reuse")
    (record,) = read_records(Store(folder.path / "store"))
    assert record.provenance["timed"] == {"request": 1.2346}


def test_the_seconds_before_a_stage_was_stopped_count(folder: Folder) -> None:
    folder.run(add=2)
    whole = folder.work

    def work(job: Job[Sum]) -> None:
        if job.unfinished.load() is None:
            job.unfinished.spent = 1000.0
            job.unfinished.save(State({}, {}))
            raise KeyboardInterrupt
        whole(job)

    folder.work = work  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        folder.run()
    folder.run()
    seconds = [record.provenance["seconds"] for record in read_records(Store(folder.path / "store"))]
    assert min(seconds) < 1000 <= max(seconds)
    assert list((folder.path / "store" / FOLDER).iterdir()) == []


def test_a_light_stage_computes_on_the_cpu(folder: Folder) -> None:
    folder.stage = replace(folder.stage, computes=True, light=True)
    folder.run(1, "digits", "--hardware", json.dumps({"device": "cuda:99"}))
    (record,) = read_records(Store(folder.path / "store"))
    assert record.provenance["device"] == "cpu"
    folder.stage = replace(folder.stage, light=False)
    with pytest.raises(UserError, match=r"hardware\.device is 'cuda:99'"):
        folder.run(2, "digits", "--hardware", json.dumps({"device": "cuda:99"}))


@pytest.fixture
def several_at_once(folder: Folder) -> Folder:
    """The same with a stage that does several jobs at once."""
    each = ("task", "number", "token")
    folder.stage = replace(folder.stage, names=("task",), outputs=("token",), computes=True, each=each)
    return folder


def several(folder: Folder, tasks: list[str]) -> list[str]:
    """The command line of a job for each task, with an input that holds the number of letters of its name."""
    for task in tasks:
        (folder.path / f"{task}.txt").write_text(str(len(task)))
    given = ["--spec", '{"add": 1}', "--store", str(folder.path / "store"), "--task", *tasks]
    for name, ending in (("number", "txt"), ("token", "json")):
        given += [f"--{name}", *(str(folder.path / f"{task}.{ending}") for task in tasks)]
    return given


def values(folder: Folder, tasks: list[str]) -> list[int]:
    return [json.loads((folder.path / f"{task}.json").read_text())["summary"]["value"] for task in tasks]


def test_several_jobs_of_one_command_line_are_known_and_recorded_each_by_itself(several_at_once: Folder) -> None:
    folder = several_at_once
    run_stage(STAGE, folder.stage, several(folder, ["one", "three"]))
    assert values(folder, ["one", "three"]) == [4, 6]
    records = list(read_records(Store(folder.path / "store")))
    assert {record.computation.arguments["task"]: list(record.computation.inputs) for record in records} == {
        "one": ["number"],
        "three": ["number"],
    }
    assert folder.runs == 2
    run_stage(STAGE, folder.stage, several(folder, ["three", "seventeen", "one"]))
    assert values(folder, ["three", "seventeen", "one"]) == [6, 10, 4]
    assert folder.runs == 3


def test_several_jobs_of_one_command_line_choose_a_device_once(
    several_at_once: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = several_at_once
    chosen: list[int] = []

    def set_up(hardware: HardwareConfig, threads: int) -> torch.device:
        chosen.append(threads)
        return torch.device("cpu")

    monkeypatch.setattr("hyperforget.runtime.stage.set_up", set_up)
    run_stage(STAGE, folder.stage, several(folder, ["one", "three", "seventeen"]))
    assert (folder.runs, chosen) == (3, [1])


def test_arguments_of_fewer_jobs_than_others_are_named_before_any_work(several_at_once: Folder) -> None:
    folder = several_at_once
    arguments = several(folder, ["one", "three"])
    with pytest.raises(UserError, match=r"^argument --token has 1 values, but --task has 2; allowed are as many"):
        run_stage(STAGE, folder.stage, arguments[:-1])
    assert folder.runs == 0


@contextmanager
def read_only(*folders: Path) -> Iterator[None]:
    """As one who may read these folders, but write nothing there."""
    inside = [path for folder in folders for path in (folder, *folder.rglob("*")) if path.is_dir()]
    for path in inside:
        path.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path in inside:
            path.chmod(0o755)


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """A folder that others can get to, which those of pytest are not."""
    with TemporaryDirectory() as path:
        Path(path).chmod(0o777)
        made = Folder(Path(path))
        monkeypatch.setattr(gather_metrics, "run", lambda job: made.work(job))
        yield made


@pytest.mark.parametrize("part", ["", "tmp", "objects", "blobs", "recipes", "copies/recipes", "unfinished"])
def test_a_store_that_cannot_be_written_is_told_before_the_work(open_folder: Folder, part: str) -> None:
    store = open_folder.path / "store"
    open_folder.run(1)
    (store / "unfinished").mkdir()
    (open_folder.path / "token.json").unlink()
    for path in store.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o644)
    store.chmod(0o777)
    with read_only(store / part):
        assert open_folder.run(1) == 5
        with pytest.raises(UserError, match=f"^store {store} cannot be written .*; make room or give the right"):
            open_folder.run(2)
    assert open_folder.runs == 1
    assert open_folder.run(2) == 6


def test_a_full_disk_is_told_before_the_work(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.run(1)

    def full(path: Path, *arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", full)
        with pytest.raises(UserError, match=r"cannot be written \(.*No space left on device\)"):
            folder.run(2)
    assert folder.runs == 1


def test_outputs_that_cannot_be_written_are_told_before_the_work(open_folder: Folder) -> None:
    open_folder.run(1)
    for path in (open_folder.path / "store").rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o644)
    (open_folder.path / "store").chmod(0o777)
    closed, occupied = open_folder.path / "closed", open_folder.path / "file"
    closed.mkdir()
    occupied.touch()
    (open_folder.path / "folder.json").mkdir()
    with read_only(closed):
        for path in (
            closed / "a.json",
            closed / "new" / "a.json",
            occupied / "a.json",
            open_folder.path / "folder.json",
        ):
            with pytest.raises(UserError, match=f"output {path} "):
                open_folder.run(2, "digits", "--token", str(path))
    assert open_folder.runs == 1
