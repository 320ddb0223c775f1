"""Collection of garbage: what is named or young stays, the rest goes, and the store stays whole."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.store import garbage as collection_module
from hyperforget.store.computations import computation_place
from hyperforget.store.documents import COPIES, delete_document, replace_document
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import file_digest
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.packs import build_pack
from hyperforget.store.reachability import reachable
from hyperforget.store.store import Store
from hyperforget.store.tags import delete_tag, tag
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, read_version, snapshot
from tests.store.conftest import Run

DAY = 24 * 3600.0


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def untag(run: Run) -> None:
    """Leave nothing that names the version."""
    delete_tag(run.store, "paper")
    delete_document(run.store, "log/00000001.json")


def publish_other(root: Path) -> str:
    return Store(root).publish("networks", {"params": np.zeros(3, np.float32)}, {"other": True})


def collect(run: Run, **options: object) -> set[tuple[str, str]]:
    found = collect_garbage(run.store, **{"dry_run": False, "grace_seconds": 0.0, **options})  # type: ignore[arg-type]
    return {(removal.kind, removal.id) for removal in found}


@pytest.mark.parametrize("kept_by", ["tag", "log", "results"])
def test_tag_log_and_results_each_keep_everything(run: Run, kept_by: str) -> None:
    if kept_by != "tag":
        delete_tag(run.store, "paper")
    if kept_by == "results":
        delete_document(run.store, "log/00000001.json")
    kept: dict[str, dict[str, object]] = {
        "tag": {"keep_last_entries": 0},
        "log": {"keep_last_entries": 1},
        "results": {"results_folders": [run.results]},
    }
    other = publish_other(run.root)
    before = contents(run.root)
    removed = collect(run, **kept[kept_by])
    version = {("blob", run.version_id)} if kept_by == "results" else set()
    assert removed == {("object", other)} | version
    gone = set(before) - set(contents(run.root))
    assert all(other in name or run.version_id in name for name in gone)
    assert verify(run.store, 2) == []


@pytest.mark.parametrize("task", ["logs", "benchmarks", "store", "tables"])
def test_results_keep_everything_whatever_the_task_is_called(run: Run, task: str) -> None:
    untag(run)
    (run.results / "metrics.csv").unlink()
    shutil.rmtree(run.results / "logs")
    (run.results / "digits-4").rename(run.results / task)
    removed = collect(run, results_folders=[run.results], keep_last_entries=0)
    assert not {("object", object_id) for object_id in run.objects.values()} & removed


def test_results_keep_what_no_version_names_and_lineage_keeps_the_rest(run: Run) -> None:
    untag(run)
    for path in run.results.rglob("*.json"):
        path.unlink()
    (run.results / "report.html").unlink()
    removed = collect(run, results_folders=[run.results], keep_last_entries=0)
    # metrics.csv alone leads over its computation to the networks, the corpus and the segments.
    assert removed == {("blob", run.version_id), ("blob", _digest(b"<p>report</p>"))}
    for recipe in run.computations.values():
        assert run.store.look_up(recipe) is not None


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def test_with_nothing_that_names_it_everything_goes(run: Run) -> None:
    untag(run)
    build_pack(run.store, run.objects["corpus"])
    planned = collect_garbage(run.store, grace_seconds=0)
    assert {removal.kind for removal in planned} == {"computation", "blob", "object", "pack"}
    assert {removal.id for removal in planned if removal.kind == "object"} == set(run.objects.values())
    sizes = sum(removal.size for removal in planned)
    kept = sum(len(data) for name, data in contents(run.root).items() if name.startswith((COPIES, "store.json")))
    assert sizes == sum(map(len, contents(run.root).values())) - kept
    assert verify(run.store, 2) == []  # a dry run removes nothing
    assert collect(run) == {(removal.kind, removal.id) for removal in planned}
    assert list(contents(run.root)) == ["store.json"]
    assert verify(run.store, 2) == []


def test_nothing_within_the_grace_goes_and_it_keeps_what_it_names(run: Run, age: Callable[..., None]) -> None:
    untag(run)
    age(run.root, 15 * DAY)
    os.utime(run.store.object_folder(run.objects["corpus"]))  # as if published just now
    removed = collect(run, grace_seconds=14 * DAY)
    assert ("object", run.objects["networks"]) in removed
    assert not {("object", run.objects[name]) for name in ("corpus", "shard-0", "shard-1")} & removed
    assert verify(run.store, 2) == []


@pytest.mark.parametrize("use", ["publish", "put_blob", "record", "look_up", "append_log", "tag"])
def test_every_use_is_a_fresh_start_of_the_grace(run: Run, age: Callable[..., None], use: str) -> None:
    networks = run.store.object_folder(run.objects["networks"])
    table = run.store.blob_path(file_digest(run.results / "metrics.csv"))
    version = run.version_id
    age(run.root, 15 * DAY)
    if use == "publish":
        stored = run.store.read(networks.name)
        run.store.publish("networks", stored.arrays, stored.attributes)
        kept = {networks}
    elif use == "put_blob":
        run.store.put_blob(run.results / "metrics.csv")
        kept = {table}
    elif use == "record":
        run.store.record(run.computations["table"], {"metrics.csv": run.results / "metrics.csv"}, {})
        kept = {table, run.root / computation_place(run.computations["table"].id)}
    elif use == "look_up":
        assert run.store.look_up(run.computations["networks"]) is not None
        kept = {networks, run.root / computation_place(run.computations["networks"].id)}
    else:
        tag(run.store, "new", version) if use == "tag" else append_log(run.store, version, "")
        kept = {networks, table, run.store.blob_path(version)}
        delete_document(run.store, "tags/new.json")
        delete_document(run.store, "log/00000002.json")
    untag(run)
    planned = {removal.path for removal in collect_garbage(run.store)}
    assert not kept & planned


def test_what_is_used_between_the_plan_and_the_removal_comes_back(
    run: Run, age: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    untag(run)
    age(run.root, 15 * DAY)
    before = {name: data for name, data in contents(run.root).items() if not name.startswith(COPIES)}

    def use_everything(*arguments: object) -> None:
        replace_document(*arguments)  # type: ignore[arg-type]
        age(run.root, 0)

    monkeypatch.setattr(collection_module, "replace_document", use_everything)
    append_log(run.store, snapshot(run.store, run.results).id, "")
    age(run.root, 15 * DAY)
    assert collect_garbage(run.store, keep_last_entries=0, dry_run=False) == []
    after = contents(run.root)
    assert {name: after.get(name) for name in before} == before
    assert list((run.root / "tmp").iterdir()) == []


def test_older_entries_of_the_log_stay_but_keep_nothing(run: Run) -> None:
    delete_tag(run.store, "paper")
    old = file_digest(run.results / "metrics.csv")
    (run.results / "metrics.csv").write_text("new")
    newer = snapshot(run.store, run.results).id
    append_log(run.store, newer, "second")
    removed = collect(run, keep_last_entries=1)
    assert removed == {("blob", old), ("blob", run.version_id), ("computation", run.computations["table"].id)}
    assert [entry.version_id for entry in read_log(run.store)] == [run.version_id, newer]
    assert verify(run.store, 2) == []
    with pytest.raises(MissingObjectError):
        read_version(run.store, run.version_id)
    assert collect(run, keep_last_entries=10) == set()  # what was given up does not come back
    (run.root / "log" / "first-kept.json").unlink()
    assert verify(run.store) != []


def test_leftovers_of_killed_writers_go_after_the_grace(run: Run) -> None:
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
    assert collect_garbage(run.store, dry_run=False) == []
    removed = collect_garbage(run.store, dry_run=False, grace_seconds=0)
    assert {removal.kind for removal in removed} == {"leftover"}
    assert {removal.path for removal in removed} == {run.root / "tmp" / "staging", *leftovers[1:]}
    assert contents(run.root) == before
    assert collect(run) == set()


def test_an_old_staging_folder_that_is_still_written_to_stays(run: Run, age: Callable[..., None]) -> None:
    chunk = run.root / "tmp" / "staging" / "data.zarr" / "chunk"
    chunk.parent.mkdir(parents=True)
    chunk.write_text("x")
    age(run.root, 15 * DAY)
    os.utime(chunk)
    assert collect_garbage(run.store, dry_run=False) == []


@pytest.mark.parametrize("damage", ["tag", "recipe", "token", "version", "corpus"])
def test_where_damage_hides_what_must_be_kept_nothing_is_removed(run: Run, damage: str) -> None:
    publish_other(run.root)
    path = {
        "tag": run.root / "tags/paper.json",
        "recipe": run.root / computation_place(run.computations["corpus"].id),
        "token": run.store.blob_path(file_digest(run.results / "digits-4/corpus.json")),
        "version": run.store.blob_path(run.version_id),
        "corpus": run.store.object_folder(run.objects["corpus"]) / "object.json",
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


def test_reachable_names_ids(run: Run) -> None:
    found = reachable(run.store, [], 10)
    assert {name for kind, name in found if kind == "object"} == set(run.objects.values())
    assert {name for kind, name in found if kind == "computation"} == {each.id for each in run.computations.values()}
    assert ("blob", run.version_id) in found
    untag(run)
    assert [node for node in reachable(run.store, [], 10) if node[0] == "object"] == []
    shutil.rmtree(run.store.object_folder(run.objects["shard-0"]))
    assert ("object", run.objects["shard-1"]) in reachable(run.store, [run.results], 0)


def test_wrong_requests(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a store"):
        collect_garbage(Store(tmp_path))
    with pytest.raises(UserError, match=r"folder .*resluts does not exist"):
        collect_garbage(run.store, [tmp_path / "resluts"])
    for wrong in ({"keep_last_entries": -1}, {"grace_seconds": -1.0}):
        with pytest.raises(UserError, match="must not be negative"):
            collect(run, **wrong)
