"""Push: only what is lacking travels, in an order that never leaves a name without what it names."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.store import chunks
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.remote import Bucket, Transfer, bucket_side, pull, push
from hyperforget.store.remote.bucket import list_keys
from hyperforget.store.remote.kinds import TAGS
from hyperforget.store.store import Store
from hyperforget.store.tags import Tag, delete_tag, tag
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, snapshot
from tests.store.conftest import Run
from tests.store.remote.raw_bucket import content, dangling, delete, keys, put


def test_everything_travels_once_under_its_name(run: Run, bucket: Bucket) -> None:
    done = push(run.store, bucket)
    blobs = {path.name for path in run.root.glob("blobs/*/*")}
    data = {path.read_bytes() for path in run.root.glob("objects/*/*/data.zarr/**/*") if path.is_file()}
    assert (done.objects, done.recipes, done.files, done.tags, done.log_entries) == (4, 5, len(blobs), 1, 1)
    assert done.present == 0
    there = keys(bucket)
    sizes = {kind: sum(size for key, size in there.items() if key.startswith(kind)) for kind in ("blobs", "data")}
    assert done.bytes == sum(sizes.values())
    assert sizes["data"] == sum(map(len, data))  # equal files of several objects travel once
    for key in there:
        if key.startswith(("blobs/", "data/")):
            sha256 = hashlib.sha256(content(bucket, key)).hexdigest()
            assert key == f"{key.split('/')[0]}/{sha256[:2]}/{sha256}"
    assert {key.split("/")[-1] for key in there if key.startswith("blobs")} == blobs
    assert {key.split("/")[-1] for key in there if key.startswith("objects")} == {
        f"{object_id}.json" for object_id in run.objects.values()
    }
    assert {key.split("/")[2] for key in there if key.startswith("recipes")} == {
        recipe.id for recipe in run.computations.values()
    }
    assert json.loads(content(bucket, "remote.json")) == {"format": 1, "hash": "sha256"}
    assert "tags/paper.json" in there
    assert dangling(bucket) == []


def test_a_tag_sends_what_it_needs_and_no_more(run: Run, bucket: Bucket, tmp_path: Path) -> None:
    run.store.publish("networks", {"params": np.ones((2, 3))}, {"alone": True})
    with pytest.raises(UserError, match=r"store .* has no tag 'papers'; known are paper; did you mean 'paper'"):
        push(run.store, bucket, "papers")
    assert keys(bucket) == {}
    done = push(run.store, bucket, "paper")
    assert (done.objects, done.recipes, done.tags, done.log_entries) == (4, 5, 1, 1)
    assert dangling(bucket) == []
    assert pull(Store(tmp_path / "new"), bucket, "paper").objects == 4
    assert push(run.store, bucket, "paper").bytes == 0
    assert push(run.store, bucket).objects == 1  # the one that nothing leads to


def test_a_second_push_sends_nothing(run: Run, bucket: Bucket, fail_after: Callable[[str, int], None]) -> None:
    first = push(run.store, bucket)
    before = keys(bucket)
    fail_after("put", 1)  # of remote.json, which is there
    second = push(run.store, bucket)
    sent = (second.objects, second.recipes, second.files, second.tags, second.log_entries, second.bytes)
    assert sent == (0, 0, 0, 0, 0, 0)
    assert second.present == 4 + 5 + first.files + 1 + 1
    assert keys(bucket) == before


def test_only_what_is_new_travels(run: Run, bucket: Bucket) -> None:
    push(run.store, bucket)
    before = keys(bucket)
    object_id = run.store.publish("networks", {"params": np.ones((2, 3))}, {})
    done = push(run.store, bucket)
    assert (done.objects, done.recipes, done.files) == (1, 0, 0)
    added = keys(bucket).keys() - before.keys()
    manifest = f"objects/{object_id[:2]}/{object_id}.json"
    assert manifest in added
    assert all(key.startswith("data/") for key in added - {manifest})


def test_a_dry_run_tells_and_sends_nothing(run: Run, bucket: Bucket) -> None:
    told = push(run.store, bucket, dry_run=True)
    assert keys(bucket) == {}
    done = push(run.store, bucket)
    assert told == Transfer(**{**vars(done), "dry_run": True})
    assert push(run.store, bucket, dry_run=True).present == push(run.store, bucket).present


def test_an_interrupted_push_is_valid_at_every_moment_and_goes_on(
    run: Run, bucket: Bucket, fail_after: Callable[[str, int], None], tmp_path: Path
) -> None:
    attempts = 1
    while not _push_some(run.root, bucket, fail_after):
        attempts += 1
        assert dangling(bucket) == []
    sent = len(keys(bucket)) - 1
    assert attempts > 5
    assert sent > (attempts - 2) * 4 + 3  # every attempt but the last got as far as it could
    pull(Store(tmp_path / "new"), bucket)
    assert verify(Store(tmp_path / "new"), 2) == []


def _push_some(root: Path, bucket: Bucket, fail_after: Callable[[str, int], None]) -> bool:
    """Push until the sixth file, and return whether that was all."""
    fail_after("put", 5)  # of which up to two are remote.json
    try:
        push(Store(root), bucket)
    except UserError as error:
        if "it cannot be reached" not in str(error):
            raise
        return False
    return True


def test_a_damaged_file_is_not_sent(run: Run, bucket: Bucket) -> None:
    path = run.store.blob_path(snapshot(run.store, run.results).files[0].sha256)
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(
        CorruptObjectError, match=f"{path.name} is damaged: .*; delete .* and run the workflow again, and push"
    ):
        push(run.store, bucket)
    assert f"blobs/{path.name[:2]}/{path.name}" not in keys(bucket)
    assert dangling(bucket) == []


def test_a_store_that_is_not_whole_is_refused(run: Run, bucket: Bucket) -> None:
    folder = run.store.object_folder(run.objects["networks"])
    folder.rename(folder.parents[2] / "aside")
    with pytest.raises(MissingObjectError, match=f"is not whole: object {folder.name} is missing"):
        push(run.store, bucket)
    assert keys(bucket) == {}


def other_version(run: Run, text: str = "other") -> str:
    (run.results / "metrics.csv").write_text(text)
    return snapshot(run.store, run.results).id


def test_a_tag_that_names_another_version_stops_all(run: Run, bucket: Bucket) -> None:
    push(run.store, bucket)
    before = keys(bucket)
    version_id = other_version(run)
    delete_tag(run.store, "paper")
    tag(run.store, "paper", version_id)
    with pytest.raises(UserError) as refused:
        push(run.store, bucket)
    assert f"tag paper is version {version_id[:12]} here, but {run.version_id[:12]} in remote" in str(refused.value)
    assert "delete the one here, or give it another name" in str(refused.value)
    assert keys(bucket) == before
    delete_tag(run.store, "paper")
    tag(run.store, "paper-2", version_id)
    assert push(run.store, bucket).tags == 1


def test_a_tag_that_another_gives_meanwhile_is_not_overwritten(
    run: Run, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_id = other_version(run)
    tag(run.store, "late", version_id)
    obstore = pytest.importorskip("obstore")
    real = obstore.put

    def give_it_first(handle: Any, key: str, *content: Any, **options: Any) -> Any:
        if key == "tags/late.json":
            real(handle, key, TAGS.encode(Tag("late", run.version_id, "2026-01-01")))
        return real(handle, key, *content, **options)

    monkeypatch.setattr(obstore, "put", give_it_first)
    with pytest.raises(UserError, match=f"tag late is version {version_id[:12]} here, but {run.version_id[:12]}"):
        push(run.store, bucket)
    assert json.loads(content(bucket, "tags/late.json"))["version_id"] == run.version_id
    assert dangling(bucket) == []


def test_logs_are_joined(run: Run, bucket: Bucket, tmp_path: Path) -> None:
    push(run.store, bucket)
    pull(Store(tmp_path / "theirs"), bucket)
    ours = append_log(run.store, other_version(run), "ours")
    theirs = append_log(Store(tmp_path / "theirs"), run.version_id, "theirs")
    assert ours.number == theirs.number == 2
    assert push(run.store, bucket).log_entries == push(Store(tmp_path / "theirs"), bucket).log_entries == 1
    assert pull(run.store, bucket).log_entries == pull(Store(tmp_path / "theirs"), bucket).log_entries == 1
    for root in (run.root, tmp_path / "theirs"):
        entries = read_log(Store(root))
        assert [entry.number for entry in entries] == [1, 2, 3]
        assert {entry.message: entry.time for entry in entries[1:]} == {
            "ours": ours.time,
            "theirs": theirs.time,
        }
        assert push(Store(root), bucket).log_entries == pull(Store(root), bucket).log_entries == 0


def test_other_encodings_of_one_object_do_not_mix(
    run: Run, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = np.repeat(np.random.default_rng(0).normal(size=(64, 1)), 200, axis=1)
    ids, data = set(), []
    for level in (0, 5):
        monkeypatch.setattr(chunks, "LEVEL", level)
        root = tmp_path / f"level-{level}"
        ids.add(Store(root).publish("networks", {"params": params}, {}))
        data.append({path.read_bytes() for path in root.glob("objects/*/*/data.zarr/params/c/0/0")})
    (object_id,) = ids
    assert data[0] != data[1]
    # As if the second push began before the first had put its manifest there.
    push(Store(tmp_path / "level-0"), bucket)
    manifest = f"objects/{object_id[:2]}/{object_id}.json"
    first = content(bucket, manifest)
    delete(bucket, manifest)
    push(Store(tmp_path / "level-5"), bucket)
    put(bucket, manifest, first)
    assert dangling(bucket) == []
    pull(Store(tmp_path / "new"), bucket)
    np.testing.assert_array_equal(Store(tmp_path / "new").read(object_id).arrays["params"], params)
    assert push(Store(tmp_path / "level-5"), bucket).objects == 0


@pytest.mark.parametrize("kind", ["data", "blobs", "objects", "recipes", "tags", "log"])
def test_what_was_deleted_there_is_sent_again(run: Run, bucket: Bucket, kind: str) -> None:
    push(run.store, bucket)
    key = max(each for each in keys(bucket) if each.startswith(kind))
    before = content(bucket, key)
    delete(bucket, key)
    push(run.store, bucket)
    assert content(bucket, key) == before


@pytest.mark.parametrize("kind", ["data", "blobs"])
def test_what_has_another_size_there_is_sent_again(run: Run, bucket: Bucket, kind: str) -> None:
    push(run.store, bucket)
    key = max(each for each in keys(bucket) if each.startswith(kind))
    before = content(bucket, key)
    put(bucket, key, before[:-1])
    push(run.store, bucket)
    assert content(bucket, key) == before


def test_a_place_with_other_files_is_refused(run: Run, bucket: Bucket) -> None:
    put(bucket, "holiday.jpg", b"sun")
    with pytest.raises(UserError, match="holds other files and no store; name another prefix, such as s3://"):
        push(run.store, bucket)
    assert keys(bucket) == {"holiday.jpg": 3}


@pytest.mark.parametrize("when", ["just before this looks", "just after"])
def test_two_may_make_the_remote_at_once(
    run: Run, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    object_id = Store(tmp_path / "theirs").publish("networks", {"params": np.ones(2)}, {})

    def be_second(bucket: Bucket, folder: str | None = None) -> Iterator[tuple[str, int]]:
        monkeypatch.setattr(bucket_side, "list_keys", list_keys)
        before = list(list_keys(bucket, folder))
        push(Store(tmp_path / "theirs"), bucket)
        return iter(before) if when == "just after" else list_keys(bucket, folder)

    monkeypatch.setattr(bucket_side, "list_keys", be_second)
    assert push(run.store, bucket).objects == 4
    assert f"objects/{object_id[:2]}/{object_id}.json" in keys(bucket)
    assert dangling(bucket) == []


def test_a_remote_of_a_later_format_is_refused(run: Run, bucket: Bucket, tmp_path: Path) -> None:
    put(bucket, "remote.json", b'{"format": 2}')
    for move, where in ((push, run.store), (pull, Store(tmp_path / "new"))):
        with pytest.raises(UserError, match="has format 2, but this version of hyperforget reads format 1"):
            move(where, bucket)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("digits", [400, 4000, 5000])
def test_a_format_of_thousands_of_digits_is_refused_in_a_short_sentence(
    run: Run, bucket: Bucket, tmp_path: Path, digits: int
) -> None:
    put(bucket, "remote.json", b'{"format": 1' + digits * b"0" + b"}")
    with pytest.raises(UserError) as refusal:
        pull(Store(tmp_path / "new"), bucket)
    assert len(str(refusal.value)) < 500


def test_a_storage_that_ignores_conditions_is_refused(
    run: Run, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overwrite(bucket: Bucket, key: str, data: bytes) -> bool:
        put(bucket, key, data)
        return True

    monkeypatch.setattr(bucket_side, "create", overwrite)
    with pytest.raises(UserError, match="ignores the condition of a write"):
        push(run.store, bucket)
    assert keys(bucket).keys() == {"remote.json"}


def test_a_log_that_was_cleaned_stays_behind(run: Run, bucket: Bucket) -> None:
    append_log(run.store, other_version(run), "second")
    delete_tag(run.store, "paper")
    collect_garbage(run.store, [run.results], 1, dry_run=False, grace_seconds=0)
    assert push(run.store, bucket).log_entries == 1
    assert dangling(bucket) == []
