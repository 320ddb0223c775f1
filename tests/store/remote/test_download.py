"""Pull: what was pushed comes back, all of it or what a tag needs; what is damaged does not."""

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.store.canonical import digest
from hyperforget.store.computations import Computation, FileRef, OutputFile, Record, keep_record, read_records
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.remote import Bucket, Transfer, open_bucket, pull, push
from hyperforget.store.remote.kinds import OBJECTS, RECORDS, record_name
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, delete_tag, list_tags, read_tag, tag
from hyperforget.store.tokens import write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, snapshot
from tests.store.conftest import Run
from tests.store.remote.raw_bucket import content, delete, keys, put

pytestmark = pytest.mark.processes


def documents(root: Path) -> dict[str, bytes]:
    """Recipes, tags, log and blobs of a store by path."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in ("recipes", "tags", "log", "blobs")
        for path in (root / folder).rglob("*")
        if path.is_file()
    }


@pytest.fixture
def pushed(run: Run, bucket: Bucket) -> Bucket:
    """A bucket with all of the run."""
    push(run.store, bucket)
    return bucket


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A store that is not there yet."""
    return tmp_path / "new" / "store"


def test_all_that_was_pushed_comes_back(run: Run, pushed: Bucket, new: Path, tmp_path: Path) -> None:
    done = pull(Store(new), pushed)
    assert (done.objects, done.recipes, done.tags, done.log_entries, done.present) == (4, 5, 1, 1, 0)
    assert documents(new) == documents(run.root)
    for object_id in run.objects.values():
        ours, theirs = run.store.read(object_id), Store(new).read(object_id)
        assert (ours.kind, ours.attributes) == (theirs.kind, theirs.attributes)
        for name, array in ours.arrays.items():
            np.testing.assert_array_equal(array, theirs.arrays[name])
    assert verify(Store(new), 2) == []
    assert list((new / "tmp").iterdir()) == []
    for recipe in run.computations.values():
        assert Store(new).look_up(recipe) is not None
    checkout(Store(new), read_tag(Store(new), "paper").version_id, tmp_path / "results")
    for path in (run.results / "metrics.csv", run.results / "digits-4" / "corpus.json"):
        assert (tmp_path / "results" / path.relative_to(run.results)).read_bytes() == path.read_bytes()


def test_a_second_pull_fetches_nothing(pushed: Bucket, new: Path) -> None:
    first = pull(Store(new), pushed)
    second = pull(Store(new), pushed)
    assert second == Transfer(
        dry_run=False, objects=0, recipes=0, files=0, log_entries=0, tags=0, bytes=0,
        present=first.objects + first.recipes + first.files + first.log_entries + first.tags,
    )  # fmt: skip


def test_a_dry_run_tells_and_fetches_nothing(pushed: Bucket, new: Path) -> None:
    told = pull(Store(new), pushed, dry_run=True)
    assert not new.exists()
    assert pull(Store(new), pushed, "paper", dry_run=True).objects == 4
    assert not new.exists()
    assert pull(Store(new), pushed) == replace(told, dry_run=False)


def test_a_tag_brings_what_it_needs_and_no_more(run: Run, bucket: Bucket, new: Path, tmp_path: Path) -> None:
    # Another result of the same stages, in a version of its own, and an object that nothing leads to.
    alone = run.store.publish("networks", {"params": np.ones((2, 3))}, {"alone": True})
    more = run.store.publish("networks", {"params": np.zeros((2, 3))}, {})
    write_token(tmp_path / "more" / "more.json", "networks", more, {})
    run.store.record(Computation("more", {}, None, "c", {}), {"more": tmp_path / "more" / "more.json"}, {})
    version = snapshot(run.store, tmp_path / "more")
    tag(run.store, "more", version.id)
    append_log(run.store, version.id, "more")
    push(run.store, bucket)

    done = pull(Store(new), bucket, "more")
    assert (done.objects, done.recipes, done.tags, done.log_entries) == (1, 1, 1, 1)
    assert [path.name for path in new.glob("objects/*/*")] == [more]
    assert [entry.message for entry in read_log(Store(new))] == ["more"]
    assert verify(Store(new), 2) == []

    done = pull(Store(new), bucket, "paper")
    assert (done.objects, done.recipes, done.tags, done.log_entries) == (4, 5, 1, 1)
    assert {path.name for path in new.glob("objects/*/*")} == {more, *run.objects.values()}
    assert list(read_records(Store(new))) == list(read_records(run.store))
    assert verify(Store(new), 2) == []
    assert pull(Store(new), bucket).objects == 1
    assert Store(new).object_folder(alone).is_dir()


def test_tokens_without_a_recipe_are_followed_too(run: Run, bucket: Bucket, new: Path, tmp_path: Path) -> None:
    write_token(tmp_path / "mine" / "corpus.json", "corpus", run.objects["corpus"], {"own": "summary"})
    tag(run.store, "mine", snapshot(run.store, tmp_path / "mine").id)
    push(run.store, bucket)
    done = pull(Store(new), bucket, "mine")
    assert (done.objects, done.recipes) == (3, 0)  # the corpus and its segments
    assert verify(Store(new), 2) == []


def test_an_interrupted_pull_is_valid_at_every_moment_and_goes_on(
    run: Run, pushed: Bucket, new: Path, fail_after: Callable[[str, int], None]
) -> None:
    for calls in range(1, 200, 4):
        fail_after("get", calls)
        try:
            pull(Store(new), pushed)
        except UserError:
            assert not new.exists() or verify(Store(new), 2) == []
        else:
            break
    assert 10 < calls < 100
    assert documents(new) == documents(run.root)
    assert verify(Store(new), 2) == []


def damage(bucket: Bucket, kind: str) -> str:
    """Flip a bit of the last key of a kind, and return the key."""
    key = max(each for each in keys(bucket) if each.startswith(kind))
    data = bytearray(content(bucket, key))
    data[len(data) // 2] ^= 1
    put(bucket, key, bytes(data))
    return key


@pytest.mark.parametrize("name", [None, "paper"])
@pytest.mark.parametrize("kind", ["data", "objects", "blobs", "recipes", "log", "tags"])
def test_what_is_damaged_there_is_refused(run: Run, tmp_path: Path, new: Path, kind: str, name: str | None) -> None:
    # A folder, which is read as a bucket is, but faster.
    (tmp_path / "remote").mkdir()
    pushed = open_bucket((tmp_path / "remote").as_uri())
    push(run.store, pushed)
    refuses_damage(run, pushed, new, kind, name)


def test_what_is_damaged_in_a_bucket_is_refused(run: Run, pushed: Bucket, new: Path) -> None:
    refuses_damage(run, pushed, new, "data", None)


def refuses_damage(run: Run, pushed: Bucket, new: Path, kind: str, name: str | None) -> None:
    """Nothing damaged is pulled, and what the refusal advises helps."""
    key = damage(pushed, kind)
    with pytest.raises(CorruptObjectError) as refused:
        pull(Store(new), pushed, name)
    message = str(refused.value)
    assert message.startswith(f"{key} in remote {pushed.url}")
    assert message.endswith("; delete it there and push again from a store that has it")
    assert "\n" not in message
    if kind not in ("data", "blobs"):
        assert not new.exists()  # documents are read before anything is written
    if new.exists():
        assert not list((new / kind).rglob(key.rpartition("/")[2].removesuffix(".json")))
        assert verify(Store(new), 2) == []
        assert list_tags(Store(new)) == []
    # What the sentence says helps.
    delete(pushed, key)
    push(run.store, pushed)
    pull(Store(new), pushed, name)
    assert verify(Store(new), 2) == []


@pytest.mark.parametrize("kind", ["data", "objects", "blobs"])
def test_what_is_missing_there_is_told(pushed: Bucket, new: Path, kind: str) -> None:
    key = max(each for each in keys(pushed) if each.startswith(kind))
    delete(pushed, key)
    with pytest.raises((MissingObjectError, CorruptObjectError), match=key.rpartition("/")[2].removesuffix(".json")):
        pull(Store(new), pushed)
    assert not new.exists() or verify(Store(new), 2) == []


def test_a_manifest_cannot_reach_outside_its_object(pushed: Bucket, new: Path, tmp_path: Path) -> None:
    key = max(each for each in keys(pushed) if each.startswith("objects"))
    for evil in ("../../../../evil", f"{tmp_path}/evil", "a/../../evil", "object.json", ""):
        body = decode_document(content(pushed, key))
        body["files"][evil] = next(iter(body["files"].values()), {"size": 0, "sha256": "0" * 64})
        put(pushed, key, encode_document(body))
        with pytest.raises(CorruptObjectError, match=r"names a file .* outside the object"):
            pull(Store(new), pushed)
    assert list(tmp_path.rglob("evil")) == []


@pytest.mark.parametrize("size", [0, 1, 10**15])
def test_a_manifest_that_states_another_size_is_refused(run: Run, pushed: Bucket, new: Path, size: int) -> None:
    """What is stated is added up for progress, so that a file is no shorter than its manifest says, and no longer."""
    key = OBJECTS.key(run.objects["networks"])
    body = decode_document(content(pushed, key))
    body["files"][min(body["files"])]["size"] = size
    put(pushed, key, encode_document(body))
    with pytest.raises(CorruptObjectError, match=rf"has (more than {size} bytes|\d+ bytes instead of {size})"):
        pull(Store(new), pushed)
    assert verify(Store(new), 2) == []


def test_an_object_is_compared_with_its_id_and_not_with_its_manifest_alone(
    run: Run, pushed: Bucket, new: Path, tmp_path: Path
) -> None:
    """Checksums are right all through, but the files hold another array."""
    key = OBJECTS.key(run.objects["networks"])
    forged = decode_document(content(pushed, key))
    zeros = {"params": np.zeros((5, 14), np.float32)}
    other = Store(tmp_path / "forger").publish("networks", zeros, forged["content"]["attributes"])
    push(Store(tmp_path / "forger"), pushed)
    path = Store(tmp_path / "forger").object_folder(other) / "object.json"
    forged["files"] = decode_document(path.read_bytes())["files"]
    put(pushed, key, encode_document(forged))
    with pytest.raises(CorruptObjectError, match=f"{key} in remote .* other values than were published"):
        pull(Store(new), pushed)
    assert not Store(new).object_folder(run.objects["networks"]).exists()
    assert verify(Store(new), 2) == []


def record_of(result: str) -> Record:
    recipe = Computation("stage", {}, None, "c0de", {"in": FileRef("in", "a" * 64)})
    return Record(recipe, {"out": OutputFile("out", result, 1)}, (), {"host": "there"})


def test_another_result_of_a_recipe_stays_on_both_sides(tmp_path: Path, bucket: Bucket) -> None:
    records = {}
    for name in ("1", "2"):
        records[name] = record_of(Store(tmp_path / name).put_blob(name.encode()))
        keep_record(Store(tmp_path / name), records[name])
        assert push(Store(tmp_path / name), bucket).recipes == 1
    recipe = records["1"].computation
    for name, record in records.items():
        done = pull(Store(tmp_path / name), bucket)
        assert (done.recipes, done.left) == (0, (recipe.id,))
        assert Store(tmp_path / name).look_up(recipe) == record
    done = pull(Store(tmp_path / "new"), bucket)
    assert (done.recipes, done.files, done.left) == (1, 2, (recipe.id,))
    assert Store(tmp_path / "new").look_up(recipe) in records.values()


def test_a_recipe_without_its_result_is_refused(tmp_path: Path, bucket: Bucket, new: Path) -> None:
    push_empty(tmp_path / "empty", bucket)
    record = record_of("b" * 64)
    key = RECORDS.key(record_name(record))
    put(bucket, key, RECORDS.encode(record))
    with pytest.raises(CorruptObjectError, match=f"{key} in remote .* names {'b' * 64}, which is not there"):
        pull(Store(new), bucket)
    assert not new.exists()


def push_empty(root: Path, bucket: Bucket) -> None:
    Store(root).create()
    push(Store(root), bucket)


@pytest.mark.parametrize(
    "body", [{}, {"name": "x", "version_id": 1}, {"name": "y", "version_id": "0" * 64, "time": ""}]
)
def test_a_tag_of_another_form_is_refused(tmp_path: Path, bucket: Bucket, new: Path, body: dict[str, Any]) -> None:
    push_empty(tmp_path / "empty", bucket)
    put(bucket, "tags/x.json", encode_document({**body, "place": "tags/x.json"}))
    with pytest.raises(CorruptObjectError, match=r"tags/x\.json in remote"):
        pull(Store(new), bucket)


def test_a_tag_that_names_another_version_here_stops_all(run: Run, pushed: Bucket) -> None:
    (run.results / "metrics.csv").write_text("other")
    other = snapshot(run.store, run.results).id
    delete_tag(run.store, "paper")
    tag(run.store, "paper", other)
    before = documents(run.root)
    for name in (None, "paper"):
        with pytest.raises(UserError, match=f"tag paper is version {other[:12]} here, but {run.version_id[:12]}"):
            pull(run.store, pushed, name)
    assert documents(run.root) == before


def test_unknown_tags_and_empty_places_are_told(pushed: Bucket, new: Path) -> None:
    with pytest.raises(UserError, match="has no tag 'papers'; known are paper; did you mean 'paper'"):
        pull(Store(new), pushed, "papers")
    for key in keys(pushed):
        delete(pushed, key)
    with pytest.raises(UserError, match="holds no store; check the URL, or push one there first"):
        pull(Store(new), pushed)
    assert not new.exists()


def test_a_damaged_store_is_repaired(run: Run, pushed: Bucket) -> None:
    before = documents(run.root)
    shutil.rmtree(run.store.object_folder(run.objects["shard-1"]) / "data.zarr")
    (run.root / "blobs" / run.version_id[:2] / run.version_id).unlink()
    place = run.root / "recipes" / run.computations["table"].id[:2] / f"{run.computations['table'].id}.json"
    place.write_bytes(b"{}")
    done = pull(run.store, pushed)
    assert (done.objects, done.files, done.recipes) == (1, 1, 1)
    assert documents(run.root) == before
    assert verify(run.store, 2) == []


def test_pulls_into_one_store_at_once_are_joined(run: Run, bucket: Bucket, new: Path) -> None:
    for number in range(4):
        append_log(run.store, run.version_id, f"entry {number}")
    push(run.store, bucket)
    together = threading.Barrier(3)

    def pull_together(_: int) -> Transfer:
        together.wait()
        return pull(Store(new), bucket)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(pull_together, range(3)))
    assert len(read_log(Store(new))) == 5
    assert {entry.id for entry in read_log(Store(new))} == {entry.id for entry in read_log(run.store)}
    assert verify(Store(new), 2) == []


def test_ids_of_entries_do_not_depend_on_numbers(run: Run) -> None:
    (entry,) = read_log(run.store)
    assert replace(entry, number=7).id == entry.id
    assert entry.id == digest({"version_id": entry.version_id, "message": "first", "time": entry.time})
    assert replace(entry, message="second").id != entry.id
