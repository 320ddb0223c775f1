"""What a release holds, what it takes the place of, and what it refuses."""

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest

import hyperforget
from hyperforget.errors import UserError
from hyperforget.release import making
from hyperforget.release.making import Released, make_release
from hyperforget.store.remote import open_bucket, pull
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, list_tags, read_tag
from hyperforget.store.versions import read_log
from tests.collection.small_corpus import SAVED


def release(results: Path, name: str = "out", overwrite: bool = False) -> Released:
    return make_release(Store(results / "store"), results, results.parent / name, overwrite)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_parts_are_there_and_have_the_digests_that_it_lists(results: Path) -> None:
    told = release(results)
    out = Path(told.folder)
    files = content(out)
    assert (told.generators, told.corpora) == (["shapes/mine"], ["shapes.parquet", "shapes-ends.parquet"])
    assert (told.files, told.bytes) == (len(files), sum(map(len, files.values())))
    lines = files.pop("SHA256SUMS").decode().splitlines()
    assert sorted(lines) == sorted(f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in files)
    of_generator = content(results / "shapes" / "mine" / "generator")
    assert {name: files[f"generators/shapes/mine/{name}"] for name in of_generator} == of_generator
    assert files["report.html"] == b"<p>a report"
    assert hyperforget.load(out / "generators" / "shapes" / "mine").classes == [2, 5, 11, 13]
    checkpoints = 2 * sum(map(sum, SAVED))
    assert f"{checkpoints} checkpoints" in files["README.md"].decode()
    assert sorted(path.name for path in results.parent.iterdir()) == ["out", "results"]


def test_its_bucket_gives_the_results_back_byte_for_byte(results: Path, tmp_path: Path) -> None:
    told = release(results)
    store = Store(tmp_path / "new" / "store")
    pull(store, open_bucket((tmp_path / "out" / "store").as_uri()), told.tag)
    checkout(store, read_tag(store, told.tag).version_id, tmp_path / "new")
    before = {name: data for name, data in content(results).items() if name.split("/")[0] != "store"}
    after = content(tmp_path / "new")
    assert {name: after[name] for name in before} == before


def test_the_same_results_have_one_tag_and_one_entry_of_the_log(results: Path) -> None:
    first, again = release(results), release(results, "again")
    assert first.tag == again.tag
    store = Store(results / "store")
    assert [tag.name for tag in list_tags(store)] == [first.tag]
    assert len(read_log(store)) == 1
    (results / "report.html").write_text("<p>another")
    assert release(results, "other").tag != first.tag
    assert len(read_log(store)) == 2


def test_a_release_is_replaced_where_that_is_said_and_nothing_else_is(results: Path, tmp_path: Path) -> None:
    release(results)
    with pytest.raises(UserError, match="is there already; name a new folder, or say --overwrite"):
        release(results)
    (results / "report.html").write_text("<p>another")
    release(results, overwrite=True)
    assert content(tmp_path / "out")["report.html"] == b"<p>another"
    (tmp_path / "out" / "mine.pt").write_text("mine")
    with pytest.raises(UserError, match=r"also holds 'mine.pt', which is no part of a release; move it away"):
        release(results, overwrite=True)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "README.md").write_text("mine")
    with pytest.raises(UserError, match="has no SHA256SUMS, so it is no release"):
        release(results, "thesis", overwrite=True)
    assert content(tmp_path / "thesis") == {"README.md": b"mine"}
    assert (tmp_path / "out" / "mine.pt").read_text() == "mine"


def test_what_fails_leaves_the_release_that_was_there(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(results)
    before = content(tmp_path / "out")
    (results / "report.html").write_text("<p>another")

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "readme", full)
    with pytest.raises(OSError, match="No space left"):
        release(results, overwrite=True)
    assert content(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "results"]


def test_a_folder_among_the_results_or_around_them_is_refused(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("results", "results/release", "."):
        with pytest.raises(UserError, match="lies in the results, or holds them; name another one, beside"):
            release(results, name)
    monkeypatch.chdir(results)
    with pytest.raises(UserError, match="lies in the results"):
        make_release(Store(Path("store")), Path("."), Path("release"))


def test_results_without_one_of_its_parts_are_refused_before_any_work(results: Path, tmp_path: Path) -> None:
    for path, what in (
        ("report.html", "report.html"),
        ("shapes/corpus.json", ""),
        ("shapes/corpus-ends.json", "corpus"),
        ("shapes/mine/generator/config.json", "generator"),
    ):
        (results / path).unlink()
        if what:
            with pytest.raises(UserError, match=f"holds no {what}; run the workflow to the report first"):
                release(results)
    assert not (tmp_path / "out").exists()
    assert list_tags(Store(results / "store")) == []


def test_a_damaged_generator_is_not_handed_out(results: Path, tmp_path: Path) -> None:
    weights = results / "shapes" / "mine" / "generator" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="is damaged: its digest is not the one"):
        release(results)
    assert not (tmp_path / "out").exists()


def test_without_pyarrow_it_says_so(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else found(name))
    with pytest.raises(UserError, match=r"needs pyarrow: pip install pyarrow$"):
        release(results)


def test_a_generator_is_called_as_its_folder_whatever_it_says(results: Path, tmp_path: Path) -> None:
    path = results / "shapes" / "mine" / "generator" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task": "../../elsewhere"}))
    assert release(results).generators == ["shapes/mine"]
    assert not (tmp_path.parent / "elsewhere").exists()
