"""Recipes: found again wherever the same work is done, and only while all of its result is there."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rfc8785

from hyperforget import store
from hyperforget.errors import UserError
from hyperforget.store import CorruptObjectError, FileRef, NonDeterminismError, Recipe
from hyperforget.store.blobs import blob_path
from hyperforget.store.documents import COPIES
from hyperforget.store.places import object_folder
from hyperforget.store.recipes import recipe_place

RECIPE = Recipe(
    "train",
    {"task": "digits-4", "model": "dihyfo-1"},
    {"seed": 1, "rate": 0.5, "nested": [1, {"a": None}]},
    "0123456789abcdef",
    {"corpus": FileRef("/a/corpus.json", "a" * 64)},
)


def record_text(root: Path, folder: Path, text: str, recipe: Recipe = RECIPE, **provenance: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "history.csv").write_text(text)
    store.record(root, recipe, {"history": folder / "history.csv"}, provenance)


def test_the_id_is_the_digest_of_what_determines_the_result() -> None:
    content = {
        "stage": "train",
        "arguments": {"task": "digits-4", "model": "dihyfo-1"},
        "spec": {"seed": 1, "rate": 0.5, "nested": [1, {"a": None}]},
        "code": "0123456789abcdef",
        "inputs": {"corpus": "a" * 64},
    }
    assert RECIPE.id == hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    assert replace(RECIPE, inputs={"corpus": FileRef("elsewhere", "a" * 64)}).id == RECIPE.id
    assert replace(RECIPE, spec=dict(reversed(RECIPE.spec.items()))).id == RECIPE.id


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "probe"},
        {"arguments": {"task": "digits", "model": "dihyfo-1"}},
        {"spec": {**RECIPE.spec, "seed": 2}},
        {"code": "0123456789abcdee"},
        {"inputs": {"corpus": FileRef("/a/corpus.json", "b" * 64)}},
        {"inputs": {"other": FileRef("/a/corpus.json", "a" * 64)}},
        {"inputs": {}},
    ],
)
def test_every_part_changes_the_id(change: dict[str, Any]) -> None:
    assert replace(RECIPE, **change).id != RECIPE.id


def test_a_record_is_found_and_restored_elsewhere(tmp_path: Path) -> None:
    root, here = tmp_path / "store", tmp_path / "here"
    assert store.look_up(root, RECIPE) is None
    record_text(root, here, "loss\n0.5\n", host="a", seconds=1.25)
    same = replace(RECIPE, inputs={"corpus": FileRef("/b/corpus.json", "a" * 64)})
    found = store.look_up(root, same)
    assert found is not None
    assert found.recipe == RECIPE
    assert found.provenance == {"host": "a", "seconds": 1.25}
    assert found.objects == ()
    (output,) = found.outputs.values()
    assert (output.path, output.size) == ((here / "history.csv").as_posix(), 9)
    store.restore(root, found, {"history": tmp_path / "there" / "deep" / "history.csv"})
    assert (tmp_path / "there" / "deep" / "history.csv").read_bytes() == b"loss\n0.5\n"
    with pytest.raises(UserError, match=r"outputs histories, but its record .* has history"):
        store.restore(root, found, {"histories": tmp_path / "x"})


def test_the_same_result_again_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x", host="a")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    record_text(root, tmp_path / "b", "x", host="b")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_another_result_is_reported_and_not_kept(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    digests = [hashlib.sha256(text).hexdigest() for text in (b"x", b"y")]
    with pytest.raises(NonDeterminismError) as caught:
        record_text(root, tmp_path / "a", "y")
    message = str(caught.value)
    for part in ("stage train", "output history", *digests, recipe_place(RECIPE.id), COPIES):
        assert part in message
    assert isinstance(caught.value, UserError)
    found = store.look_up(root, RECIPE)
    assert found is not None
    assert found.outputs["history"].sha256 == digests[0]
    with pytest.raises(NonDeterminismError, match="output more was no file and is"):
        store.record(root, RECIPE, dict.fromkeys(["history", "more"], _file(tmp_path, "x")), {})


def _file(folder: Path, text: str) -> Path:
    (folder / "file").write_text(text)
    return folder / "file"


def test_a_damaged_record_counts_as_none_and_is_replaced(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    place = root / recipe_place(RECIPE.id)
    place.write_bytes(place.read_bytes().replace(b"history", b"histery"))
    assert store.look_up(root, RECIPE) is None
    with pytest.raises(CorruptObjectError, match="is not what was written"):
        store.find_producers(root)
    record_text(root, tmp_path / "a", "y")
    found = store.look_up(root, RECIPE)
    assert found is not None
    assert found.outputs["history"].sha256 == hashlib.sha256(b"y").hexdigest()


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_record_without_its_files_is_none_until_they_are_made_again(tmp_path: Path, damage: Any) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    damage(blob_path(root, hashlib.sha256(b"x").hexdigest()))
    assert store.look_up(root, RECIPE) is None
    record_text(root, tmp_path / "a", "x")
    assert store.look_up(root, RECIPE) is not None


def test_a_file_that_is_damaged_within_is_not_restored(tmp_path: Path) -> None:
    root = tmp_path / "store"
    record_text(root, tmp_path / "a", "x")
    found = store.look_up(root, RECIPE)
    assert found is not None
    blob_path(root, found.outputs["history"].sha256).write_bytes(b"y")
    with pytest.raises(CorruptObjectError):
        store.restore(root, found, {"history": tmp_path / "new"})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["corpus", "shard-1"])
def test_a_record_without_its_objects_or_their_parts_is_none(run: SimpleNamespace, name: str) -> None:
    found = store.look_up(run.root, run.recipes["corpus"])
    assert found is not None
    assert found.objects == (run.objects["corpus"],)
    folder = object_folder(run.root, run.objects[name])
    (folder / "object.json").rename(folder / "aside")
    assert store.look_up(run.root, run.recipes["corpus"]) is None
    (folder / "aside").rename(folder / "object.json")
    assert store.look_up(run.root, run.recipes["corpus"]) is not None
    shutil.rmtree(folder)
    assert store.look_up(run.root, run.recipes["corpus"]) is None


def test_producers_lead_from_a_table_back_to_the_segments(run: SimpleNamespace) -> None:
    producers = store.find_producers(run.root)
    sha256 = hashlib.sha256((run.results / "metrics.csv").read_bytes()).hexdigest()
    stages = []
    pending = [sha256]
    while pending:
        made_by = producers[pending.pop()].recipe
        stages.append(made_by.stage)
        pending += [file.sha256 for file in made_by.inputs.values()]
    assert sorted(stages) == ["assemble", "collect 0", "collect 1", "gather", "sample"]
    assert len(list(store.read_records(run.root))) == 5


def test_of_two_producers_of_one_file_the_latest_is_given(tmp_path: Path) -> None:
    root = tmp_path / "store"
    for code, time in (("1", "2026-03-01"), ("2", "2026-05-01"), ("3", "2026-04-01")):
        record_text(root, tmp_path / "a", "x", replace(RECIPE, code=code), time=time)
    (found,) = store.find_producers(root).values()
    assert found.recipe.code == "2"
