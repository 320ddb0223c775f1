"""Places in a store, and stores that this code cannot use."""

import json
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.store.places import is_object_id
from hyperforget.store.store import Store
from hyperforget.store.verification import verify

ID = "ab" + "0" * 62


def test_objects_are_spread_over_folders(tmp_path: Path) -> None:
    assert Store(tmp_path).object_folder(ID) == tmp_path / "objects" / "ab" / ID


@pytest.mark.parametrize("bad", ["", "ab", ID.upper(), ID + "\n", "../" * 21 + "x", "g" * 64, ID + "0", None])
def test_ids_are_checked_before_they_become_paths(tmp_path: Path, bad: str) -> None:
    assert not is_object_id(bad)
    with pytest.raises(UserError, match="64 lower-case hexadecimal digits"):
        Store(tmp_path).object_folder(bad)


def test_creating_a_store_again_changes_nothing(tmp_path: Path) -> None:
    Store(tmp_path / "store").create()
    path = tmp_path / "store" / "store.json"
    before = path.stat().st_ino, path.read_bytes()
    Store(tmp_path / "store").create()
    assert (path.stat().st_ino, path.read_bytes()) == before
    assert json.loads(before[1]) == {"format": 1, "hash": "sha256"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": 2}', "has format 2, .* up to 1; install a newer"),
        ('{"format": "1"}', r"store\.json is damaged: .*replace its text by \{ \"format\": 1"),
        ('{"format": true}', "damaged"),
        ('{"format": 0}', "damaged"),
        ("{}", "damaged"),
        ("[]", "damaged"),
        ("{", "damaged"),
        ("", "damaged"),
    ],
)
def test_other_formats_and_damage_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "store.json").write_text(text)
    for use in (Store(tmp_path).create, Store(tmp_path).check):
        with pytest.raises(UserError, match=message) as caught:
            use()
        assert str(tmp_path) in str(caught.value)


def test_a_folder_without_store_json_is_no_store_to_read_from(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not a store: it has no store\.json"):
        Store(tmp_path).check()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(UserError, match="is a file"):
        Store(path).create()


@pytest.mark.parametrize("theirs", ["tmp/data.txt", "unfinished/thesis.tex", "notes.txt"])
def test_no_store_is_made_among_other_files(tmp_path: Path, theirs: str) -> None:
    """Whose `tmp` the collection of garbage would empty."""
    path = tmp_path / theirs
    path.parent.mkdir(exist_ok=True)
    path.touch()
    store = Store(tmp_path)
    for use in (store.create, store.expect_writable, lambda: store.put_blob(b"content")):
        with pytest.raises(UserError, match=r"has other files, such as .*; allowed is a new or empty folder, or for a"):
            use()
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_store_that_lost_its_description_gets_it_back_as_the_refusal_says(tmp_path: Path, end: str) -> None:
    store = Store(tmp_path / "store")
    blob = store.put_blob(b"content")
    (store.root / "store.json").unlink()
    with pytest.raises(UserError) as refusal:
        store.create()
    text = str(refusal.value).partition(" to write ")[2].removesuffix(" there")
    (store.root / "store.json").write_text(text + end)
    assert store.get_blob(blob) == b"content"
    assert verify(store) == []
    (store.root / "store.json").write_text(text + " ")
    assert [finding.remedy for finding in verify(store)] == [f"write {text} there"]


@pytest.mark.parametrize("name", ["lost+found", ".snapshot", ".store.json.0.partial"])
def test_what_file_systems_and_killed_writers_leave_is_in_nobodys_way(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    Store(tmp_path).create()
    Store(tmp_path).check()
