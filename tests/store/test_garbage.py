"""Collection of garbage: what is named or young stays, the rest goes, and the store stays whole."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hyperforget import store
from hyperforget.errors import UserError
from hyperforget.store import CorruptObjectError, MissingObjectError
from hyperforget.store import garbage as collection_module
from hyperforget.store.blobs import blob_path
from hyperforget.store.documents import COPIES, delete_document
from hyperforget.store.files import file_digest
from hyperforget.store.places import object_folder
from hyperforget.store.recipes import recipe_place

DAY = 24 * 3600.0


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def untag(run: SimpleNamespace) -> None:
    """Leave nothing that names the version."""
    store.delete_tag(run.root, "paper")
    delete_document(run.root, "log/00000001.json")


def publish_other(root: Path) -> str:
    return store.publish(root, "networks", {"params": np.zeros(3, np.float32)}, {"other": True})


def collect(run: SimpleNamespace, **options: object) -> set[tuple[str, str]]:
    found = store.collect_garbage(run.root, **{"dry_run": False, "grace_seconds": 0.0, **options})  # type: ignore[arg-type]
    return {(removal.kind, removal.id) for removal in found}


@pytest.mark.parametrize("kept_by", ["tag", "log", "results"])
def test_tag_log_and_results_each_keep_everything(run: SimpleNamespace, kept_by: str) -> None:
    if kept_by != "tag":
        store.delete_tag(run.root, "paper")
    if kept_by == "tag":
        run.options = {"keep_last_entries": 0}
    elif kept_by == "log":
        run.options = {"keep_last_entries": 1}
    else:
        delete_document(run.root, "log/00000001.json")
        run.options = {"results_folders": [run.results]}
    other = publish_other(run.root)
    before = contents(run.root)
    removed = collect(run, **run.options)
    version = {("blob", run.version_id)} if kept_by == "results" else set()
    assert removed == {("object", other)} | version
    gone = set(before) - set(contents(run.root))
    assert all(other in name or run.version_id in name for name in gone)
    assert store.verify(run.root, 2) == []


def test_results_keep_what_no_version_names_and_lineage_keeps_the_rest(run: SimpleNamespace) -> None:
    untag(run)
    for path in run.results.rglob("*.json"):
        path.unlink()
    (run.results / "report.html").unlink()
    removed = collect(run, results_folders=[run.results], keep_last_entries=0)
    # metrics.csv alone leads over its recipe to the networks, the corpus and the segments.
    assert removed == {("blob", run.version_id), ("blob", _digest(b"<p>report</p>"))}
    for recipe in run.recipes.values():
        assert store.look_up(run.root, recipe) is not None


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def test_with_nothing_that_names_it_everything_goes(run: SimpleNamespace) -> None:
    untag(run)
    store.build_pack(run.root, run.objects["corpus"])
    planned = store.collect_garbage(run.root, grace_seconds=0)
    assert {removal.kind for removal in planned} == {"recipe", "blob", "object", "pack"}
    assert {removal.id for removal in planned if removal.kind == "object"} == set(run.objects.values())
    sizes = sum(removal.size for removal in planned)
    kept = sum(
        len(data) for name, data in contents(run.root).items() if name.startswith((COPIES, "store.json"))
    )
    assert sizes == sum(map(len, contents(run.root).values())) - kept
    assert store.verify(run.root, 2) == []  # a dry run removes nothing
    assert collect(run) == {(removal.kind, removal.id) for removal in planned}
    assert list(contents(run.root)) == ["store.json"]
    assert store.verify(run.root, 2) == []


def test_nothing_within_the_grace_goes_and_it_keeps_what_it_names(
    run: SimpleNamespace, age: Callable[..., None]
) -> None:
    untag(run)
    age(run.root, 15 * DAY)
    os.utime(object_folder(run.root, run.objects["corpus"]))  # as if published just now
    removed = collect(run, grace_seconds=14 * DAY)
    assert ("object", run.objects["networks"]) in removed
    assert not {("object", run.objects[name]) for name in ("corpus", "shard-0", "shard-1")} & removed
    assert store.verify(run.root, 2) == []


@pytest.mark.parametrize("use", ["publish", "put_blob", "record", "look_up", "append_log", "tag"])
def test_every_use_is_a_fresh_start_of_the_grace(
    run: SimpleNamespace, age: Callable[..., None], use: str
) -> None:
    networks = object_folder(run.root, run.objects["networks"])
    table = blob_path(run.root, file_digest(run.results / "metrics.csv"))
    version = run.version_id
    age(run.root, 15 * DAY)
    if use == "publish":
        stored = store.read(run.root, networks.name)
        store.publish(run.root, "networks", stored.arrays, stored.attributes)
        kept = {networks}
    elif use == "put_blob":
        store.put_blob(run.root, run.results / "metrics.csv")
        kept = {table}
    elif use == "record":
        store.record(run.root, run.recipes["table"], {"metrics.csv": run.results / "metrics.csv"}, {})
        kept = {table, run.root / recipe_place(run.recipes["table"].id)}
    elif use == "look_up":
        assert store.look_up(run.root, run.recipes["networks"]) is not None
        kept = {networks, run.root / recipe_place(run.recipes["networks"].id)}
    else:
        store.tag(run.root, "new", version) if use == "tag" else store.append_log(run.root, version, "")
        kept = {networks, table, blob_path(run.root, version)}
        delete_document(run.root, "tags/new.json")
        delete_document(run.root, "log/00000002.json")
    untag(run)
    planned = {removal.path for removal in store.collect_garbage(run.root)}
    assert not kept & planned


def test_what_is_used_between_the_plan_and_the_removal_comes_back(
    run: SimpleNamespace, age: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    untag(run)
    age(run.root, 15 * DAY)
    before = {name: data for name, data in contents(run.root).items() if not name.startswith(COPIES)}
    replace_document = collection_module.replace_document

    def use_everything(*arguments: object) -> None:
        replace_document(*arguments)  # type: ignore[arg-type]
        age(run.root, 0)

    monkeypatch.setattr(collection_module, "replace_document", use_everything)
    store.append_log(run.root, store.snapshot(run.root, run.results).id, "")
    age(run.root, 15 * DAY)
    assert store.collect_garbage(run.root, keep_last_entries=0, dry_run=False) == []
    after = contents(run.root)
    assert {name: after.get(name) for name in before} == before
    assert list((run.root / "tmp").iterdir()) == []


def test_older_entries_of_the_log_stay_but_keep_nothing(run: SimpleNamespace) -> None:
    store.delete_tag(run.root, "paper")
    old = file_digest(run.results / "metrics.csv")
    (run.results / "metrics.csv").write_text("new")
    newer = store.snapshot(run.root, run.results).id
    store.append_log(run.root, newer, "second")
    removed = collect(run, keep_last_entries=1)
    assert removed == {("blob", old), ("blob", run.version_id), ("recipe", run.recipes["table"].id)}
    assert [entry.version_id for entry in store.read_log(run.root)] == [run.version_id, newer]
    assert store.verify(run.root, 2) == []
    with pytest.raises(MissingObjectError):
        store.read_version(run.root, run.version_id)
    assert collect(run, keep_last_entries=10) == set()  # what was given up does not come back
    (run.root / "log" / "first-kept.json").unlink()
    assert store.verify(run.root) != []


def test_leftovers_of_killed_writers_go_after_the_grace(run: SimpleNamespace) -> None:
    leftovers = [
        run.root / "tmp" / "staging" / "data.zarr" / "chunk",
        run.root / "blobs" / "ab" / ".x.1.partial",
        run.root / "recipes" / "ab" / ".x.2.partial",
        run.root / "tags" / ".x.3.partial",
        run.root / "log" / ".x.4.partial",
        run.root / COPIES / "tags" / ".x.5.partial",
        run.root / ".store.json.6.partial",
    ]
    before = contents(run.root)
    for path in leftovers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert store.collect_garbage(run.root, dry_run=False) == []
    removed = store.collect_garbage(run.root, dry_run=False, grace_seconds=0)
    assert {removal.kind for removal in removed} == {"leftover"}
    assert {removal.path for removal in removed} == {run.root / "tmp" / "staging", *leftovers[1:]}
    assert contents(run.root) == before
    assert collect(run) == set()


def test_an_old_staging_folder_that_is_still_written_to_stays(
    run: SimpleNamespace, age: Callable[..., None]
) -> None:
    chunk = run.root / "tmp" / "staging" / "data.zarr" / "chunk"
    chunk.parent.mkdir(parents=True)
    chunk.write_text("x")
    age(run.root, 15 * DAY)
    os.utime(chunk)
    assert store.collect_garbage(run.root, dry_run=False) == []


@pytest.mark.parametrize("damage", ["tag", "recipe", "token", "version", "corpus"])
def test_where_damage_hides_what_must_be_kept_nothing_is_removed(run: SimpleNamespace, damage: str) -> None:
    publish_other(run.root)
    path = {
        "tag": run.root / "tags/paper.json",
        "recipe": run.root / recipe_place(run.recipes["corpus"].id),
        "token": blob_path(run.root, file_digest(run.results / "digits-4/corpus.json")),
        "version": blob_path(run.root, run.version_id),
        "corpus": object_folder(run.root, run.objects["corpus"]) / "object.json",
    }[damage]
    path.write_bytes(path.read_bytes()[:-1])
    before = contents(run.root)
    with pytest.raises(CorruptObjectError):
        collect(run)
    if damage != "corpus":
        path.unlink()
        with pytest.raises((CorruptObjectError, MissingObjectError)):
            collect(run)
    path.touch()
    assert set(contents(run.root)) == set(before)


def test_reachable_names_ids(run: SimpleNamespace) -> None:
    found = store.reachable(run.root, [], 10)
    assert found.objects == frozenset(run.objects.values())
    assert found.recipes == frozenset(recipe.id for recipe in run.recipes.values())
    assert run.version_id in found.blobs
    untag(run)
    assert store.reachable(run.root, [], 10).objects == frozenset()
    shutil.rmtree(object_folder(run.root, run.objects["shard-0"]))
    assert run.objects["shard-1"] in store.reachable(run.root, [run.results], 0).objects


def test_wrong_requests(run: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a store"):
        store.collect_garbage(tmp_path)
    with pytest.raises(UserError, match=r"folder .*resluts does not exist"):
        store.collect_garbage(run.root, [tmp_path / "resluts"])
    for wrong in ({"keep_last_entries": -1}, {"grace_seconds": -1.0}):
        with pytest.raises(UserError, match="must not be negative"):
            collect(run, **wrong)
