"""Paths out of files and buckets lead inside of a folder, or nowhere."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.store.checks import EXISTENCE, check_object
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.export import export_networks
from hyperforget.store.manifest import decode
from hyperforget.store.paths import expect_inner, inner_path, place_in
from hyperforget.store.remote import open_bucket, pull, push
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, tag
from hyperforget.store.verification import verify
from hyperforget.store.versions import read_version, snapshot
from tests.store.conftest import Run
from tests.torture import hostile

HOSTILE = [
    "", "/", "//", "//x", "/x", "///x", ".", "..", "./x", "x/.", "x/..", "../x", "a/../../x", "a//x", "a/", "a/./x",
    "..\\x", "a\\..\\x", "C:\\x", "\\\\server\\x", "a\0b", "a\nb", "a\x1b[31mb", "a\x85b", "a\u2028b", "a\ud800b",
    "x" * 201, "ä" * 101, "/".join(["x" * 100] * 11), None, 1, True, ["a"],
]  # fmt: skip
pieces = st.sampled_from(["/", "//", ".", "..", "\\", "\0", "\x1b", "a", "b.csv", "~", " ", "ä"])
mixed = st.lists(pieces, max_size=8).map("".join)


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_a_hostile_path_is_refused_with_its_name(path: object) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) "):
        inner_path(path)
    with pytest.raises(ValueError, match="outside the results: that path") as refused:
        expect_inner([path], "the results")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("path", ["a", "a/b.csv", "..a", "a..", "a/...", "~", "-", "a b/ü.csv", ".hidden", "C:x"])
def test_an_inner_path_stays_as_it_is(path: str, tmp_path: Path) -> None:
    assert inner_path(path) == path
    assert place_in(tmp_path, path) == tmp_path / path


@hostile("paths", 100)
@given(mixed | st.text(max_size=12))
def test_what_is_let_through_lies_inside(path: str) -> None:
    try:
        inner_path(path)
    except ValueError:
        return
    place = Path("/folder") / path
    assert os.path.normpath(place) == f"/folder/{path}"
    assert place.is_relative_to("/folder")
    assert path.isprintable() or all(ord(character) > 0x9F for character in path if not character.isprintable())


@pytest.mark.parametrize(("paths", "told"), [(["a", "a"], "'a' twice"), (["a/b/c", "a"], "'a' as a file, and as the")])
def test_files_that_cannot_lie_side_by_side_are_refused(paths: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        expect_inner(paths, "the results")


def test_no_link_is_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (tmp_path / "named").symlink_to(folder)
    (folder / "link").symlink_to(outside)
    (folder / "circle").symlink_to("circle")
    (folder / "file").touch()
    for path in ("link", "link/x", "circle", "circle/x"):
        with pytest.raises(ValueError, match=r"has the symbolic link .*folder/(link|circle) on its way"):
            place_in(folder, path)
    with pytest.raises(ValueError, match="file on its way, which is no folder"):
        place_in(folder, "file/x")
    assert place_in(tmp_path / "named", "new/x") == tmp_path / "named" / "new" / "x"


def with_version(store: Store, paths: list[object]) -> str:
    blob = store.put_blob(b"content")
    return store.put_blob(json.dumps([[path, blob] for path in paths]).encode())


@pytest.mark.parametrize("path", [path for path in HOSTILE if path != "a\ud800b"], ids=ascii)
def test_a_hostile_version_is_not_checked_out(path: object, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    version_id = with_version(store, ["good.csv", path])
    with pytest.raises(UserError, match="is a file, but no version: it names") as refused:
        checkout(store, version_id, tmp_path / "results")
    assert str(refused.value).isprintable()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize(
    "path", [".git/hooks/pre-commit", "odd/.x/a.csv", "odd/.a.csv", "odd/store.json", "STORE.JSON"]
)
def test_what_is_no_result_is_not_checked_out(path: str, tmp_path: Path) -> None:
    """A folder that is called a store is passed over where results are looked for, and loses what they name."""
    store = Store(tmp_path / "store")
    version_id = with_version(store, ["good.csv", path])
    with pytest.raises(UserError, match=r"is a file, but no version: it names '.*', which is no result"):
        checkout(store, version_id, tmp_path / "results")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "path", ["store/tags/paper.json", "store/x.csv", "depot/blobs/x.csv", "store/objects/aa/x.json"]
)
def test_a_version_is_not_checked_out_into_a_store(path: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    store = Store(results / "store")
    version_id = with_version(store, ["good.csv", path])
    tag(store, "paper", version_id)
    Store(results / "depot").create()
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    with pytest.raises(
        UserError, match=rf"^{path} cannot be written into .*: .*/{path[:5]} is a store; move that away"
    ):
        checkout(store, version_id, results)
    with pytest.raises(UserError, match=r"^good\.csv cannot be written into .*/store: .*/store is a store"):
        checkout(store, version_id, store.root)
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def lead_outside(results: Path) -> None:
    results.mkdir()
    (results.parent / "outside").mkdir()
    (results / "task").symlink_to(results.parent / "outside")


def link_a_file(results: Path) -> None:
    results.mkdir()
    (results / "z.csv").symlink_to(results.parent / "outside.csv")


def folder_for_a_file(results: Path) -> None:
    (results / "z.csv").mkdir(parents=True)


def file_for_a_folder(results: Path) -> None:
    results.mkdir()
    (results / "task").touch()


@pytest.mark.parametrize("obstacle", [lead_outside, link_a_file, folder_for_a_file, file_for_a_folder])
def test_a_checkout_begins_only_where_all_files_have_room(tmp_path: Path, obstacle: Callable[[Path], None]) -> None:
    store, results = Store(tmp_path / "store"), tmp_path / "results"
    version_id = with_version(store, ["a.csv", "task/a.csv", "z.csv"])
    obstacle(results)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=r"move (that|it) away"):
        checkout(store, version_id, results)
    assert sorted(tmp_path.rglob("*")) == before


def test_results_with_names_that_no_version_can_hold_are_not_kept(run: Run) -> None:
    (run.results / "a\nb.csv").touch()
    with pytest.raises(UserError, match=r"'a\\nb\.csv' in folder .* has a control character; rename it"):
        snapshot(run.store, run.results)


def manifest_with(run: Run, change: Callable[[dict[str, Any]], None]) -> bytes:
    body = decode_document((run.store.object_folder(run.objects["networks"]) / "object.json").read_bytes())
    change(body)
    return encode_document(body)


@pytest.mark.parametrize("path", [path for path in HOSTILE if isinstance(path, str) and path != "a\ud800b"], ids=ascii)
def test_a_hostile_manifest_is_refused_wherever_it_is_read(run: Run, path: str, tmp_path: Path) -> None:
    object_id = run.objects["networks"]
    for name in (path, f"data.zarr/{path}"):
        if name == "data.zarr/":
            continue

        def add(body: dict[str, Any], name: str = name) -> None:
            body["files"][name] = {"size": 0, "sha256": "0" * 64}

        data = manifest_with(run, add)
        with pytest.raises(ValueError, match=r"names a file .* outside the object"):
            decode(data, object_id)
    (run.store.object_folder(object_id) / "object.json").write_bytes(data)
    assert [(found.kind, found.id) for found in verify(run.store, EXISTENCE)] == [("object", object_id)]
    with pytest.raises(CorruptObjectError, match="outside the object"):
        export_networks(run.store, object_id, tmp_path / "networks.zarr.zip")


@pytest.mark.parametrize("name", ["object.json", "other", "data.safetensors", "data.zarr2/x"])
def test_a_manifest_names_only_files_of_its_arrays(run: Run, name: str) -> None:
    data = manifest_with(run, lambda body: body["files"].update({name: {"size": 0, "sha256": "0" * 64}}))
    with pytest.raises(ValueError, match=f"names a file '{name}' outside the object's data"):
        decode(data, run.objects["networks"])


def test_an_object_with_a_link_among_its_files_is_refused(run: Run, tmp_path: Path) -> None:
    object_id = run.objects["networks"]
    folder = run.store.object_folder(object_id)
    for part in ("data.zarr", "data.zarr/zarr.json"):
        os.rename(folder / part, tmp_path / "aside")
        (folder / part).symlink_to(tmp_path / "aside")
        with pytest.raises(ValueError, match=f"has the symbolic link {folder / part} on its way"):
            check_object(folder, object_id, EXISTENCE)
        (folder / part).unlink()
        os.rename(tmp_path / "aside", folder / part)
    assert verify(run.store) == []


def test_an_export_holds_files_of_the_object_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    group = run.store.object_folder(run.objects["networks"]) / "data.zarr"
    (group / "secret").symlink_to(tmp_path / "secret")
    export_networks(run.store, run.objects["networks"], tmp_path / "networks.zarr.zip")
    with zipfile.ZipFile(tmp_path / "networks.zarr.zip") as archive:
        assert "zarr.json" in archive.namelist()
        assert "secret" not in archive.namelist()


def remote(folder: Path, run: Run) -> Path:
    pytest.importorskip("obstore")
    folder.mkdir()
    push(run.store, open_bucket(folder.as_uri()))
    return folder


@pytest.mark.parametrize("name", [None, "paper"])
def test_a_hostile_bucket_changes_nothing_here(run: Run, tmp_path: Path, name: str | None) -> None:
    """A version, a manifest and a tag, each refused with its key before the store is made."""
    folder, victim = remote(tmp_path / "remote", run), tmp_path / "victim"
    for path in (f"/{victim}", str(victim), "../victim", "a/../../victim", "."):
        version_id = with_version(Store(tmp_path / "forger"), [path])
        (folder / "blobs" / version_id[:2]).mkdir(exist_ok=True)
        forged = Store(tmp_path / "forger").blob_path(version_id)
        (folder / "blobs" / version_id[:2] / version_id).write_bytes(forged.read_bytes())
        tag_file = folder / "tags" / "paper.json"
        good = tag_file.read_bytes()
        tag_file.write_bytes(encode_document({**decode_document(good), "version_id": version_id}))
        with pytest.raises(CorruptObjectError, match=r"^tags/paper\.json in remote .* names a file .* outside"):
            pull(Store(tmp_path / "new"), open_bucket(folder.as_uri()), name)
        tag_file.write_bytes(good)
    manifest = folder / "objects" / run.objects["networks"][:2] / f"{run.objects['networks']}.json"
    good = manifest.read_bytes()
    for array in ("//etc", "../x", "a/b", "zarr.json", ""):
        body = decode_document(good)
        body["content"]["arrays"][array] = body["content"]["arrays"]["params"]
        manifest.write_bytes(encode_document(body))
        with pytest.raises(CorruptObjectError, match="belongs to object"):
            pull(Store(tmp_path / "new"), open_bucket(folder.as_uri()), name)
    manifest.write_bytes(good)
    (folder / "tags" / "a b.json").write_bytes(b"{}")
    with pytest.raises(UserError, match=r"has 'tags/a b\.json', which is no name of a tag"):
        pull(Store(tmp_path / "new"), open_bucket(folder.as_uri()), name)
    assert not (tmp_path / "new").exists()
    assert not victim.exists()


def test_versions_made_by_the_workflow_are_let_through(run: Run, tmp_path: Path) -> None:
    found = {file.path for file in read_version(run.store, run.version_id).files}
    assert found >= {"metrics.csv", "digits-4/corpus.json"}
    checkout(run.store, run.version_id, tmp_path / "elsewhere" / "results")
