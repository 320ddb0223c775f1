"""Verification: silent on a whole store, and precise about each kind of damage."""

import os
import shutil
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.store.computations import computation_place
from hyperforget.store.documents import COPIES, delete_document, read_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.files import file_digest
from hyperforget.store.packs import build_pack
from hyperforget.store.store import Store
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log
from tests.store.conftest import Run


def kinds(root: Path, level: int = 1) -> list[tuple[str, str]]:
    return [(finding.kind, finding.id) for finding in verify(Store(root), level)]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_whole_store_gives_no_findings(run: Run, level: int) -> None:
    build_pack(run.store, run.objects["corpus"])
    (run.root / "tmp" / "leftover").mkdir(parents=True)
    (run.root / "blobs" / "ab").mkdir(exist_ok=True)
    (run.root / "blobs" / "ab" / f".{'0' * 64}.1.partial").touch()
    assert verify(run.store, level) == []


def test_levels_look_ever_closer(run: Run) -> None:
    folder = run.store.object_folder(run.objects["shard-0"])
    chunk = folder / "data.zarr/theta/c/0/0/0"
    data = bytearray(chunk.read_bytes())
    data[-40] ^= 1
    chunk.write_bytes(data)
    assert [kinds(run.root, level) for level in (0, 1, 2)] == [[], *[[("object", folder.name)]] * 2]
    (finding,) = verify(run.store, 1)
    assert finding.path == folder
    assert finding.problem == "data.zarr/theta/c/0/0/0 is not what was written"
    chunk.write_bytes(data[:-1])
    assert kinds(run.root, 0) == [("object", folder.name)]


def test_values_are_compared_with_the_id_even_if_the_manifest_agrees_with_the_files(tmp_path: Path) -> None:
    import numpy as np

    from hyperforget.store.documents import decode_document, encode_document

    ids = [Store(tmp_path).publish("networks", {"params": np.full(3, float(n))}, {}) for n in (0, 1)]
    folders = [Store(tmp_path).object_folder(object_id) for object_id in ids]
    chunk = "data.zarr/params/c/0"
    body = decode_document((folders[0] / "object.json").read_bytes())
    body["files"][chunk] = {
        "size": (folders[1] / chunk).stat().st_size,
        "sha256": file_digest(folders[1] / chunk),
    }
    for path in (folders[0] / chunk, folders[0] / "object.json"):
        path.unlink()
    shutil.copy(folders[1] / chunk, folders[0] / chunk)
    (folders[0] / "object.json").write_bytes(encode_document(body))
    assert kinds(tmp_path, 1) == []
    (finding,) = verify(Store(tmp_path), 2)
    assert finding.id == ids[0]
    assert "array params has other values than were published" in finding.problem


def test_what_is_missing_is_named_with_what_names_it(run: Run) -> None:
    shutil.rmtree(run.store.object_folder(run.objects["shard-1"]))
    (finding,) = verify(run.store, 0)
    assert (finding.kind, finding.id) == ("object", run.objects["shard-1"])
    assert finding.problem.startswith("is missing, but computation ")
    for root in (run.root, run.root / COPIES):
        shutil.rmtree(root / "recipes")
    (finding,) = verify(run.store, 0)
    assert "digits-4/checkpoints/shard-1.json in log/00000001 names it" in finding.problem
    for root in (run.root, run.root / COPIES):
        shutil.rmtree(root / "log")
        shutil.rmtree(root / "tags")
    (finding,) = verify(run.store, 0)
    assert f"corpus {run.objects['corpus']} names it" in finding.problem


def test_files_of_versions_and_recipes_are_missed(run: Run) -> None:
    table = file_digest(run.results / "metrics.csv")
    report = file_digest(run.results / "report.html")
    run.store.blob_path(table).write_bytes(b"short")
    run.store.blob_path(report).unlink()
    assert sorted(kinds(run.root, 0)) == sorted([("blob", table), ("blob", report)])
    assert sorted(kinds(run.root, 1)) == sorted([("blob", table), ("blob", report), ("blob", table)])


@pytest.mark.parametrize("kind", ["computation", "tag", "log"])
def test_deleted_and_moved_documents(run: Run, kind: str) -> None:
    place = {"computation": computation_place(run.computations["corpus"].id), "tag": "tags/paper.json"}.get(
        kind, "log/00000001.json"
    )
    name = Path(place).stem
    os.rename(run.root / place, run.root / place.replace(name, "0" * len(name)))
    found = {(each.kind, each.id, each.problem) for each in verify(run.store, 0)}
    assert {
        (kind, "0" * len(name), "was written at another place"),
        (kind, name, "was deleted, but not its copy"),
    } <= found
    with pytest.raises(CorruptObjectError, match=f"{name}.* was deleted, but not its copy; put .*copies"):
        read_document(run.store, place, lambda _, body: body)
    (run.root / place.replace(name, "0" * len(name))).unlink()
    delete_document(run.store, place)
    if kind != "log":
        assert verify(run.store, 1) == []


def test_a_gap_in_the_log_is_found_without_a_copy(run: Run) -> None:
    append_log(run.store, run.version_id, "second")
    delete_document(run.store, "log/00000001.json")
    (finding,) = verify(run.store, 0)
    assert (finding.kind, finding.id, finding.problem) == ("log", "00000001", "is missing")


def test_what_does_not_belong_there(run: Run) -> None:
    extra = run.store.object_folder(run.objects["networks"]) / "data.zarr/params/c/0/1"
    extra.write_bytes(b"x")
    (run.root / "blobs" / "ab").mkdir(exist_ok=True)
    (run.root / "blobs" / "ab" / "notes.txt").touch()
    found = {finding.kind: finding.problem for finding in verify(run.store, 0)}
    assert found == {
        "object": "has data.zarr/params/c/0/1, which does not belong to it",
        "blob": "does not have the name of blobs; delete it",
    }


def test_a_damaged_pack_may_be_deleted(run: Run) -> None:
    build_pack(run.store, run.objects["corpus"])
    path = run.store.pack_folder(run.objects["corpus"]) / "theta.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert kinds(run.root, 0) == []
    (finding,) = verify(run.store, 1)
    assert finding.kind == "pack"
    assert finding.problem.startswith("has a theta.npy that is not what was written; delete it")


def test_a_store_of_another_format_or_a_damaged_one(run: Run) -> None:
    (run.root / "store.json").write_text('{"format": 2}')
    (finding,) = verify(run.store)
    assert (finding.kind, finding.id) == ("store", "store.json")
    (run.root / "store.json").unlink()
    assert kinds(run.root) == [("store", "store.json")]


def test_wrong_requests(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="level 3 is not one of 0"):
        verify(run.store, 3)
    with pytest.raises(UserError, match="nowhere does not exist"):
        verify(Store(tmp_path / "nowhere"))
