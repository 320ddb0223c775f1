"""Recipes: found again wherever the same work is done, and only while all of its result is there."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from hyperforget.errors import UserError
from hyperforget.store.computations import Computation, FileRef, computation_place, read_records
from hyperforget.store.documents import COPIES
from hyperforget.store.errors import CorruptObjectError, NonDeterminismError
from hyperforget.store.store import Store
from tests.store.conftest import Run

COMPUTATION = Computation(
    "train",
    {"task": "digits-4", "model": "dihyfo-1"},
    {"seed": 1, "rate": 0.5, "nested": [1, {"a": None}]},
    "0123456789abcdef",
    {"corpus": FileRef("/a/corpus.json", "a" * 64)},
)


def record_text(root: Path, folder: Path, text: str, recipe: Computation = COMPUTATION, **provenance: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "history.csv").write_text(text)
    Store(root).record(recipe, {"history": folder / "history.csv"}, provenance)


def test_the_id_is_the_digest_of_what_determines_the_result() -> None:
    content: dict[str, Any] = {
        "stage": "train",
        "arguments": {"task": "digits-4", "model": "dihyfo-1"},
        "spec": {"seed": 1, "rate": 0.5, "nested": [1, {"a": None}]},
        "code": "0123456789abcdef",
        "inputs": {"corpus": "a" * 64},
    }
    assert COMPUTATION.id == hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    assert replace(COMPUTATION, inputs={"corpus": FileRef("elsewhere", "a" * 64)}).id == COMPUTATION.id
    assert replace(COMPUTATION, spec=dict(reversed(COMPUTATION.spec.items()))).id == COMPUTATION.id


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "probe"},
        {"arguments": {"task": "digits", "model": "dihyfo-1"}},
        {"spec": {**COMPUTATION.spec, "seed": 2}},
        {"code": "0123456789abcdee"},
        {"inputs": {"corpus": FileRef("/a/corpus.json", "b" * 64)}},
        {"inputs": {"other": FileRef("/a/corpus.json", "a" * 64)}},
        {"inputs": {}},
    ],
)
def test_every_part_changes_the_id(change: dict[str, Any]) -> None:
    assert replace(COMPUTATION, **change).id != COMPUTATION.id


def test_a_record_is_found_and_restored_elsewhere(tmp_path: Path) -> None:
    root, here = tmp_path / "store", tmp_path / "here"
    assert Store(root).look_up(COMPUTATION) is None
    record_text(root, here, "loss\n0.5\n", host="a", seconds=1.25)
    same = replace(COMPUTATION, inputs={"corpus": FileRef("/b/corpus.json", "a" * 64)})
    found = Store(root).look_up(same)
    assert found is not None
    assert found.computation == COMPUTATION
    assert found.provenance == {"host": "a", "seconds": 1.25}
    assert found.objects == ()
    (output,) = found.outputs.values()
    assert (output.path, output.size) == ((here / "history.csv").as_posix(), 9)
    Store(root).restore(found, {"history": tmp_path / "there" / "deep" / "history.csv"})
    assert (tmp_path / "there" / "deep" / "history.csv").read_bytes() == b"loss\n0.5\n"
    with pytest.raises(UserError, match=r"outputs histories, but its record .* has history"):
        Store(root).restore(found, {"histories": tmp_path / "x"})


def test_the_same_result_again_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x", host="a")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    record_text(root, tmp_path / "b", "x", host="b")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


MACHINE = {"threads": 1, "processes": 1, "device": "cpu", "precision": "bfloat16", "host": "a", "seconds": 1.5}
VERSIONS = {"torch": "2.7", "numpy": "2.1"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"threads": 4, "seconds": 9}, "only, and these differ: threads (1 and 4); "),
        ({"host": "b", "precision": "float32"}, "these differ: precision (bfloat16 and float32), host (a and b); "),
        ({"versions": {**VERSIONS, "torch": "2.8"}}, "these differ: versions.torch (2.7 and 2.8); "),
        ({"seconds": 9}, "the same as then are threads, processes, device, precision, host, versions."),
    ],
)
def test_another_result_is_told_with_what_else_was_different(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    earlier: dict[str, Any] = {**MACHINE, "versions": VERSIONS}
    record_text(tmp_path / "store", tmp_path / "a", "x", **earlier)
    with pytest.raises(NonDeterminismError) as caught:
        record_text(tmp_path / "store", tmp_path / "a", "y", **{**earlier, **changed})
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_result_is_reported_and_not_kept(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    digests = [hashlib.sha256(text).hexdigest() for text in (b"x", b"y")]
    with pytest.raises(NonDeterminismError) as caught:
        record_text(root, tmp_path / "a", "y")
    message = str(caught.value)
    for part in ("stage train", "output history", *digests, computation_place(COMPUTATION.id), COPIES):
        assert part in message
    assert isinstance(caught.value, UserError)
    found = Store(root).look_up(COMPUTATION)
    assert found is not None
    assert found.outputs["history"].sha256 == digests[0]
    with pytest.raises(NonDeterminismError, match="output more was no file and is"):
        Store(root).record(COMPUTATION, dict.fromkeys(["history", "more"], _file(tmp_path, "x")), {})


def _file(folder: Path, text: str) -> Path:
    (folder / "file").write_text(text)
    return folder / "file"


def test_a_damaged_record_counts_as_none_and_is_replaced(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    place = root / computation_place(COMPUTATION.id)
    place.write_bytes(place.read_bytes().replace(b"history", b"histery"))
    assert Store(root).look_up(COMPUTATION) is None
    with pytest.raises(CorruptObjectError, match="is not what was written"):
        list(read_records(Store(root)))
    record_text(root, tmp_path / "a", "y")
    found = Store(root).look_up(COMPUTATION)
    assert found is not None
    assert found.outputs["history"].sha256 == hashlib.sha256(b"y").hexdigest()


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_record_without_its_files_is_none_until_they_are_made_again(tmp_path: Path, damage: Any) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    damage(Store(root).blob_path(hashlib.sha256(b"x").hexdigest()))
    assert Store(root).look_up(COMPUTATION) is None
    record_text(root, tmp_path / "a", "x")
    assert Store(root).look_up(COMPUTATION) is not None


def test_a_file_that_is_damaged_within_is_not_restored(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    found = Store(root).look_up(COMPUTATION)
    assert found is not None
    Store(root).blob_path(found.outputs["history"].sha256).write_bytes(b"y")
    with pytest.raises(CorruptObjectError):
        Store(root).restore(found, {"history": tmp_path / "new"})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["corpus", "shard-1"])
def test_a_record_without_its_objects_or_their_parts_is_none(run: Run, name: str) -> None:
    found = run.store.look_up(run.computations["corpus"])
    assert found is not None
    assert found.objects == (run.objects["corpus"],)
    folder = run.store.object_folder(run.objects[name])
    (folder / "object.json").rename(folder / "aside")
    assert run.store.look_up(run.computations["corpus"]) is None
    (folder / "aside").rename(folder / "object.json")
    assert run.store.look_up(run.computations["corpus"]) is not None
    shutil.rmtree(folder)
    assert run.store.look_up(run.computations["corpus"]) is None


def test_producers_lead_from_a_table_back_to_the_segments(run: Run) -> None:
    records = list(read_records(run.store))
    producers = {file.sha256: record for record in records for file in record.outputs.values()}
    sha256 = hashlib.sha256((run.results / "metrics.csv").read_bytes()).hexdigest()
    stages = []
    pending = [sha256]
    while pending:
        made_by = producers[pending.pop()].computation
        stages.append(made_by.stage)
        pending += [file.sha256 for file in made_by.inputs.values()]
    assert sorted(stages) == ["assemble", "collect 0", "collect 1", "gather", "sample"]
    assert len(records) == 5


def test_in_a_store_that_another_process_is_making_nothing_is_known(tmp_path: Path, run: Run) -> None:
    computation = run.computations["table"]
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".store.json.0.partial").touch()
    assert Store(tmp_path / "new").look_up(computation) is None
    (run.root / "store.json").unlink()
    with pytest.raises(UserError, match="is not a store"):
        run.store.look_up(computation)
